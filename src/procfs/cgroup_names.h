/*
 * Paths of cgroups by hierarchy and id, of those that are gone by now as well: what the kernel half told
 * when they were made comes first, what the mounts show of living ones second.
 */
#pragma once

#include <stdint.h>

#include "procfs/proc.h"

#define CGROUP_NAMES_MAX 8192 /* told ones that are kept; a new one pushes the oldest out */

struct cgroup_names;

/*
 * cgroup_names_new - with the mounts of v2, and of v1's memory and name=systemd, as far as there are
 * any. NULL when out of memory.
 */
struct cgroup_names *cgroup_names_new(const struct proc_root *root);
void cgroup_names_free(struct cgroup_names *names);

/*
 * cgroup_names_learn - the cgroup was made, or has another name. `hierarchy` as /proc/PID/cgroup
 * numbers it (0 = v2); `path` from its root, terminated. 0 or -ENOMEM: then it is not known.
 */
int cgroup_names_learn(struct cgroup_names *names, uint32_t hierarchy, uint64_t id,
		       const char *path);

/* cgroup_names_forget - all paths of the hierarchy: a cgroup has another name, and so has what is below. */
void cgroup_names_forget(struct cgroup_names *names, uint32_t hierarchy);

/* cgroup_names_find - the path, or NULL: not known. Lent until the next call. */
const char *cgroup_names_find(struct cgroup_names *names, uint32_t hierarchy, uint64_t id);
