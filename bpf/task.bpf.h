/*
 * Reading a task: who it is, whose child, where it lives, what it cost. Every reader takes the typed
 * pointer of a tracepoint argument (loads are checked by the kernel's exception table) or one made
 * from it by following members.
 */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "proctrace/event.h"

#include "compat.bpf.h"
#include "settings.bpf.h"

/* Stable over all kernels read, 5.10 to 7.2: include/linux/sched.h, include/linux/sched/signal.h. */
#define EXIT_DEAD		0x10
#define EXIT_ZOMBIE		0x20
#define PF_EXITING		0x4
#define PF_FORKNOEXEC		0x40
#define PF_KTHREAD		0x200000
#define SIGNAL_GROUP_EXIT	0x4
#define SIGCHLD			17
#define SIGKILL			9
#define SA_NOCLDWAIT		2
#define SIG_IGN_ADDRESS		1

#define THREADS_MAX 64 /* threads of a dying group whose costs are summed */

/* The process of any of its threads. */
static __always_inline void task_identity(struct pt_identity *ret, struct task_struct *task)
{
	ret->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	ret->tgid = BPF_CORE_READ(task, tgid);
	ret->pad = 0;
}

static __always_inline void identity_none(struct pt_identity *ret)
{
	ret->start_ns = 0;
	ret->tgid = 0;
	ret->pad = 0;
}

static __always_inline bool task_is_self(struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid) == control.self_tgid;
}

/* The number of a struct pid at a level: numbers[] was declared [1], later [0], so no indexing. */
static __always_inline void pid_at(struct pid *pid, __u32 level, struct upid *ret)
{
	void *base = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	bpf_probe_read_kernel(ret, sizeof(*ret), base + level * sizeof(*ret));
}

static __always_inline __u32 task_pid_ns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid at = {};

	if (!pid)
		return 0;
	pid_at(pid, BPF_CORE_READ(pid, level), &at);
	return at.ns ? BPF_CORE_READ(at.ns, ns.inum) : 0;
}

#define CGROUP_ID_ROOT	1
#define HIERARCHIES_MAX 32 /* more than there are controllers */

static __always_inline __u64 cgroup_id(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

/* 0 = v2. */
static __always_inline __u32 cgroup_hierarchy(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id);
}

static __always_inline bool cgroup_is_systemds(struct cgroup *cgroup)
{
	char name[sizeof("systemd")] = {};
	struct cgroup_root *root = BPF_CORE_READ(cgroup, root);

	bpf_probe_read_kernel(name, sizeof(name),
			      (void *)root + bpf_core_field_offset(struct cgroup_root, name));
	return __builtin_memcmp(name, "systemd", sizeof(name)) == 0;
}

/* The cgroup of name=systemd: a hierarchy without a controller is found by its link alone. */
static __always_inline struct cgroup *css_set_systemds(struct css_set *set)
{
	void *head = (void *)set + bpf_core_field_offset(struct css_set, cgrp_links);
	struct list_head *node = BPF_CORE_READ(set, cgrp_links.next);

	for (int i = 0; i < HIERARCHIES_MAX; i++) {
		struct cgrp_cset_link *link;
		struct cgroup *cgroup;

		if (!node || (void *)node == head)
			return NULL;
		link = (void *)node - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
		cgroup = BPF_CORE_READ(link, cgrp);
		if (cgroup && cgroup_is_systemds(cgroup))
			return cgroup;
		node = BPF_CORE_READ(node, next);
	}
	return NULL;
}

static __always_inline bool place_take_v1(struct pt_place *place, struct cgroup *cgroup)
{
	__u32 hierarchy = cgroup ? cgroup_hierarchy(cgroup) : 0;
	__u64 id = hierarchy ? cgroup_id(cgroup) : CGROUP_ID_ROOT;

	if (id == CGROUP_ID_ROOT)
		return false;
	place->v1_cgroup_id = id;
	place->v1_hierarchy = hierarchy;
	return true;
}

static __always_inline void place_cgroups(struct pt_place *ret, struct task_struct *leader)
{
	struct css_set *set = BPF_CORE_READ(leader, cgroups);

	ret->cgroup_id = BPF_CORE_READ(set, dfl_cgrp, kn, id);
	ret->v1_cgroup_id = 0;
	ret->v1_hierarchy = 0;
	if (place_take_v1(ret, compat_memory_cgroup(set)))
		return;
	/* Beside v2 this one is but its mirror, if it is there at all. */
	if (ret->cgroup_id == CGROUP_ID_ROOT)
		place_take_v1(ret, css_set_systemds(set));
}

static __always_inline void place_session(struct pt_place *ret, struct signal_struct *signal)
{
	struct pid *session = BPF_CORE_READ(signal, pids[PIDTYPE_SID]);
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	struct upid at = {};

	__builtin_memset(ret->tty, 0, sizeof(ret->tty));
	if (tty)
		BPF_CORE_READ_STR_INTO(&ret->tty, tty, name);
	if (session)
		pid_at(session, 0, &at);
	ret->session = at.nr;
}

static __always_inline void task_place(struct pt_place *ret, struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	struct upid at = {};
	__u32 level = pid ? BPF_CORE_READ(pid, level) : 0;

	place_cgroups(ret, leader);
	place_session(ret, BPF_CORE_READ(leader, signal));
	ret->login_uid = compat_login_uid(leader);
	ret->pad = 0;
	ret->uid = BPF_CORE_READ(leader, real_cred, uid.val);
	ret->gid = BPF_CORE_READ(leader, real_cred, gid.val);
	ret->ns_level = level;
	ret->pid_ns = 0;
	ret->ns_tgid = ret->parent_ns_tgid = BPF_CORE_READ(leader, tgid);
	if (!pid)
		return;
	pid_at(pid, level, &at);
	ret->ns_tgid = at.nr;
	if (at.ns)
		ret->pid_ns = BPF_CORE_READ(at.ns, ns.inum);
	if (level > 0)
		pid_at(pid, level - 1, &at);
	ret->parent_ns_tgid = at.nr;
}

/* What has been added to signal_struct by the threads that were released. */
static __always_inline void costs_of_signal(struct pt_costs *ret, struct signal_struct *signal)
{
	ret->user_ns = BPF_CORE_READ(signal, utime);
	ret->system_ns = BPF_CORE_READ(signal, stime);
	ret->run_ns = BPF_CORE_READ(signal, sum_sched_runtime);
	ret->max_rss_bytes = (__u64)BPF_CORE_READ(signal, maxrss) * settings.page_bytes;
	ret->minor_faults = BPF_CORE_READ(signal, min_flt);
	ret->major_faults = BPF_CORE_READ(signal, maj_flt);
	ret->voluntary_switches = BPF_CORE_READ(signal, nvcsw);
	ret->involuntary_switches = BPF_CORE_READ(signal, nivcsw);
	ret->read_bytes = ret->write_bytes = 0;
	if (compat_has_io_accounting()) {
		ret->read_bytes = BPF_CORE_READ(signal, ioac.read_bytes);
		ret->write_bytes = BPF_CORE_READ(signal, ioac.write_bytes);
	}
}

static __always_inline void costs_add_thread(struct pt_costs *costs, struct task_struct *thread)
{
	costs->user_ns += BPF_CORE_READ(thread, utime);
	costs->system_ns += BPF_CORE_READ(thread, stime);
	costs->run_ns += BPF_CORE_READ(thread, se.sum_exec_runtime);
	costs->minor_faults += BPF_CORE_READ(thread, min_flt);
	costs->major_faults += BPF_CORE_READ(thread, maj_flt);
	costs->voluntary_switches += BPF_CORE_READ(thread, nvcsw);
	costs->involuntary_switches += BPF_CORE_READ(thread, nivcsw);
	if (compat_has_io_accounting()) {
		costs->read_bytes += BPF_CORE_READ(thread, ioac.read_bytes);
		costs->write_bytes += BPF_CORE_READ(thread, ioac.write_bytes);
	}
}

/*
 * Group totals at death: what signal_struct holds and the threads not yet released (the last one, a
 * dead leader, siblings in exit). Provisional: the walk can meet a release; FREE has the final sums.
 */
static __always_inline bool costs_of_group(struct pt_costs *ret, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	void *head = (void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	struct list_head *node;

	costs_of_signal(ret, signal);
	if (BPF_CORE_READ(signal, nr_threads) == 1) {
		costs_add_thread(ret, task);
		return true;
	}
	node = BPF_CORE_READ(signal, thread_head.next);
	for (int i = 0; i < THREADS_MAX; i++) {
		if (!node || (void *)node == head)
			return true;
		costs_add_thread(ret, (void *)node - bpf_core_field_offset(struct task_struct, thread_node));
		node = BPF_CORE_READ(node, next);
	}
	return false;
}
