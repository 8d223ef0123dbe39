/* The record of an OOM victim: when it is chosen, and, in case that was told by number, at its death. */
#pragma once

#include "filter.bpf.h"

/* The cgroup whose memory the task's counts for. */
static __always_inline void oom_cgroup(struct pt_event_oom *e, struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *cgroup = compat_memory_cgroup(set);

	if (!cgroup)
		cgroup = BPF_CORE_READ(set, dfl_cgrp);
	e->cgroup_id = cgroup_id(cgroup);
	e->hierarchy = cgroup_hierarchy(cgroup);
}

/* `task` NULL: not at hand. */
static __always_inline void oom_emit(const struct pt_identity *who, struct task_struct *task)
{
	struct pt_event_oom *e = EMIT_RESERVE(struct pt_event_oom, PT_KIND_OOM, 0);

	if (!e)
		return;
	e->who = *who;
	e->cgroup_id = 0;
	e->hierarchy = e->pad = 0;
	if (task)
		oom_cgroup(e, task);
	emit_submit(e, PT_KIND_OOM);
}
