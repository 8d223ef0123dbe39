/*
 * Names of cgroups: cgroup_mkdir, kernel/cgroup/cgroup.c cgroup_mkdir(), before anybody can enter it
 * (the directory is not active yet), and cgroup_rename, which only v1 has. So whoever is born into one
 * that was made while we look lives in a cgroup whose name came earlier in the ring, even if it is gone
 * when the ring is read. Older ones are not told: user space looks them up by id.
 *
 * Not filtered: a cgroup belongs to nobody, and making one is rare.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "emit.bpf.h"
#include "task.bpf.h"

static __always_inline int cgroup_emit(struct cgroup *cgroup, const char *path, __u32 flags)
{
	struct task_struct *current = (void *)bpf_get_current_task();
	struct pt_event_cgroup *e = EMIT_RESERVE(struct pt_event_cgroup, PT_KIND_CGROUP, flags);

	if (!e)
		return 0;
	task_identity(&e->who, current);
	e->cgroup_id = cgroup_id(cgroup);
	e->hierarchy = cgroup_hierarchy(cgroup);
	e->pad = 0;
	if (bpf_probe_read_kernel_str(e->path, sizeof(e->path), path) < 0)
		e->path[0] = 0;
	emit_submit(e, PT_KIND_CGROUP);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_emit(cgroup, path, 0);
}

SEC("tp_btf/cgroup_rename")
int BPF_PROG(on_cgroup_rename, struct cgroup *cgroup, const char *path)
{
	return cgroup_emit(cgroup, path, PT_CGROUP_RENAMED);
}
