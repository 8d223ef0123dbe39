/*
 * The zombie instant: signal_generate of the signal that tells a parent (or tracer) of a death,
 * kernel/signal.c do_notify_parent(), also where the signal itself has no effect. Not seen: a death
 * whose exit signal is 0, and one whose parent ignores SIGCHLD (that is never a zombie).
 *
 * Who died is clear when the dying task is current: a leader that is now a zombie, or the last
 * thread of a group whose leader went before. When current is a dying parent that hands a zombie
 * on, or a tracer that gives it back, only its number in the receiver's pid namespace is known.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "filter.bpf.h"

#define CLD_EXITED 1
#define CLD_DUMPED 3

static __always_inline void zombie_emit(const struct pt_identity *who, struct task_struct *receiver,
					struct task_struct *parent, int signal, __u32 flags)
{
	struct pt_event_zombie *e = EMIT_RESERVE(struct pt_event_zombie, PT_KIND_ZOMBIE, flags);

	if (!e)
		return;
	e->who = *who;
	task_identity(&e->receiver, receiver);
	if (parent)
		task_identity(&e->parent, parent);
	else
		identity_none(&e->parent);
	e->receiver_pid_ns = task_pid_ns(receiver);
	e->signal = signal;
	emit_submit(e, PT_KIND_ZOMBIE);
}

SEC("tp_btf/signal_generate")
int on_death_signal(__u64 *ctx)
{
	struct kernel_siginfo *info = (void *)ctx[1];
	struct task_struct *receiver, *current, *leader;
	struct pt_identity who;
	__u32 state, flags = 0;
	int code;

	if (ctx[1] <= 1) /* SEND_SIG_NOINFO, SEND_SIG_PRIV: not a pointer */
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if (code < CLD_EXITED || code > CLD_DUMPED)
		return 0;
	receiver = (struct task_struct *)ctx[2];
	current = (void *)bpf_get_current_task();
	state = BPF_CORE_READ(current, exit_state);
	leader = BPF_CORE_READ(current, group_leader);
	if (state == EXIT_ZOMBIE && current != leader)
		return 0; /* a traced thread, not a process */
	if (state) {
		struct task_struct *parent = BPF_CORE_READ(leader, real_parent);

		task_identity(&who, leader);
		if (!filter_told(&who))
			return 0;
		if (BPF_CORE_READ(parent, tgid) != BPF_CORE_READ(receiver, tgid))
			flags |= PT_ZOMBIE_TRACER;
		zombie_emit(&who, receiver, parent, ctx[0], flags);
		return 0;
	}
	/*
	 * A fault's signal has such codes too, but its receiver is current; others' need SIGCHLD.
	 */
	if ((int)ctx[0] != SIGCHLD || BPF_CORE_READ(receiver, tgid) == BPF_CORE_READ(current, tgid))
		return 0;
	who.tgid = BPF_CORE_READ(info, _sifields._sigchld._pid);
	who.start_ns = 0;
	who.pad = 0;
	zombie_emit(&who, receiver, NULL, ctx[0], PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);
	return 0;
}
