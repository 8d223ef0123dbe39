/*
 * Birth: sched_process_fork, kernel/fork.c kernel_clone(), before the child's first instruction.
 * Every process passes it; io_uring and vhost workers do not, but they are threads. A failed fork
 * leaves no trace. The parent is read from the child (CLONE_PARENT), the creator is current.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "fork.bpf.h"

/* The marks of a newborn: what its creator hands down and what its own looks say. */
static __always_inline bool fork_mark(struct task_struct *creator, struct task_struct *child,
				      bool shares_mm)
{
	struct pt_identity who, maker;
	__u32 bits = MARK_BORN | (shares_mm ? MARK_SHARES_MM : 0);

	task_identity(&who, child);
	task_identity(&maker, creator);
	if (settings.follow_children && maker.tgid == control.self_tgid)
		bits |= MARK_SUBTREE;
	else
		bits |= mark_bits(&maker) & MARK_SUBTREE;
	if (filter_matches(child, bits))
		bits |= MARK_TOLD;
	mark_write(&who, bits);
	return bits & MARK_TOLD;
}

static __always_inline int fork_told(struct task_struct *creator, struct task_struct *child)
{
	struct pt_event_fork *e;
	bool shares_mm;
	__u32 flags = 0;

	if (child->pid != child->tgid)
		return 0;
	shares_mm = child->mm && child->mm == creator->mm;
	if (settings.filtered && !fork_mark(creator, child, shares_mm))
		return 0;
	if (shares_mm)
		flags |= PT_FORK_SHARES_MM;
	if (child->flags & PF_KTHREAD)
		flags |= PT_FORK_KTHREAD;
	e = EMIT_RESERVE(struct pt_event_fork, PT_KIND_FORK, flags);
	if (!e)
		return 0;
	fork_fill(e, child);
	task_identity(&e->creator, creator);
	e->creator_tid = creator->pid;
	emit_submit(e, PT_KIND_FORK);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *creator, struct task_struct *child)
{
	return fork_told(creator, child);
}

/*
 * Where the other could be preempted (compat.bpf.h): sched_wakeup_new, kernel/sched/core.c
 * wake_up_new_task(), the next thing that kernel_clone() does, with interrupts off.
 */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_fork_held, struct task_struct *child)
{
	return fork_told(bpf_get_current_task_btf(), child);
}
