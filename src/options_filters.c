#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/number.h"
#include "options_table.h"

/* More than any cgroup is deep; bounds the walk to the root. */
#define CGROUP_DEPTH_MAX 1024

static int check_room(struct parse *parse, size_t cnt)
{
	if (cnt < FILTERS_MAX)
		return 0;
	return options_refuse(parse, "%s: at most %d of a kind", parse->typed, FILTERS_MAX);
}

/*
 * Signal 0 only looks (kill(2)): ESRCH alone means that there is none; EPERM means that there is
 * one. kill(2) finds threads as well, tgkill(2) only where the thread is the leader of that very
 * group.
 */
static bool is_there(pid_t pid)
{
	return !kill(pid, 0) || errno == EPERM;
}

static bool is_leader(pid_t pid)
{
	return !syscall(SYS_tgkill, pid, pid, 0) || errno == EPERM;
}

int filter_take_pid(struct parse *parse, const char *value)
{
	struct filters *filters = &parse->options->filters;
	uint64_t number;
	int err = check_room(parse, filters->pids_cnt);

	if (err)
		return err;
	err = number_parse(value, INT32_MAX, &number);
	if (err == -EINVAL)
		return options_refuse(parse, "%s: '%s' is not a pid; to choose by name use -c",
				      parse->typed, value);
	/* kill(0) would mean this very process group. */
	if (err || !number || !is_there((pid_t)number))
		return options_refuse(parse, "no process %s", value);
	if (!is_leader((pid_t)number))
		return options_refuse(parse,
				      "no process %s: it is a thread of another one; see "
				      "Tgid in /proc/%s/status",
				      value, value);
	filters->pids[filters->pids_cnt++] = (pid_t)number;
	return 0;
}

int filter_take_user(struct parse *parse, const char *value)
{
	struct filters *filters = &parse->options->filters;
	const struct passwd *user;
	uint64_t number;
	int err = check_room(parse, filters->uids_cnt);

	if (err)
		return err;
	/* A name may consist of digits, so names come first (POSIX, chown); all ones is no uid. */
	user = getpwnam(value);
	if (user)
		number = user->pw_uid;
	else if (number_parse(value, UINT32_MAX - 1, &number))
		return options_refuse(parse,
				      "no user '%s'; give a name that 'getent passwd' knows, "
				      "or a uid",
				      value);
	filters->uids[filters->uids_cnt++] = (uid_t)number;
	return 0;
}

int filter_take_comm(struct parse *parse, const char *value)
{
	struct filters *filters = &parse->options->filters;
	size_t len = strlen(value);
	int err = check_room(parse, filters->comms_cnt);

	if (err)
		return err;
	if (!len)
		return options_refuse(parse, "%s needs the name of a process", parse->typed);
	if (len >= PT_COMM_BYTES)
		return options_refuse(parse,
				      "%s: '%s' never matches, the kernel keeps 15 bytes of "
				      "a name; use '%.15s'",
				      parse->typed, value, value);
	memcpy(filters->comms[filters->comms_cnt++], value, len);
	return 0;
}

/* An O_PATH descriptor of the cgroup v2 directory `root` + `path`, or -errno. */
static int cgroup_open(const char *root, const char *path)
{
	char full[PATH_MAX];
	struct statfs fs;
	int fd;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return fd;
	close(fd);
	return -ENOENT;
}

/* How many steps up `fd`, which is consumed, is below the root of its mount; or -errno. */
static int cgroup_depth(int fd, struct stat at)
{
	for (int depth = 0; depth < CGROUP_DEPTH_MAX; depth++) {
		int above = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		int err = above < 0 ? -errno : 0;
		struct stat next;

		close(fd);
		if (err)
			return err;
		if (fstat(above, &next) || next.st_dev != at.st_dev || next.st_ino == at.st_ino) {
			close(above);
			return depth;
		}
		fd = above;
		at = next;
	}
	close(fd);
	return -ELOOP;
}

/*
 * The id of a cgroup is the inode of its directory (include/linux/kernfs.h, kernfs_id). The level
 * is counted up to the root of the mount, which is the root of the hierarchy but in a container
 * that sees only its own part.
 */
static int cgroup_resolve(const char *path, uint64_t *ret_id, uint32_t *ret_level)
{
	static const char *const roots[] = {"", "/sys/fs/cgroup/", "/sys/fs/cgroup/unified/"};
	int fd = -ENOENT, depth;
	struct stat at;

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots) && fd < 0; i++)
		fd = cgroup_open(roots[i], path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &at)) {
		close(fd);
		return -EIO;
	}
	depth = cgroup_depth(fd, at);
	if (depth < 0)
		return depth;
	*ret_id = at.st_ino;
	*ret_level = depth;
	return 0;
}

int filter_take_cgroup(struct parse *parse, const char *value)
{
	struct filters *filters = &parse->options->filters;
	size_t at = filters->cgroups_cnt;
	int err = check_room(parse, at);

	if (err)
		return err;
	if (!*value || cgroup_resolve(value, &filters->cgroup_ids[at], &filters->cgroup_levels[at]))
		return options_refuse(parse,
				      "no cgroup '%s'; give a cgroup v2 directory, like "
				      "/system.slice or /sys/fs/cgroup/system.slice",
				      value);
	filters->cgroups_cnt++;
	return 0;
}

static int refuse_type(struct parse *parse, const char *word, size_t len)
{
	char list[512] = "";
	size_t used = 0;

	for (int i = 0; i < FACT_TYPE_CNT && used < sizeof(list); i++)
		used += snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
				 fact_layouts[i].word);
	return options_refuse(parse, "%s: unknown kind '%.*s'; kinds are %s", parse->typed,
			      (int)len, word, list);
}

int filter_take_types(struct parse *parse, const char *value)
{
	struct options *options = parse->options;

	for (;;) {
		size_t len = strcspn(value, ",");
		int type = fact_type_find(value, len);

		if (type < 0)
			return refuse_type(parse, value, len);
		options->filters.types |= 1u << type;
		/* Without --threads there would be nothing to print. */
		if (type == FACT_THREAD || type == FACT_THREAD_EXIT)
			options->threads = true;
		if (!value[len])
			return 0;
		value += len + 1;
	}
}
