/*
 * Birth of threads: task_newtask, kernel/fork.c copy_process(). It also passes io_uring and vhost
 * workers, which sched_process_fork does not. Loaded only with --threads; deaths are in exit.bpf.c.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "filter.bpf.h"

static __always_inline int thread_told(struct task_struct *task)
{
	struct pt_event_thread *e;
	struct pt_identity who;

	if (task->pid == task->tgid)
		return 0;
	task_identity(&who, task);
	if (!filter_told(&who))
		return 0;
	e = EMIT_RESERVE(struct pt_event_thread, PT_KIND_THREAD, 0);
	if (!e)
		return 0;
	e->who = who;
	e->thread_start_ns = task->start_boottime;
	e->tid = task->pid;
	e->creator_tid = bpf_get_current_pid_tgid();
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	emit_submit(e, PT_KIND_THREAD);
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task)
{
	return thread_told(task);
}

/* Where the other could be preempted: as on_fork_held in fork.bpf.c, and for each task as well. */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_newtask_held, struct task_struct *task)
{
	return thread_told(task);
}
