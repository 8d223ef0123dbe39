/*
 * Death: sched_process_exit, kernel/exit.c do_exit(), for every thread. Told is that of the last
 * one, which is the process's; that of a leader whose threads live on; and with --threads all
 * others. The zombie comes later (zombie.bpf.c): memory, files and namespaces are torn down in
 * between.
 *
 * Before 6.16 "last" is signal->live == 0, which several threads that exit together may all see:
 * user space keeps the first.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "fork.bpf.h"
#include "oom.bpf.h"

/*
 * What wait4 will report: the group's code where it has one, else the leader's. Where another
 * thread is last before 6.0, the leader's own exit event has it.
 */
static __always_inline __u32 exit_status(struct task_struct *task, __u32 *flags)
{
	struct signal_struct *signal = task->signal;

	if (signal->flags & SIGNAL_GROUP_EXIT)
		return signal->group_exit_code;
	if (task->pid != task->tgid)
		*flags |= PT_EXIT_STATUS_OF_LEADER;
	return task->exit_code;
}

/*
 * What the parent will be told by: SIGCHLD instead of what the birth asked for where the parent has
 * executed since, do_notify_parent().
 */
static __always_inline __u32 exit_signal_due(struct task_struct *leader)
{
	__u32 signal = BPF_CORE_READ(leader, exit_signal);

	if (signal != SIGCHLD && BPF_CORE_READ(leader, parent_exec_id) !=
					 BPF_CORE_READ(leader, real_parent, self_exec_id))
		return SIGCHLD;
	return signal;
}

/* Will the kernel reap it by itself? include do_notify_parent()'s rule; the parent may yet change
 * its mind. */
static __always_inline bool exit_autoreap(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct sighand_struct *sighand;
	struct k_sigaction action = {};

	if (compat_autoreap(BPF_CORE_READ(task, signal)))
		return true;
	if (exit_signal_due(leader) != SIGCHLD)
		return false;
	sighand = BPF_CORE_READ(leader, real_parent, sighand);
	if (!sighand)
		return false;
	bpf_probe_read_kernel(&action, sizeof(action),
			      (void *)sighand +
				      bpf_core_field_offset(struct sighand_struct, action) +
				      (SIGCHLD - 1) * sizeof(action));
	return (__u64)action.sa.sa_handler == SIG_IGN_ADDRESS ||
	       (action.sa.sa_flags & SA_NOCLDWAIT);
}

/*
 * Can it have children? A thread that exited before may have handed its own to this one, not away.
 */
static __always_inline bool exit_childless(struct task_struct *task)
{
	void *head = (void *)task + bpf_core_field_offset(struct task_struct, children);

	return task->signal->nr_threads == 1 && (void *)BPF_CORE_READ(task, children.next) == head;
}

static __always_inline void adopter_is(struct pt_event_exit *e, struct task_struct *adopter,
				       __u16 kind)
{
	task_identity(&e->adopter, adopter);
	e->adopter_kind = kind;
	bpf_probe_read_kernel(e->adopter_comm, sizeof(e->adopter_comm),
			      (void *)BPF_CORE_READ(adopter, group_leader) +
				      bpf_core_field_offset(struct task_struct, comm));
}

/*
 * Who inherits: kernel/exit.c find_new_reaper() for a group without living threads. The nearest
 * ancestor that asked to be a subreaper and lives, on the same level of pid namespaces; else that
 * namespace's init.
 */
static __always_inline void exit_adopter(struct pt_event_exit *e, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct task_struct *at = task;
	struct task_struct *init;
	struct upid number = {};

	e->adopter_kind = PT_ADOPTER_UNKNOWN;
	if (BPF_CORE_READ_BITFIELD_PROBED(task->signal, has_child_subreaper)) {
		int i;

		for (i = 0; i < PT_ADOPTER_DEPTH; i++) {
			at = BPF_CORE_READ(at, real_parent);
			if (BPF_CORE_READ(at, tgid) == 0 ||
			    BPF_CORE_READ(at, thread_pid, level) != level)
				break;
			struct signal_struct *signal = BPF_CORE_READ(at, signal);

			if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper) &&
			    BPF_CORE_READ(signal, live.counter) > 0) {
				adopter_is(e, at, PT_ADOPTER_SUBREAPER);
				return;
			}
		}
		if (i == PT_ADOPTER_DEPTH)
			return;
	}
	pid_at(pid, level, &number);
	if (!number.ns)
		return;
	init = BPF_CORE_READ(number.ns, child_reaper);
	if (!init)
		return;
	if (BPF_CORE_READ(init, tgid) == task->tgid)
		adopter_is(e, init, PT_ADOPTER_DEATH);
	else
		adopter_is(e, init, level ? PT_ADOPTER_NS_INIT : PT_ADOPTER_INIT);
}

static __always_inline void exit_process(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct pt_event_exit *e;
	struct pt_identity who;
	__u32 flags = 0, status;

	if (!filter_told_or_late(task, &who))
		return;
	if (BPF_CORE_READ(task, signal, oom_mm)) {
		oom_emit(&who, task);
		flags |= PT_EXIT_OOM;
	}
	e = EMIT_RESERVE(struct pt_event_exit, PT_KIND_EXIT, 0);
	if (!e)
		return;
	e->who = who;
	task_identity(&e->parent, task->real_parent);
	e->status = status = exit_status(task, &flags);
	e->exit_signal = exit_signal_due(leader);
	e->tid = task->pid;
	e->uid = BPF_CORE_READ(task, real_cred, uid.val);
	e->pad = e->pad2 = 0;
	e->adopter_kind = PT_ADOPTER_NONE;
	identity_none(&e->adopter);
	e->adopter_comm[0] = 0;
	if (!exit_childless(task))
		exit_adopter(e, task);
	if (!costs_of_group(&e->costs, task))
		flags |= PT_EXIT_COSTS_PARTIAL;
	BPF_CORE_READ_STR_INTO(&e->comm, leader, comm);
	if (leader->ptrace)
		flags |= PT_EXIT_TRACED;
	if (exit_autoreap(task))
		flags |= PT_EXIT_AUTOREAP;
	if (task->flags & PF_FORKNOEXEC)
		flags |= PT_EXIT_NO_EXEC;
	if (task->flags & PF_KTHREAD)
		flags |= PT_EXIT_KTHREAD;
	if (leader != task)
		flags |= PT_EXIT_LEADER_DEAD;
	e->head.flags = flags;
	emit_submit(e, PT_KIND_EXIT);
}

static __always_inline void exit_thread(struct task_struct *task, bool is_leader)
{
	struct pt_event_thread_exit *e;
	struct pt_identity who;

	task_identity(&who, task);
	if (!filter_told(&who))
		return;
	e = EMIT_RESERVE(struct pt_event_thread_exit, PT_KIND_THREAD_EXIT,
			 is_leader ? PT_THREAD_EXIT_LEADER : 0);
	if (!e)
		return;
	e->who = who;
	e->thread_start_ns = task->start_boottime;
	e->tid = task->pid;
	e->status = task->exit_code;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	emit_submit(e, PT_KIND_THREAD_EXIT);
}

static __always_inline int exit_told(struct task_struct *task, bool last)
{
	bool is_leader = task->pid == task->tgid;

	if (settings.threads && !is_leader)
		exit_thread(task, false);
	if (last)
		exit_process(task);
	else if (is_leader)
		exit_thread(task, true);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	return exit_told(task,
			 compat_has_group_dead() ? ctx[1] & 0xff : task->signal->live.counter == 0);
}

/* Where the other could be preempted (compat.bpf.h): the same by its record, from 7.0. */
SEC("tp/sched/sched_process_exit")
int on_exit_held(struct trace_event_raw_sched_process_exit___grouped *ctx)
{
	return exit_told(bpf_get_current_task_btf(), ctx->group_dead);
}
