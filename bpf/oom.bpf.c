/*
 * The OOM killer's choice: mark_victim, mm/oom_kill.c mark_oom_victim(). It may name a thread that
 * is not the leader, comes after the SIGKILL, and on 6.16 and later perhaps after the death;
 * signal->oom_mm at death (exit.bpf.c) says the same without order.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "filter.bpf.h"

SEC("tp_btf/mark_victim")
int on_oom(__u64 *ctx)
{
	struct pt_identity who = {};
	struct pt_event_oom *e;
	__u64 cgroup_id = 0;

	if (compat_mark_victim_has_task()) {
		struct task_struct *task = (struct task_struct *)ctx[0];

		task_identity(&who, task);
		cgroup_id = task_cgroup_id(task);
	} else {
		who.tgid = ctx[0];
	}
	if (who.start_ns && !filter_told(&who))
		return 0;
	e = EMIT_RESERVE(struct pt_event_oom, PT_KIND_OOM, 0);
	if (!e)
		return 0;
	e->who = who;
	e->cgroup_id = cgroup_id;
	emit_submit(e, PT_KIND_OOM);
	return 0;
}
