/*
 * Filters that thin the stream in the kernel. Each process has a mark, found by its pid:
 *
 *   31                          4 3      2      1       0
 *   | start_boottime >> 12, low 28 | BORN | TOLD | SUBTREE | SHARES_MM |
 *
 * Every birth writes its slot, so a mark whose start bits differ belongs to an earlier holder of the
 * pid, and one whose bits agree is this process's own. BORN: we saw the birth. SUBTREE: below -p or
 * COMMAND, inherited at fork. TOLD: all filters matched once; it stays told to its end.
 */
#pragma once

#include "emit.bpf.h"
#include "task.bpf.h"

#define MARK_SHARES_MM	(1u << 0)
#define MARK_SUBTREE	(1u << 1)
#define MARK_TOLD	(1u << 2)
#define MARK_BORN	(1u << 3)
#define MARK_BITS	0xfu

static __always_inline __u32 mark_start(__u64 start_ns)
{
	return (__u32)(start_ns >> 12) << 4;
}

static __always_inline __u32 *mark_slot(__u32 tgid)
{
	return bpf_map_lookup_elem(&marks, &tgid);
}

/* The bits of the process, 0 where its slot is another's or none. */
static __always_inline __u32 mark_bits(const struct pt_identity *who)
{
	__u32 *slot = mark_slot(who->tgid);
	__u32 mark = slot ? *slot : 0;

	return (mark & ~MARK_BITS) == mark_start(who->start_ns) ? mark & MARK_BITS : 0;
}

static __always_inline void mark_write(const struct pt_identity *who, __u32 bits)
{
	__u32 *slot = mark_slot(who->tgid);

	if (slot)
		*slot = mark_start(who->start_ns) | bits;
}

static __always_inline bool filter_comm(struct task_struct *leader)
{
	__u64 comm[2] = {};

	/* As a string: before 5.17 what is behind the NUL may be left from an earlier, longer name. */
	bpf_probe_read_kernel_str(comm, sizeof(comm),
				  (void *)leader + bpf_core_field_offset(struct task_struct, comm));
	for (__u32 i = 0; i < SETTINGS_FILTERS; i++) {
		if (i >= settings.comms_cnt)
			break;
		const volatile __u64 *want = (const volatile __u64 *)settings.comms[i];

		if (want[0] == comm[0] && want[1] == comm[1])
			return true;
	}
	return false;
}

static __always_inline bool filter_uid(struct task_struct *leader)
{
	__u32 uid = BPF_CORE_READ(leader, real_cred, uid.val);

	for (__u32 i = 0; i < SETTINGS_FILTERS; i++) {
		if (i >= settings.uids_cnt)
			break;
		if (settings.uids[i] == uid)
			return true;
	}
	return false;
}

static __always_inline bool filter_cgroup(struct task_struct *leader)
{
	struct cgroup *cgroup = BPF_CORE_READ(leader, cgroups, dfl_cgrp);
	__u32 level = BPF_CORE_READ(cgroup, level);

	for (__u32 i = 0; i < SETTINGS_FILTERS; i++) {
		if (i >= settings.cgroups_cnt)
			break;
		if (settings.cgroup_levels[i] <= level &&
		    compat_cgroup_ancestor(cgroup, settings.cgroup_levels[i]) == settings.cgroup_ids[i])
			return true;
	}
	return false;
}

/* Do all filters match now, given the mark's bits? */
static __always_inline bool filter_matches(struct task_struct *leader, __u32 bits)
{
	if (settings.subtree_only && !(bits & MARK_SUBTREE))
		return false;
	if (settings.uids_cnt && !filter_uid(leader))
		return false;
	if (settings.comms_cnt && !filter_comm(leader))
		return false;
	if (settings.cgroups_cnt && !filter_cgroup(leader))
		return false;
	return true;
}

/* Is this process in the stream? The tracer itself never is. */
static __always_inline bool filter_told(const struct pt_identity *who)
{
	if (who->tgid == control.self_tgid)
		return false;
	return !settings.filtered || (mark_bits(who) & MARK_TOLD);
}

/*
 * The same at free, when the pid may already have another holder whose birth took the slot: what
 * cannot be told from the slot is let through, and user space, which knows identities, drops it.
 */
static __always_inline bool filter_told_at_free(const struct pt_identity *who)
{
	__u32 *slot;

	if (who->tgid == control.self_tgid)
		return false;
	if (!settings.filtered)
		return true;
	slot = mark_slot(who->tgid);
	if (!slot || !*slot)
		return false;
	return (*slot & ~MARK_BITS) != mark_start(who->start_ns) || (*slot & MARK_TOLD);
}
