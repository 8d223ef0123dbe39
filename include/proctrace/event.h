/*
 * The wire ABI: what the BPF programs write into the ring and user space reads.
 *
 * The only header that both halves include. Records are naturally aligned, have no implicit
 * padding and use fixed-width types alone. Kinds, flags and tags are append-only. Every time is
 * nanoseconds of CLOCK_BOOTTIME. Every integer is in host byte order.
 */
#pragma once

#ifndef __VMLINUX_H__
#include <stddef.h>
#include <linux/types.h>
#endif

#define PT_COMM_BYTES 16
#define PT_PATH_BYTES 1024  /* kept of a path: exe, cwd */
#define PT_FILENAME_BYTES 256 /* kept of what execve was given */
#define PT_ARGS_BYTES 4095  /* kept of an argument vector; a mask, which the verifier follows */
#define PT_PATH_DEPTH 32    /* components kept of a path */
#define PT_ADOPTER_DEPTH 64 /* ancestors looked at for a subreaper */
#define PT_CGROUP_BYTES 1024 /* of a cgroup's path, NUL included: TRACE_CGROUP_PATH_LEN of the kernel */
#define PT_TTY_BYTES 16
#define PT_LOGIN_UNSET 4294967295u /* nobody logged in, or a kernel without CONFIG_AUDIT */

/*
 * A process for ever: the thread group's id in the initial pid namespace and the start of its
 * leader (task_struct.start_boottime). Stable over exec, also by a thread that is not the leader
 * (fs/exec.c, de_thread). start_ns 0 = not known; tgid 0 with start_ns 0 = no process.
 */
struct pt_identity {
	__u64 start_ns;
	__u32 tgid;
	__u32 pad;
};

enum pt_kind {
	PT_KIND_NONE = 0,
	PT_KIND_FORK = 1,	 /* a process was born */
	PT_KIND_EXEC = 2,	 /* a process runs another program */
	PT_KIND_EXIT = 3,	 /* the last thread of a process has gone through exit */
	PT_KIND_ZOMBIE = 4,	 /* a parent (or tracer) was told of a death: the zombie instant */
	PT_KIND_REAP = 5,	 /* a process was released, or a wait call returned its number */
	PT_KIND_FREE = 6,	 /* its memory is about to be freed: an RCU grace period after the reap */
	PT_KIND_SIGNAL = 7,	 /* a signal that ends, or may end, its receiver */
	PT_KIND_OOM = 8,	 /* the OOM killer chose it */
	PT_KIND_TASK = 9,	 /* a process that is there (task iterator) */
	PT_KIND_THREAD = 10,	 /* a thread was born */
	PT_KIND_THREAD_EXIT = 11, /* a thread, or a leader whose threads live on, has gone through exit */
	PT_KIND_CGROUP = 12,	 /* a cgroup was made or renamed, in any hierarchy */
	PT_KIND_CNT
};

/* First in every record. size: bytes of the whole record, tail included. */
struct pt_event {
	__u16 size;
	__u16 kind;  /* enum pt_kind */
	__u32 flags; /* PT_<KIND>_*, of this kind */
	__u64 time_ns;
};

/* Whole-group costs. At exit the last partial tick is missing; at free they are final. */
struct pt_costs {
	__u64 user_ns;	 /* signal_struct.utime + threads, tick-sampled */
	__u64 system_ns; /* the same of stime */
	__u64 run_ns;	 /* sum_sched_runtime + se.sum_exec_runtime: exact */
	__u64 max_rss_bytes;
	__u64 minor_faults;
	__u64 major_faults;
	__u64 voluntary_switches;
	__u64 involuntary_switches;
	__u64 read_bytes;  /* task_io_accounting: from storage; 0 without CONFIG_TASK_IO_ACCOUNTING */
	__u64 write_bytes;
};

/* Where a process lives. */
struct pt_place {
	__u64 cgroup_id;      /* cgroup v2: inode of the directory; 1 = root, or no v2 in use; 0 = not known */
	__u32 uid, gid;	      /* real ids in the initial user namespace */
	__u32 pid_ns;	      /* inode of its own pid namespace */
	__u32 ns_tgid;	      /* its number there; equals tgid at level 0 */
	__u32 parent_ns_tgid; /* its number one level up (level 0: its tgid) */
	__u32 ns_level;	      /* 0 = initial pid namespace */
	/*
	 * Where cgroup v1 is in use: the memory controller's, or where that is the root, name=systemd's.
	 * Ids are of one hierarchy each. 0 = it is in the root of both, or there is neither.
	 */
	__u64 v1_cgroup_id;
	__u32 v1_hierarchy; /* cgroup_root.hierarchy_id, as /proc/PID/cgroup numbers it */
	__u32 login_uid;    /* task_struct.loginuid in the initial user namespace, or PT_LOGIN_UNSET */
	__u32 session;	    /* in the initial pid namespace; 0 = none, as of kernel threads */
	__u32 pad;
	char tty[PT_TTY_BYTES]; /* tty_struct.name of its controlling terminal: "pts0"; "" = none, "?" = not known */
};

#define PT_FORK_SHARES_MM (1u << 0) /* runs in its creator's memory, as after vfork */
#define PT_FORK_KTHREAD (1u << 1)   /* PF_KTHREAD */
#define PT_FORK_LATE (1u << 2)	    /* told late, when a filter first matched; time_ns is the birth all the same */
#define PT_FORK_CREATOR_UNKNOWN (1u << 3) /* with LATE: who created it was not kept */
#define PT_FORK_KIND_UNKNOWN (1u << 4) /* with LATE: whether the memory was shared was not kept */

struct pt_event_fork {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity parent;  /* real_parent's process */
	struct pt_identity creator; /* current's process */
	struct pt_place place;
	__u32 exit_signal; /* 0 = its death sends no signal */
	__u32 creator_tid;
	char comm[PT_COMM_BYTES];
};

#define PT_EXEC_ARGS_FAULT (1u << 0)	/* a page of the arguments was not there: kept ends before it */
#define PT_EXEC_ARGS_CUT (1u << 1)	/* more than PT_ARGS_BYTES */
#define PT_EXEC_EXE_CUT (1u << 2)	/* path deeper or longer than kept */
#define PT_EXEC_CWD_CUT (1u << 3)
#define PT_EXEC_FILENAME_CUT (1u << 4)
#define PT_EXEC_NO_ARGS (1u << 6) /* nobody wanted the arguments */
#define PT_EXEC_NO_TAIL (1u << 5)	/* the ring was nearly full: the tail was left out to keep the fact */

/* Followed by a tail: PT_TAIL_ARGS, PT_TAIL_FILENAME, PT_TAIL_EXE, PT_TAIL_CWD, each at most once. */
struct pt_event_exec {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity parent;
	__u32 old_tid;	  /* the calling thread before it became the leader; else tgid */
	__u32 args_count; /* linux_binprm.argc */
	__u64 args_bytes; /* arg_end - arg_start: the true size, NULs included */
	__u32 uid, euid;
	__u32 gid, egid;
	char comm[PT_COMM_BYTES];
};

enum pt_tail_tag {
	PT_TAIL_NONE = 0,
	PT_TAIL_ARGS = 1,     /* NUL-separated, as in memory; the last may lack its NUL where cut */
	PT_TAIL_FILENAME = 2, /* no NUL */
	PT_TAIL_EXE = 3,      /* components leaf first, each with its NUL: "true\0bin\0usr\0" */
	PT_TAIL_CWD = 4,      /* the same; empty = the root */
	PT_TAIL_CNT
};

/* One piece of a tail; `bytes` of data follow, then zeroes up to a multiple of 4. */
struct pt_tail {
	__u16 tag;   /* enum pt_tail_tag */
	__u16 bytes; /* of data, padding not counted */
};

enum pt_adopter_kind {
	PT_ADOPTER_NONE = 0,	 /* it had no children */
	PT_ADOPTER_SUBREAPER = 1,
	PT_ADOPTER_INIT = 2,	 /* init of the initial pid namespace */
	PT_ADOPTER_NS_INIT = 3,	 /* init of a nested one */
	PT_ADOPTER_UNKNOWN = 4,	 /* deeper than PT_ADOPTER_DEPTH */
	PT_ADOPTER_DEATH = 5,	 /* it is a namespace's init: its children die with it */
};

#define PT_EXIT_AUTOREAP (1u << 0)   /* its parent ignores SIGCHLD or has SA_NOCLDWAIT, or clone asked for it */
#define PT_EXIT_TRACED (1u << 1)
#define PT_EXIT_OOM (1u << 2)	     /* signal_struct.oom_mm is set */
#define PT_EXIT_NO_EXEC (1u << 3)    /* PF_FORKNOEXEC */
#define PT_EXIT_LEADER_DEAD (1u << 4) /* the leader had exited before */
#define PT_EXIT_KTHREAD (1u << 5)
#define PT_EXIT_STATUS_OF_LEADER (1u << 6) /* status must be the leader's own (before 6.0, raw exit in every thread) */
#define PT_EXIT_COSTS_PARTIAL (1u << 7) /* more living threads than were summed */

struct pt_event_exit {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity parent;  /* real_parent's process */
	struct pt_identity adopter; /* who inherits its children */
	struct pt_costs costs;
	__u32 status;	   /* as wait4 reports it */
	__u32 exit_signal; /* 0 = no signal */
	__u32 tid;	   /* of the last thread */
	__u16 adopter_kind; /* enum pt_adopter_kind */
	__u16 pad;
	__u32 uid, pad2;
	char comm[PT_COMM_BYTES]; /* the leader's */
	char adopter_comm[PT_COMM_BYTES];
};

#define PT_ZOMBIE_BY_NUMBER (1u << 0) /* who.tgid is a number in the receiver's pid namespace, who.start_ns 0 */
#define PT_ZOMBIE_HANDED (1u << 1)    /* told again: by a dying parent to the adopter, or by a tracer to the parent */
#define PT_ZOMBIE_TRACER (1u << 2)    /* the receiver is a tracer, not the parent */

struct pt_event_zombie {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity receiver; /* the process that was told */
	struct pt_identity parent;   /* who.real_parent where known, else 0 */
	__u32 receiver_pid_ns;
	__u32 signal;
};

enum pt_reap_source {
	PT_REAP_NONE = 0,
	PT_REAP_FENTRY = 1,
	PT_REAP_KPROBE = 2,
	PT_REAP_SYSCALL = 3,
	PT_REAP_PIDFD = 4, /* made in user space */
	PT_REAP_FREE = 5,  /* made in user space */
	PT_REAP_CNT
};

#define PT_REAP_BY_NUMBER (1u << 0) /* who.tgid is a number in the reaper's pid namespace: a wait returned it */
#define PT_REAP_SELF (1u << 1)	    /* released by a thread of its own: nobody waited */
#define PT_REAP_BY_DYING (1u << 2)  /* the reaper is in exit itself (PF_EXITING) */
#define PT_REAP_BY_KTHREAD (1u << 3)
#define PT_REAP_BY_NS_INIT (1u << 4) /* with BY_DYING: the reaper is the init of its namespace */
#define PT_REAP_UNNUMBERED (1u << 5) /* a wait returned without saying whom (waitid without siginfo) */

struct pt_event_reap {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity reaper; /* current's process */
	__u64 wait_entered_ns;	   /* when the calling thread entered its wait; 0 = not known */
	__u32 reaper_tid;
	__u32 reaper_pid_ns;
	__u16 source; /* enum pt_reap_source */
	__u16 pad;
	__u32 pad2;
	char reaper_comm[PT_COMM_BYTES];
};

struct pt_event_free {
	struct pt_event head;
	struct pt_identity who;
	struct pt_costs costs; /* final: what wait4's rusage says, children apart */
	__u32 status;
	__u32 pad;
	char comm[PT_COMM_BYTES];
};

#define PT_SIGNAL_KERNEL (1u << 0)    /* sent by the kernel itself: a fault, a limit, a timer */
#define PT_SIGNAL_DELIVERED (1u << 1) /* signal_deliver with the default action; else signal_generate that began the group's exit */
#define PT_SIGNAL_SENDER_UNKNOWN (1u << 2)
#define PT_SIGNAL_SENDER_NUMBER (1u << 3) /* sender.tgid is a number in the receiver's namespace (si_pid), start_ns 0 */

struct pt_event_signal {
	struct pt_event head;
	struct pt_identity who;	   /* the receiver */
	struct pt_identity sender; /* 0 with KERNEL */
	__u32 signal;
	__s32 code; /* si_code */
	__u32 sender_uid;
	__u32 pad;
	char sender_comm[PT_COMM_BYTES];
};

/* Also at the death of one that it chose: before 6.8 mark_victim says only the number. */
struct pt_event_oom {
	struct pt_event head;
	struct pt_identity who;
	__u64 cgroup_id; /* whose memory it counted for: v1, or the nearest of v2 with that controller; 0 = not known */
	__u32 hierarchy; /* cgroup_root.hierarchy_id: 0 = v2 */
	__u32 pad;
};

#define PT_TASK_KTHREAD (1u << 0)
#define PT_TASK_LEADER_DEAD (1u << 1) /* the leader has exited, other threads have not */
#define PT_TASK_DYING (1u << 2)	      /* the last thread has begun to exit */
#define PT_TASK_ZOMBIE (1u << 3)      /* waits to be reaped */
#define PT_TASK_TRACED (1u << 4)
#define PT_TASK_REAPED (1u << 5)      /* already released */
#define PT_TASK_START_ROUNDED (1u << 6) /* from /proc: both start_ns are cut to a clock tick, see procfs/snapshot.h */

struct pt_event_task {
	struct pt_event head;
	struct pt_identity who;
	struct pt_identity parent;
	struct pt_place place;
	__u64 exec_id;	   /* self_exec_id */
	__u32 exit_signal;
	__u32 status;	   /* of a dead one */
	__u32 threads_cnt; /* not yet released */
	__u32 pad;
	char comm[PT_COMM_BYTES];
};

struct pt_event_thread {
	struct pt_event head;
	struct pt_identity who; /* the process */
	__u64 thread_start_ns;
	__u32 tid;
	__u32 creator_tid;
	char comm[PT_COMM_BYTES];
};

#define PT_THREAD_EXIT_LEADER (1u << 0) /* it is the leader; the process lives on */

struct pt_event_thread_exit {
	struct pt_event head;
	struct pt_identity who;
	__u64 thread_start_ns;
	__u32 tid;
	__u32 status; /* the thread's own */
	char comm[PT_COMM_BYTES];
};

#define PT_CGROUP_RENAMED (1u << 0) /* v1 alone; whatever is below it has another path, too */

struct pt_event_cgroup {
	struct pt_event head;
	struct pt_identity who; /* current's process */
	__u64 cgroup_id;
	__u32 hierarchy; /* cgroup_root.hierarchy_id: 0 = v2 */
	__u32 pad;
	char path[PT_CGROUP_BYTES]; /* from the root of the hierarchy; as long as can be: cut there */
};

/* Per CPU and kind. seen = submitted + the sum of dropped, exactly. */
enum pt_drop_reason {
	PT_DROP_RING_FULL = 0,
	PT_DROP_SCRATCH = 1, /* the per-CPU buffer was in use (a program interrupted by itself) */
	PT_DROP_CNT
};

struct pt_counter {
	__u64 seen;
	__u64 submitted;
	__u64 dropped[PT_DROP_CNT];
};

#ifndef __VMLINUX_H__
_Static_assert(sizeof(struct pt_identity) == 16, "pt_identity");
_Static_assert(sizeof(struct pt_event) == 16, "pt_event");
_Static_assert(sizeof(struct pt_costs) == 80, "pt_costs");
_Static_assert(sizeof(struct pt_place) == 72, "pt_place");
_Static_assert(sizeof(struct pt_event_fork) == 160, "pt_event_fork");
_Static_assert(sizeof(struct pt_event_exec) == 96, "pt_event_exec");
_Static_assert(sizeof(struct pt_event_exit) == 200, "pt_event_exit");
_Static_assert(sizeof(struct pt_event_zombie) == 72, "pt_event_zombie");
_Static_assert(sizeof(struct pt_event_reap) == 88, "pt_event_reap");
_Static_assert(sizeof(struct pt_event_free) == 136, "pt_event_free");
_Static_assert(sizeof(struct pt_event_signal) == 80, "pt_event_signal");
_Static_assert(sizeof(struct pt_event_oom) == 48, "pt_event_oom");
_Static_assert(sizeof(struct pt_event_task) == 160, "pt_event_task");
_Static_assert(sizeof(struct pt_event_thread) == 64, "pt_event_thread");
_Static_assert(sizeof(struct pt_event_thread_exit) == 64, "pt_event_thread_exit");
_Static_assert(sizeof(struct pt_event_cgroup) == 1072, "pt_event_cgroup");
#endif
