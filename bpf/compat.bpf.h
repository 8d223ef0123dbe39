/*
 * What differs between kernels: the only place with ___flavours and bpf_core_*_exists.
 */
#pragma once

/*
 * sched_process_exit has a second argument, group_dead, from 6.16 ("sched: Add group_dead to the
 * sched_process_exit tracepoint"); its record then has a type of its own. Remove when the minimum
 * is >= 6.16.
 */
struct trace_event_raw_sched_process_exit___grouped {
	int pid;
	bool group_dead;
} __attribute__((preserve_access_index));

static __always_inline bool compat_has_group_dead(void)
{
	return bpf_core_type_exists(struct trace_event_raw_sched_process_exit___grouped);
}

/*
 * Held programs. From 7.0 a tracepoint no longer disables preemption around what is on it ("tracing:
 * Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast"), but the kernel still counts for
 * each CPU how often a program runs there (bpf_prog->active), and skips it where it is not the first.
 * A task that is preempted inside takes the hook away from everybody else on that CPU until it runs
 * again. bpf_preempt_disable() is no cure: what it held up happens in bpf_preempt_enable(), still
 * inside of the program; and a second program on the hook, for what the first was skipped for, is
 * preempted in turn.
 *
 * So where that is so (src/probe/probe.c asks BTF), hooks that can be preempted are replaced by ones
 * that cannot, programs whose name ends in _held: the classic record of the same tracepoint, around
 * which preemption is still disabled (include/trace/perf.h) and of which only numbers and the file
 * name are used, the task being current; or a tracepoint with interrupts off. Signals and frees are
 * always told with interrupts or bottom halves off. Remove when that counter is per task, or when
 * the minimum is >= 7.0 and tracefs can be relied on (then the others go).
 */

/*
 * From 6.0 every dead group has SIGNAL_GROUP_EXIT and group_exit_code ("signal: Ensure
 * SIGNAL_GROUP_EXIT gets set in do_group_exit"), which came with quick_threads. Remove when the
 * minimum is >= 6.0.
 */
struct signal_struct___quick {
	int quick_threads;
};

static __always_inline bool compat_group_exit_always(void)
{
	return bpf_core_field_exists(struct signal_struct___quick, quick_threads);
}

/*
 * mark_victim passes (task, uid) instead of a number from 6.8 ("mm: Update mark_victim tracepoints
 * fields"), also in stable kernels before. Remove when no supported stable kernel has the old form.
 */
struct trace_event_raw_mark_victim___task {
	int uid;
};

static __always_inline bool compat_mark_victim_has_task(void)
{
	return bpf_core_field_exists(struct trace_event_raw_mark_victim___task, uid);
}

/* CLONE_AUTOREAP, 7.1: the child is reaped by itself whatever its parent does. */
struct signal_struct___autoreap {
	unsigned int autoreap : 1;
} __attribute__((preserve_access_index));

static __always_inline bool compat_autoreap(struct signal_struct *signal)
{
	struct signal_struct___autoreap *s = (void *)signal;

	if (!bpf_core_field_exists(s->autoreap))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(s, autoreap);
}

/*
 * The cgroup's ancestor at a level: cgroup.ancestors[] (pointers) from 6.1 ("cgroup: Replace
 * cgroup->ancestor_ids[] with ->ancestors[]"), ancestor_ids[] before. Remove the second when the
 * minimum is >= 6.1.
 */
struct cgroup___ids {
	int level;
	u64 ancestor_ids[0];
} __attribute__((preserve_access_index));

/* Not inlined, or the compiler computes both offsets ahead of the loop of the caller and the branch. */
static __noinline __u64 compat_cgroup_ancestor(struct cgroup *cgroup, __u32 level)
{
	__u64 id = 0;

	if (bpf_core_field_exists(cgroup->ancestors)) {
		struct cgroup *at = NULL;
		void *slot = (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors);

		bpf_probe_read_kernel(&at, sizeof(at), slot + level * sizeof(at));
		return at ? BPF_CORE_READ(at, kn, id) : 0;
	}
	bpf_probe_read_kernel(&id, sizeof(id),
			      (void *)cgroup + bpf_core_field_offset(struct cgroup___ids, ancestor_ids) +
				      level * sizeof(id));
	return id;
}

/* CONFIG_TASK_IO_ACCOUNTING. */
static __always_inline bool compat_has_io_accounting(void)
{
	return bpf_core_field_exists(struct task_io_accounting, read_bytes);
}

/* CONFIG_AUDIT. */
static __always_inline __u32 compat_login_uid(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->loginuid))
		return PT_LOGIN_UNSET;
	return BPF_CORE_READ(task, loginuid.val);
}

/* CONFIG_MEMCG; its number depends on which other controllers are built. NULL without it. */
static __always_inline struct cgroup *compat_memory_cgroup(struct css_set *set)
{
	struct cgroup_subsys_state *css = NULL;
	void *slot = (void *)set + bpf_core_field_offset(struct css_set, subsys);

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	bpf_probe_read_kernel(
		&css, sizeof(css),
		slot + bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) * sizeof(css));
	return css ? BPF_CORE_READ(css, cgroup) : NULL;
}
