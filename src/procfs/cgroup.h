/*
 * cgroup v2: which one a process is in (man 7 cgroups, /proc/PID/cgroup), and ids to paths and
 * back. The id of a cgroup is that of its kernfs node, which is the inode of its directory; the
 * root's is 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "procfs/proc.h"

#define CGROUP_ID_ROOT	 1
#define CGROUP_PATHS_MAX 1024 /* paths that are remembered; a power of two */

/*
 * cgroup_parse - the path of the v2 cgroup in the text of a cgroup file ("0::/user.slice"), lent.
 * From the root of the reader's cgroup namespace; a cgroup that was removed has " (deleted)" behind
 * it. 0, or -ENOENT when there is no such line (v1 alone).
 */
int cgroup_parse(const char *text, size_t len, const char **ret_path, size_t *ret_len);

/* The mounted v2 hierarchy, wherever it is: alone, or beside v1 (hybrid). */
struct cgroups;

/*
 * cgroups_new - opens the mount that /proc/self/mountinfo of `root` names; one that shows the whole
 * hierarchy is preferred. 0, -ENODEV when none is mounted, or -errno.
 */
int cgroups_new(const struct proc_root *root, struct cgroups **ret_cgroups);
void cgroups_free(struct cgroups *cgroups);

/*
 * cgroups_new_v1 - the same for the v1 hierarchy that has `option` among its mount options: the name
 * of a controller, or name=NAME.
 */
int cgroups_new_v1(const struct proc_root *root, const char *option, struct cgroups **ret_cgroups);

/*
 * cgroups_resolve - what a user calls a cgroup to its id and its depth below the root of the
 * hierarchy (root: 0). `name` is the path of its directory, or a path from the root of v2 with or
 * without a leading slash; a directory that exists and is a v2 cgroup wins. `cgroups` may be NULL:
 * directories alone. -ENOENT   no such cgroup, or an empty name -ENOTDIR  not a directory -ENOTSUP
 * it exists, but not on cgroup v2: a v1 controller's, or any directory -ENODEV   `cgroups` is NULL
 * and `name` is no v2 directory -EXDEV    its depth is not known: the root of the hierarchy is not
 * visible here (cgroup namespace)
 */
int cgroups_resolve(const struct cgroups *cgroups, const char *name, uint64_t *ret_id,
		    uint32_t *ret_depth);

/*
 * cgroups_path - path of a living cgroup from the root of the hierarchy, terminated, or NULL: not
 * known, removed, or we lack the CAP_DAC_READ_SEARCH that opening by id takes. Lent until the next
 * call. At most CGROUP_PATHS_MAX answers are kept, NULL ones too: an id does not come back.
 */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id);

/* cgroups_forget - looks each path up again, as after a renaming. */
void cgroups_forget(struct cgroups *cgroups);

/*
 * cgroups_of - id of the cgroup of the process whose directory is `dirfd`. 0; -ENOENT also when it
 * is not in the part of the hierarchy that is mounted here; -errno.
 */
int cgroups_of(const struct cgroups *cgroups, int dirfd, uint64_t *ret_id);
