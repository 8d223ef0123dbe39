/* Control groups: born into one, killed with one, and killed for the memory of one. */
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

#define CLONE_INTO_CGROUP_FLAG (1ull << 33)

/* A group of the scenario's own. */
struct group {
	char dir[PATH_MAX / 2];
	const char *path; /* from the root of its hierarchy, within dir */
};

/*
 * The mount point of the v2 hierarchy (option NULL), or of the v1 hierarchy with that controller.
 */
static bool find_hierarchy(const char *controller, char *ret_dir, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	bool found = false;

	for (struct mntent *mount; mounts && !found && (mount = getmntent(mounts));) {
		found = controller
				? !strcmp(mount->mnt_type, "cgroup") && hasmntopt(mount, controller)
				: !strcmp(mount->mnt_type, "cgroup2");
		if (found)
			snprintf(ret_dir, size, "%s", mount->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

static void group_init_named(struct group *group, const char *controller, const char *name)
{
	char top[PATH_MAX / 4];

	if (!find_hierarchy(controller, top, sizeof(top)))
		truth_skip(controller ? "no such cgroup v1 hierarchy" : "no cgroup v2");
	snprintf(group->dir, sizeof(group->dir), "%s/%s", top, name);
	group->path = group->dir + strlen(top);
	if (mkdir(group->dir, 0700))
		truth_skip("a cgroup cannot be made here");
}

static void group_init(struct group *group, const char *controller)
{
	char name[64];

	snprintf(name, sizeof(name), "workload-%d", (int)getpid());
	group_init_named(group, controller, name);
}

static void group_rename(struct group *group)
{
	char old[sizeof(group->dir)];

	strcpy(old, group->dir);
	strcat(group->dir, "r");
	if (rename(old, group->dir))
		truth_broken("renaming a cgroup");
}

/* A group stays busy until its last task has gone through cgroup_exit, a little after its reap. */
static void group_release(struct group *group)
{
	while (rmdir(group->dir) && errno == EBUSY)
		nap_ms(1);
}

static bool group_write(const struct group *group, const char *file, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", group->dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return written;
}

/* A reason to skip that leaves nothing behind. */
static void skip_without(struct group *group, const char *reason)
{
	group_release(group);
	truth_skip(reason);
}

void live_cgroup_kill(void)
{
	struct life *lives[2] = {life_new(), life_new()};
	struct gate *entered[2] = {gate_new(), gate_new()};
	struct group group;
	bool killed;

	group_init(&group, NULL);
	for (int i = 0; i < 2; i++) {
		if (!life_fork(lives[i]))
			continue;
		if (!group_write(&group, "cgroup.procs", "0"))
			truth_broken("entering a cgroup");
		gate_open(entered[i]);
		for (;;)
			pause();
	}
	gate_await(entered[0]);
	gate_await(entered[1]);
	uint64_t killed_ns = now_ns();

	killed = group_write(&group, "cgroup.kill", "1");
	for (int i = 0; i < 2; i++) {
		if (!killed)
			kill(lives[i]->pid, SIGKILL);
		lives[i]->death.after_ns = killed_ns;
		lives[i]->killer = getpid();
		life_wait(lives[i], 0);
	}
	if (!killed)
		skip_without(&group, "no cgroup.kill before 5.14");
	group_release(&group);
	life_tell(lives[0]);
	life_tell(lives[1]);
}

/* A child that is born in another group than its parent's; the group is gone soon after it. */
static void live_in_group(struct group *group, struct life *c)
{
	int fd = open(group->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = life_clone(c, (struct clone_plan){
					.flags = CLONE_INTO_CGROUP_FLAG,
					.exit_signal = SIGCHLD,
					.cgroup_fd = fd,
				});

	if (ret == 1)
		life_exit(c, 0);
	if (ret < 0)
		skip_without(group, "clone3 into a cgroup is refused");
	life_wait(c, 0);
	close(fd);
	group_release(group);
	c->cgroup = group->path;
}

void live_clone_into_cgroup(void)
{
	struct life *c = life_new();
	struct group group;

	group_init(&group, NULL);
	live_in_group(&group, c);
	life_tell(c);
}

/* As docker calls the groups of its containers where systemd makes them. */
void live_container(void)
{
	struct life *c = life_new();
	struct group group;
	char id[65], name[96];

	snprintf(id, sizeof(id), "%064x", (unsigned)getpid());
	snprintf(name, sizeof(name), "docker-%s.scope", id);
	group_init_named(&group, NULL, name);
	live_in_group(&group, c);
	c->container = id;
	life_tell(c);
}

static void enter_root(const char *controller)
{
	struct group root;

	if (find_hierarchy(controller, root.dir, sizeof(root.dir)) &&
	    !group_write(&root, "cgroup.procs", "0"))
		truth_broken("entering the root of a hierarchy");
}

/* v1 has a say where v2 has none, and the memory controller's hierarchy before others. */
static void live_in_v1(const char *controller, bool renamed)
{
	struct life *c = life_new(), *g = life_new();
	struct group group;

	group_init(&group, controller);
	if (renamed)
		group_rename(&group);
	if (life_fork(c)) {
		enter_root(NULL);
		enter_root("memory");
		if (!group_write(&group, "cgroup.procs", "0"))
			truth_broken("entering a cgroup");
		if (life_fork(g))
			life_exit(g, 0);
		life_wait(g, 0);
		life_exit(c, 0);
	}
	life_wait(c, 0);
	group_release(&group);
	g->cgroup = group.path;
	life_tell(c);
	life_tell(g);
}

void live_memory_cgroup(void)
{
	live_in_v1("memory", false);
}

void live_renamed_cgroup(void)
{
	live_in_v1("memory", true);
}

void live_systemd_cgroup(void)
{
	live_in_v1("name=systemd", false);
}

#define OOM_LIMIT "16777216"
#define OOM_BYTES (96u << 20)

static void eat_memory(struct life *c, const struct group *group)
{
	if (!group_write(group, "cgroup.procs", "0"))
		truth_broken("entering a cgroup");
	char *food =
		mmap(NULL, OOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (food == MAP_FAILED)
		truth_broken("mmap");
	c->death.after_ns = now_ns();
	memset(food, 1, OOM_BYTES);
	_exit(0);
}

/* A group whose memory is limited, of whichever hierarchy has the controller: v2's may not be mounted. */
static void limited_init(struct group *group)
{
	char top[PATH_MAX / 4];

	if (find_hierarchy("memory", top, sizeof(top))) {
		group_init(group, "memory");
		if (!group_write(group, "memory.limit_in_bytes", OOM_LIMIT))
			skip_without(group, "no limit of memory can be set");
		group_write(group, "memory.swappiness", "0");
		return;
	}
	if (find_hierarchy(NULL, group->dir, sizeof(group->dir)))
		group_write(group, "cgroup.subtree_control", "+memory");
	group_init(group, NULL);
	if (!group_write(group, "memory.max", OOM_LIMIT))
		skip_without(group, "no cgroup with memory, neither v1 nor v2");
	group_write(group, "memory.swap.max", "0");
}

void live_oom(void)
{
	struct life *c = life_new();
	struct group group;

	limited_init(&group);
	if (life_fork(c))
		eat_memory(c, &group);
	life_wait(c, 0);
	group_release(&group);
	if (!WIFSIGNALED(c->status))
		truth_skip("the kernel found memory enough");
	c->killer = KILLED_BY_KERNEL;
	c->oom = true;
	c->oom_cgroup = group.path;
	life_tell(c);
}
