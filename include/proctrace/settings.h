/*
 * What user space decides: constants fixed at load, and the few words both halves share while running.
 * Not on the wire: both sides are built together.
 */
#pragma once

#include "proctrace/event.h"

#define SETTINGS_FILTERS 16
#define COUNTERS_STRIDE	 16 /* counters of a CPU, by enum pt_kind: whole cache lines */

/* Fixed at load (.rodata): the verifier removes what they switch off. */
struct settings {
	__u32 page_bytes;
	__u8 filtered;	      /* any filter at all: processes are marked (bpf/filter.bpf.h) */
	__u8 subtree_only;    /* -p or COMMAND */
	__u8 follow_children; /* COMMAND: what the tracer forks is a root of the subtree */
	__u8 no_args;	      /* leave argument vectors out */
	__u32 threads;	      /* births and deaths of threads are told */
	__u32 roots_cnt, uids_cnt, comms_cnt, cgroups_cnt;
	__u32 roots[SETTINGS_FILTERS]; /* -p, numbered in the tracer's pid namespace */
	__u32 uids[SETTINGS_FILTERS];
	__u32 cgroup_levels[SETTINGS_FILTERS];
	__u64 cgroup_ids[SETTINGS_FILTERS];
	char comms[SETTINGS_FILTERS][PT_COMM_BYTES];
};

enum reader_state {
	READER_AWAKE = 0,  /* it will look again by itself soon: do not wake it */
	READER_SLEEPS = 1, /* nothing had happened for a while: wake it for the first record */
	READER_NAPS = 2,   /* it looks again when its timer fires: wake it only when much has gathered */
};

enum snapshot_pass {
	PASS_SELF = 0, /* learn who the tracer is */
	PASS_MARK = 1, /* mark the subtree below settings.roots */
	PASS_EMIT = 2, /* write a record for each process */
	PASS_COUNT = 3, /* count the subtree */
	PASS_LIST = 4,	/* hand a record for each process to whoever reads the iterator: past the ring */
};

/* Shared while running (.bss). */
struct control {
	__u64 marked;	      /* processes newly marked by PASS_MARK, or counted by PASS_COUNT */
	__u64 wake_bytes;     /* a napping reader is woken when this much waits in the ring */
	__u64 tail_bytes_max; /* beyond this much waiting, execs are told without their tail */
	__u64 self_start_ns;
	__u32 self_tgid;  /* the tracer, in the initial pid namespace */
	__u32 self_level; /* depth of its pid namespace */
	__u32 reader;	  /* enum reader_state */
	__u32 pass;	  /* enum snapshot_pass */
	__u32 dropped;	  /* set after a drop was counted; taken back by the reader before it looks at the counters */
	__u32 pad;
};
