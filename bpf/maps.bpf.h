/*
 * Every map. Weak, so that each object file may define them and the linker keeps one.
 */
#pragma once

#include <bpf/bpf_helpers.h>

#include "proctrace/event.h"
#include "proctrace/settings.h"

/* One ring for all CPUs: records keep the order in which they were reserved. Sized at start. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring __weak SEC(".maps");

/*
 * By CPU, then enum pt_kind; sized at start. Not a per-CPU map, which cannot be mapped: to read one takes
 * system calls, and while a task is preempted in one no kprobe and no classic tracepoint runs its
 * programs on that CPU (kernel/bpf/syscall.c bpf_disable_instrumentation()).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNTERS_STRIDE);
	__type(key, __u32);
	__type(value, struct pt_counter);
} counters __weak SEC(".maps");

/* By pid, what a filter knows of the process that holds it: filter.bpf.h. One entry if nothing is filtered. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} marks __weak SEC(".maps");

/* The last wait each thread entered. A bound that evicts the least recent: a reap is soon after its wait. */
struct wait_entry {
	__u64 entered_ns;
	__u64 siginfo; /* waitid: where its result goes, 0 = nowhere */
	__u32 options; /* waitid */
	__u32 in_waitid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct wait_entry);
} waits __weak SEC(".maps");

/* Where an exec record is put together: too large for the stack. */
#define TAIL_MASK 8191
struct exec_scratch {
	struct pt_event_exec record;
	char tail[TAIL_MASK + 1 + PT_ARGS_BYTES + 1];
	__u32 busy;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} scratch __weak SEC(".maps");
