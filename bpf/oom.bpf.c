/*
 * The OOM killer's choice: mark_victim, mm/oom_kill.c mark_oom_victim(). It may name a thread that
 * is not the leader, comes after the SIGKILL, and on 6.16 and later perhaps after the death;
 * signal->oom_mm at death (exit.bpf.c) says the same without order.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "oom.bpf.h"

SEC("tp_btf/mark_victim")
int on_oom(__u64 *ctx)
{
	struct task_struct *task = NULL;
	struct pt_identity who = {};

	if (compat_mark_victim_has_task()) {
		task = (struct task_struct *)ctx[0];
		task_identity(&who, task);
	} else {
		who.tgid = ctx[0];
	}
	if (who.start_ns && !filter_told(&who))
		return 0;
	oom_emit(&who, task);
	return 0;
}
