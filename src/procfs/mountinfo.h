/* /proc/self/mountinfo: what is mounted where, as we see it (man 5 proc_pid_mountinfo). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "procfs/proc.h"

#define MOUNT_PATH_BYTES 4096

/* One mount. Texts are lent from the line. */
struct mount_line {
	unsigned int dev_major, dev_minor; /* st_dev of the files on it */
	const char *root; /* which directory of the file system is mounted; escaped */
	size_t root_len;
	const char *point; /* where; escaped: mountinfo_unescape() */
	size_t point_len;
	const char *type; /* of the file system */
	size_t type_len;
	const char *options; /* of the file system, comma-separated */
	size_t options_len;
};

/* mountinfo_parse - one line without its newline. 0 or -EBADMSG. */
int mountinfo_parse(const char *line, size_t len, struct mount_line *ret_mount);

/*
 * mountinfo_unescape - a root or point with its \040 made blanks again (fs/proc_namespace.c,
 * mangle()), terminated. False if it does not fit.
 */
bool mountinfo_unescape(const char *text, size_t len, char ret_path[MOUNT_PATH_BYTES]);

/*
 * mountinfo_hides_pids - whether the mount behind `root` keeps processes from us: option hidepid,
 * and we lack the CAP_SYS_PTRACE that sees through it. Then "not in /proc" proves nothing. The
 * option's exemption of a group (gid=) is not looked at: hidden too often is the harmless error.
 */
bool mountinfo_hides_pids(const struct proc_root *root);
