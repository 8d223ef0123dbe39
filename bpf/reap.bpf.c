/*
 * The reap instant has no tracepoint. Here are its in-kernel sources, of which user space loads one
 * (src/probe/reap_source.c): a function that runs once for each released task, by fentry or kprobe, or
 * the return of the wait calls. Without any, free.bpf.c and pidfds bound it.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "wait.bpf.h"

#define WNOWAIT		      0x01000000
#define SIGINFO_PID_OFFSET    16 /* siginfo_t.si_pid, 64-bit layout */
#define SIGINFO_PID_OFFSET_32 12

static __always_inline void reap_fill(struct pt_event_reap *e, struct task_struct *current,
				      __u16 source)
{
	struct wait_entry *entry = wait_entry_find();

	task_identity(&e->reaper, current);
	e->wait_entered_ns = entry ? entry->entered_ns : 0;
	e->reaper_tid = bpf_get_current_pid_tgid();
	e->reaper_pid_ns = task_pid_ns(current);
	e->source = source;
	e->pad = e->pad2 = 0;
	bpf_probe_read_kernel(e->reaper_comm, sizeof(e->reaper_comm),
			      (void *)BPF_CORE_READ(current, group_leader) +
				      bpf_core_field_offset(struct task_struct, comm));
}

/*
 * kernel/exit.c release_task() of a process; current made it happen. cgroup_release (from 6.18
 * cgroup_task_release) is called first in it and once for each task, also for a leader that the end
 * of its last thread releases in a loop inside the same call.
 */
static __always_inline int reap_released(struct task_struct *task, __u16 source)
{
	struct task_struct *current;
	struct pt_event_reap *e;
	struct pt_identity who;
	__u32 flags = 0, task_flags;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	task_identity(&who, task);
	if (!filter_told(&who))
		return 0;
	current = (void *)bpf_get_current_task();
	task_flags = BPF_CORE_READ(current, flags);
	if (BPF_CORE_READ(current, tgid) == who.tgid)
		flags |= PT_REAP_SELF;
	if (task_flags & PF_KTHREAD)
		flags |= PT_REAP_BY_KTHREAD;
	if (task_flags & PF_EXITING) {
		struct pid *pid = BPF_CORE_READ(current, group_leader, thread_pid);
		struct upid number = {};

		flags |= PT_REAP_BY_DYING;
		if (pid) {
			pid_at(pid, BPF_CORE_READ(pid, level), &number);
			if (number.nr == 1)
				flags |= PT_REAP_BY_NS_INIT;
		}
	}
	e = EMIT_RESERVE(struct pt_event_reap, PT_KIND_REAP, flags);
	if (!e)
		return 0;
	e->who = who;
	reap_fill(e, current, source);
	emit_submit(e, PT_KIND_REAP);
	return 0;
}

SEC("fentry/cgroup_task_release")
int BPF_PROG(reap_fentry_task, struct task_struct *task)
{
	return reap_released(task, PT_REAP_FENTRY);
}

SEC("fentry/cgroup_release")
int BPF_PROG(reap_fentry, struct task_struct *task)
{
	return reap_released(task, PT_REAP_FENTRY);
}

SEC("kprobe/cgroup_task_release")
int BPF_KPROBE(reap_kprobe_task, struct task_struct *task)
{
	return reap_released(task, PT_REAP_KPROBE);
}

SEC("kprobe/cgroup_release")
int BPF_KPROBE(reap_kprobe, struct task_struct *task)
{
	return reap_released(task, PT_REAP_KPROBE);
}

/*
 * A wait call returned `number`, in the caller's pid namespace. It may be a stopped child, a traced
 * one, or a thread: user space counts it only where it is the caller's own zombie.
 */
static __always_inline int reap_returned(long number, __u32 flags)
{
	struct task_struct *current = (void *)bpf_get_current_task();
	struct pt_event_reap *e;

	if (settings.filtered && BPF_CORE_READ(current, thread_pid, level) == 0 && number > 0) {
		__u32 *slot = mark_slot(number);

		if (!slot || !(*slot & MARK_TOLD))
			return 0;
	}
	e = EMIT_RESERVE(struct pt_event_reap, PT_KIND_REAP, flags | PT_REAP_BY_NUMBER);
	if (!e)
		return 0;
	e->who.tgid = number;
	e->who.start_ns = 0;
	e->who.pad = 0;
	reap_fill(e, current, PT_REAP_SYSCALL);
	emit_submit(e, PT_KIND_REAP);
	return 0;
}

static __always_inline int reap_returned_siginfo(__u64 siginfo, __u32 offset)
{
	__u32 number = 0;

	if (!siginfo)
		return reap_returned(0, PT_REAP_UNNUMBERED);
	bpf_probe_read_user(&number, sizeof(number), (void *)siginfo + offset);
	return number ? reap_returned(number, 0) : 0;
}

/* Per-call tracepoints: the cheaper tax on every system call of the machine, but not for 32-bit
 * callers. */
SEC("tp/syscalls/sys_exit_wait4")
int reap_wait4(struct trace_event_raw_sys_exit *ctx)
{
	return ctx->ret > 0 ? reap_returned(ctx->ret, 0) : 0;
}

SEC("tp/syscalls/sys_enter_waitid")
int reap_enter_waitid(struct trace_event_raw_sys_enter *ctx)
{
	struct wait_entry *entry = wait_entry_here();

	if (!entry)
		return 0;
	entry->siginfo = ctx->args[2];
	entry->options = ctx->args[3];
	entry->in_waitid = 1;
	return 0;
}

SEC("tp/syscalls/sys_exit_waitid")
int reap_waitid(struct trace_event_raw_sys_exit *ctx)
{
	struct wait_entry *entry = wait_entry_find();

	if (!entry || !entry->in_waitid)
		return 0;
	entry->in_waitid = 0;
	if (ctx->ret != 0 || (entry->options & WNOWAIT))
		return 0;
	return reap_returned_siginfo(entry->siginfo, SIGINFO_PID_OFFSET);
}

#if defined(__TARGET_ARCH_x86)
#define NR_WAIT4	     61
#define NR_WAITID	     247
#define NR_32_WAITPID	     7
#define NR_32_WAIT4	     114
#define NR_32_WAITID	     284
#define TS_COMPAT	     2
#define REG_NUMBER(regs)     ((regs)->orig_ax)
#define REG_SIGINFO(regs)    ((regs)->dx)
#define REG_OPTIONS(regs)    ((regs)->r10)
#define REG_SIGINFO_32(regs) ((__u32)(regs)->dx)
#define REG_OPTIONS_32(regs) ((__u32)(regs)->si)

static __always_inline bool call_is_32(void)
{
	struct task_struct *current = (void *)bpf_get_current_task();

	return BPF_CORE_READ(current, thread_info.status) & TS_COMPAT;
}
#elif defined(__TARGET_ARCH_arm64)
#define NR_WAIT4	     260
#define NR_WAITID	     95
#define NR_32_WAITPID	     -1
#define NR_32_WAIT4	     114
#define NR_32_WAITID	     280
#define _TIF_32BIT	     (1u << 22)
#define REG_NUMBER(regs)     ((regs)->syscallno)
#define REG_SIGINFO(regs)    ((regs)->regs[2])
#define REG_OPTIONS(regs)    ((regs)->regs[3])
#define REG_SIGINFO_32(regs) ((__u32)(regs)->regs[2])
#define REG_OPTIONS_32(regs) ((__u32)(regs)->regs[3])

static __always_inline bool call_is_32(void)
{
	struct task_struct *current = (void *)bpf_get_current_task();

	return BPF_CORE_READ(current, thread_info.flags) & _TIF_32BIT;
}
#endif

static __always_inline int reap_any_32(long number, struct pt_regs *regs, long ret)
{
	if (number == NR_32_WAITPID || number == NR_32_WAIT4)
		return ret > 0 ? reap_returned(ret, 0) : 0;
	if (number == NR_32_WAITID && ret == 0 && !(REG_OPTIONS_32(regs) & WNOWAIT))
		return reap_returned_siginfo(REG_SIGINFO_32(regs), SIGINFO_PID_OFFSET_32);
	return 0;
}

/* The one tracepoint of all system calls: no tracefs needed and 32-bit callers seen, at twice the
 * tax. */
SEC("tp_btf/sys_exit")
int BPF_PROG(reap_sys_exit, struct pt_regs *regs, long ret)
{
	long number = REG_NUMBER(regs);

	if (ret < 0)
		return 0;
	if (number != NR_WAIT4 && number != NR_WAITID && number != NR_32_WAITPID &&
	    number != NR_32_WAIT4 && number != NR_32_WAITID)
		return 0;
	if (call_is_32())
		return reap_any_32(number, regs, ret);
	if (number == NR_WAIT4)
		return ret > 0 ? reap_returned(ret, 0) : 0;
	if (number == NR_WAITID && ret == 0 && !(REG_OPTIONS(regs) & WNOWAIT))
		return reap_returned_siginfo(REG_SIGINFO(regs), SIGINFO_PID_OFFSET);
	return 0;
}
