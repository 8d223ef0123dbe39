#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/number.h"
#include "options_table.h"
#include "procfs/cgroup.h"

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

static int refuse_cgroup(struct parse *parse, const char *name, int err)
{
	switch (err) {
	case -ENOTSUP:
		return options_refuse(parse, "%s: '%s' is no cgroup v2 directory", parse->typed,
				      name);
	case -EXDEV:
		return options_refuse(parse,
				      "%s needs to see the whole cgroup hierarchy; run proctrace "
				      "outside of the container",
				      parse->typed);
	case -ENODEV:
		return options_refuse(parse, "no cgroup '%s': cgroup v2 is not mounted", name);
	case -ENOENT:
	case -ENOTDIR:
		return options_refuse(parse,
				      "no cgroup '%s'; give a cgroup v2 directory, like "
				      "/system.slice or /sys/fs/cgroup/system.slice",
				      name);
	default:
		return options_refuse(parse, "%s: '%s': %s", parse->typed, name, strerror(-err));
	}
}

/* Without /proc or without v2 mounted there are no `cgroups`; a directory may still be one. */
static int cgroup_resolve(const char *name, uint64_t *ret_id, uint32_t *ret_level)
{
	struct cgroups *cgroups = NULL;
	struct proc_root root;
	int err = proc_root_init(&root, NULL);
	bool opened = !err;

	if (opened)
		err = cgroups_new(&root, &cgroups);
	err = cgroups_resolve(err ? NULL : cgroups, name, ret_id, ret_level);
	cgroups_free(cgroups);
	if (opened)
		proc_root_release(&root);
	return err;
}

int filter_take_cgroup(struct parse *parse, const char *value)
{
	struct filters *filters = &parse->options->filters;
	size_t at = filters->cgroups_cnt;
	int err = check_room(parse, at);

	if (err)
		return err;
	err = cgroup_resolve(value, &filters->cgroup_ids[at], &filters->cgroup_levels[at]);
	if (err)
		return refuse_cgroup(parse, value, err);
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
