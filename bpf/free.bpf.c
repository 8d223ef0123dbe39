/*
 * The end, always: sched_process_free, kernel/exit.c delayed_put_task_struct(), an RCU grace period
 * after the reap or the last switch, whichever is later (milliseconds; seconds with lazy RCU). It
 * is the proof of the reap, and every released thread has by now been added to signal_struct: the
 * costs are what wait4's rusage says. Current is whoever was interrupted, and the pid may have a
 * new holder.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "filter.bpf.h"

SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct pt_event_free *e;
	struct pt_identity who;

	if (task->pid != task->tgid)
		return 0;
	/* Not by group_leader: that task may be gone; this one is the leader. */
	who.start_ns = task->start_boottime;
	who.tgid = task->tgid;
	who.pad = 0;
	if (!filter_told_at_free(&who))
		return 0;
	e = EMIT_RESERVE(struct pt_event_free, PT_KIND_FREE, 0);
	if (!e)
		return 0;
	e->who = who;
	costs_of_signal(&e->costs, signal);
	e->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;
	e->pad = 0;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	emit_submit(e, PT_KIND_FREE);
	return 0;
}
