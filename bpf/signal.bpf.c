/*
 * Who killed it. Two exact rules tie a signal to a death: a fatal signal starts the group's exit
 * before signal_generate (kernel/signal.c complete_signal()), so result 0 or 4 with
 * SIGNAL_GROUP_EXIT set is the one; signals that dump core, were blocked or met a stopped or traced
 * receiver are decided at signal_deliver with the default action, of which user space keeps the
 * last.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "filter.bpf.h"

#define RESULT_DELIVERED 0 /* TRACE_SIGNAL_DELIVERED */
#define RESULT_LOST_INFO 4 /* TRACE_SIGNAL_LOSE_INFO */
#define SI_KERNEL	 0x80
#define SI_TIMER	 -2
#define SIGRTMIN	 32

/* Default action: not stop (19-22), continue (18), ignore (17, 23, 28). signal(7). */
#define NOT_FATAL                                                                                  \
	((1ull << 17) | (1ull << 18) | (1ull << 19) | (1ull << 20) | (1ull << 21) | (1ull << 22) | \
	 (1ull << 23) | (1ull << 28))

static __always_inline void signal_sender(struct pt_event_signal *e, struct task_struct *sender)
{
	task_identity(&e->sender, sender);
	e->sender_uid = BPF_CORE_READ(sender, real_cred, uid.val);
	bpf_probe_read_kernel(e->sender_comm, sizeof(e->sender_comm),
			      (void *)BPF_CORE_READ(sender, group_leader) +
				      bpf_core_field_offset(struct task_struct, comm));
}

static __always_inline void signal_fill(struct pt_event_signal *e, const struct pt_identity *who,
					int signal, int code)
{
	e->who = *who;
	identity_none(&e->sender);
	e->signal = signal;
	e->code = code;
	e->sender_uid = 0;
	e->pad = 0;
	__builtin_memset(e->sender_comm, 0, sizeof(e->sender_comm));
}

/*
 * Sent by the kernel on its own account; a timer's signal is made in whatever task was interrupted.
 */
static __always_inline bool code_is_kernel(int code)
{
	return code > 0 || code == SI_TIMER;
}

SEC("tp_btf/signal_generate")
int on_fatal_signal(__u64 *ctx)
{
	struct task_struct *victim = (struct task_struct *)ctx[2];
	struct kernel_siginfo *info = (void *)ctx[1];
	int result = ctx[4], code = 0;
	struct pt_event_signal *e;
	struct pt_identity who;

	if (result != RESULT_DELIVERED && result != RESULT_LOST_INFO)
		return 0;
	if (!(victim->signal->flags & SIGNAL_GROUP_EXIT))
		return 0;
	task_identity(&who, victim);
	if (!filter_told(&who))
		return 0;
	if (ctx[1] == 1)
		code = SI_KERNEL;
	else if (ctx[1] > 1)
		code = BPF_CORE_READ(info, si_code);
	e = EMIT_RESERVE(struct pt_event_signal, PT_KIND_SIGNAL,
			 code_is_kernel(code) ? PT_SIGNAL_KERNEL : 0);
	if (!e)
		return 0;
	signal_fill(e, &who, ctx[0], code);
	if (!code_is_kernel(code))
		signal_sender(e, (void *)bpf_get_current_task());
	emit_submit(e, PT_KIND_SIGNAL);
	return 0;
}

SEC("tp_btf/signal_deliver")
int on_deliver(__u64 *ctx)
{
	struct k_sigaction *action = (void *)ctx[2];
	struct kernel_siginfo *info = (void *)ctx[1];
	struct task_struct *current;
	struct pt_event_signal *e;
	struct pt_identity who;
	int signal = ctx[0], code;
	__u32 flags = PT_SIGNAL_DELIVERED;

	if (signal == SIGKILL || (signal < SIGRTMIN && (NOT_FATAL >> (signal & 31) & 1)))
		return 0;
	if (BPF_CORE_READ(action, sa.sa_handler))
		return 0;
	current = (void *)bpf_get_current_task();
	task_identity(&who, current);
	if (!filter_told(&who) || ctx[1] <= 1)
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if (code_is_kernel(code))
		flags |= PT_SIGNAL_KERNEL;
	else if (BPF_CORE_READ(info, _sifields._kill._pid) == 0)
		flags |= PT_SIGNAL_SENDER_UNKNOWN;
	else
		flags |= PT_SIGNAL_SENDER_NUMBER;
	e = EMIT_RESERVE(struct pt_event_signal, PT_KIND_SIGNAL, flags);
	if (!e)
		return 0;
	signal_fill(e, &who, signal, code);
	if (flags & PT_SIGNAL_SENDER_NUMBER) {
		e->sender.tgid = BPF_CORE_READ(info, _sifields._kill._pid);
		e->sender_uid = BPF_CORE_READ(info, _sifields._kill._uid);
	}
	emit_submit(e, PT_KIND_SIGNAL);
	return 0;
}
