#include "procfs/snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/lines.h"
#include "procfs/stat.h"
#include "procfs/status.h"

/* What one walk found, in the order of the walk. */
struct found {
	struct pt_event_task *tasks;
	size_t cnt, max;
};

static struct pt_event_task *found_add(struct found *found)
{
	if (found->cnt == found->max) {
		size_t max = found->max ? 2 * found->max : 256;
		struct pt_event_task *tasks = reallocarray(found->tasks, max, sizeof(*tasks));

		if (!tasks)
			return NULL;
		found->tasks = tasks;
		found->max = max;
	}
	return &found->tasks[found->cnt++];
}

static uint32_t flags_of(const struct stat_line *stat, const struct status *status)
{
	uint32_t flags = PT_TASK_START_ROUNDED;

	if (stat->flags & STAT_FLAG_KTHREAD)
		flags |= PT_TASK_KTHREAD;
	if (status->tracer_pid)
		flags |= PT_TASK_TRACED;
	switch (stat_life(stat)) {
	case STAT_LEADER_ZOMBIE:
		return flags | PT_TASK_LEADER_DEAD;
	case STAT_ZOMBIE:
		return flags | PT_TASK_ZOMBIE;
	case STAT_EXITING:
		/* With other threads, whether those are in exit too is not known. */
		return stat->threads_cnt == 1 ? flags | PT_TASK_DYING : flags;
	default:
		return flags;
	}
}

/* Slaves of ptys: UNIX98_PTY_SLAVE_MAJOR and the seven after it, 256 each in the old days. */
#define PTS_MAJOR      136u
#define PTS_MAJOR_LAST 143u
#define PTS_MINORS     256u

/* As the kernel half names it; which driver is behind another number this file does not know. */
static void fill_tty(char ret_tty[PT_TTY_BYTES], uint32_t number)
{
	uint32_t major = number >> 8 & 0xfff, minor = (number & 0xff) | (number >> 12 & 0xfff00);

	if (!number)
		return;
	if (major < PTS_MAJOR || major > PTS_MAJOR_LAST)
		strcpy(ret_tty, "?");
	else
		snprintf(ret_tty, PT_TTY_BYTES, "pts%u", (major - PTS_MAJOR) * PTS_MINORS + minor);
}

/* There is no such file without CONFIG_AUDIT. */
static uint32_t login_uid(int dirfd)
{
	char text[32];
	int len = proc_read_at(dirfd, "loginuid", text, sizeof(text));
	const char *at = text;
	uint64_t uid;

	if (len <= 0 || !lines_number(&at, text + len, 10, &uid))
		return PT_LOGIN_UNSET;
	return (uint32_t)uid;
}

static void fill_place(struct pt_place *place, const struct proc_root *root,
		       const struct cgroups *cgroups, int dirfd, const struct status *status)
{
	uint32_t level = status->ns_cnt ? status->ns_cnt - 1u : 0;
	uint64_t cgroup_id;

	if (cgroups && !cgroups_of(cgroups, dirfd, &cgroup_id))
		place->cgroup_id = cgroup_id;
	place->login_uid = login_uid(dirfd);
	place->uid = status->uid;
	place->gid = status->gid;
	place->ns_level = level;
	place->ns_tgid = status->ns_cnt ? status->ns_pid[level] : status->tgid;
	place->parent_ns_tgid = level ? status->ns_pid[level - 1] : status->tgid;
	if (proc_read_ns(dirfd, "ns/pid", &place->pid_ns))
		place->pid_ns = level ? 0 : root->pid_ns;
}

static void fill_task(struct pt_event_task *task, const struct proc_root *root,
		      const struct stat_line *stat, const struct status *status)
{
	size_t comm_len = stat->comm_len < PT_COMM_BYTES ? stat->comm_len : PT_COMM_BYTES - 1;

	task->head.size = sizeof(*task);
	task->head.kind = PT_KIND_TASK;
	task->head.flags = flags_of(stat, status);
	task->who.tgid = stat->pid;
	task->who.start_ns = proc_start_ns(root, stat->start_ticks);
	task->parent.tgid = stat->ppid;
	task->place.session = stat->session;
	fill_tty(task->place.tty, stat->tty_nr);
	task->exit_signal = (uint32_t)stat->exit_signal;
	task->threads_cnt = stat->threads_cnt;
	if (task->head.flags & (PT_TASK_ZOMBIE | PT_TASK_DYING))
		task->status = stat->exit_code;
	memcpy(task->comm, stat->comm, comm_len);
}

/*
 * All below one directory descriptor, so that it is of one process. One that is gone is left out.
 */
static int read_process(struct found *found, const struct proc_root *root,
			const struct cgroups *cgroups, uint32_t pid)
{
	int dirfd = proc_open_pid(root, pid);
	struct pt_event_task *task;
	struct stat_line stat;
	struct status status;
	int ret = 0;

	if (dirfd < 0)
		return 0;
	if (stat_read_at(dirfd, &stat) || stat_life(&stat) == STAT_GONE ||
	    status_read(dirfd, "status", &status))
		goto out;
	task = found_add(found);
	if (!task) {
		ret = -ENOMEM;
		goto out;
	}
	memset(task, 0, sizeof(*task));
	fill_task(task, root, &stat, &status);
	fill_place(&task->place, root, cgroups, dirfd, &status);
out:
	close(dirfd);
	return ret;
}

static int compare_tgid(const void *a, const void *b)
{
	const struct pt_event_task *left = a, *right = b;

	return (left->who.tgid > right->who.tgid) - (left->who.tgid < right->who.tgid);
}

/*
 * Who adopts is an ancestor or a namespace's init, so a parent is never younger than its child. A
 * younger one with that number came after the parent had died.
 */
static void fill_parent(struct pt_event_task *task, const struct found *found)
{
	struct pt_event_task key = {.who.tgid = task->parent.tgid};
	const struct pt_event_task *parent =
		bsearch(&key, found->tasks, found->cnt, sizeof(key), compare_tgid);

	if (parent && parent->who.start_ns <= task->who.start_ns)
		task->parent.start_ns = parent->who.start_ns;
}

static int read_all(struct found *found, const struct proc_root *root,
		    const struct cgroups *cgroups)
{
	struct proc_walk walk;
	uint32_t pid;
	int ret = proc_walk_init(&walk, root);

	if (ret)
		return ret;
	while ((ret = proc_walk_next(&walk, &pid)) == 1) {
		ret = read_process(found, root, cgroups, pid);
		if (ret)
			break;
	}
	proc_walk_release(&walk);
	return ret;
}

/* The tracer is left out here as it is in the kernel half, but may be a parent. */
static int hand_on(const struct found *found, uint32_t self_pid, uint64_t now_ns,
		   snapshot_visit visit, void *context)
{
	int cnt = 0;

	for (size_t i = 0; i < found->cnt; i++) {
		struct pt_event_task *task = &found->tasks[i];
		int ret;

		if (task->who.tgid == self_pid)
			continue;
		task->head.time_ns = now_ns;
		fill_parent(task, found);
		ret = visit(context, task);
		if (ret)
			return ret;
		cnt++;
	}
	return cnt;
}

int snapshot_take(const struct proc_root *root, const struct cgroups *cgroups, uint64_t now_ns,
		  snapshot_visit visit, void *context)
{
	struct found found = {.cnt = 0};
	int ret;

	if (!proc_root_initial(root))
		return -EXDEV;
	ret = read_all(&found, root, cgroups);
	if (!ret) {
		/* A saved tree is not in order, and /proc is. */
		if (found.cnt)
			qsort(found.tasks, found.cnt, sizeof(*found.tasks), compare_tgid);
		ret = hand_on(&found, root->self_pid, now_ns, visit, context);
	}
	free(found.tasks);
	return ret;
}

int snapshot_one(const struct proc_root *root, uint32_t pid, uint64_t now_ns,
		 struct pt_event_task *ret_task)
{
	struct found found = {.cnt = 0};
	int ret;

	if (!proc_root_initial(root))
		return -EXDEV;
	ret = read_process(&found, root, NULL, pid);
	if (!ret && !found.cnt)
		ret = -ESRCH;
	if (!ret) {
		*ret_task = found.tasks[0];
		ret_task->head.time_ns = now_ns;
	}
	free(found.tasks);
	return ret;
}
