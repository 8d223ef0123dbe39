#include "procfs/cgroup_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "procfs/cgroup.h"
#include "procfs/lines.h"

struct key {
	uint64_t id;
	uint32_t hierarchy;
	uint32_t pad;
};

struct name {
	UT_hash_handle hh;
	struct key key;
	char path[];
};

/* In the order in which they are looked at, which is of no consequence. */
static const char *const v1_options[] = {"memory", "name=systemd"};
#define V1_CNT (sizeof(v1_options) / sizeof(*v1_options))

struct cgroup_names {
	struct name *told; /* oldest first */
	struct cgroups *v2; /* NULL: not mounted */
	struct {
		uint32_t hierarchy; /* 0 = there is none */
		struct cgroups *cgroups;
	} v1[V1_CNT];
};

/* "4:cpu,memory:/path": whether the list between the colons names `option`. */
static bool names_option(const char *list, size_t len, const char *option)
{
	size_t want = strlen(option);

	while (len) {
		const char *comma = memchr(list, ',', len);
		size_t word = comma ? (size_t)(comma - list) : len;

		if (word == want && !memcmp(list, option, want))
			return true;
		word += comma != NULL;
		list += word;
		len -= word;
	}
	return false;
}

/* A hierarchy keeps its number as long as it is in use. */
static int visit_hierarchy(void *context, const char *line, size_t len)
{
	struct cgroup_names *names = context;
	const char *end = line + len, *at = line, *list, *colon;
	uint64_t hierarchy;

	if (!lines_number(&at, end, 10, &hierarchy) || at == end || *at != ':')
		return 0;
	list = at + 1;
	colon = memchr(list, ':', end - list);
	for (size_t i = 0; colon && i < V1_CNT; i++)
		if (names_option(list, colon - list, v1_options[i]))
			names->v1[i].hierarchy = hierarchy;
	return 0;
}

struct cgroup_names *cgroup_names_new(const struct proc_root *root)
{
	struct cgroup_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	(void)cgroups_new(root, &names->v2);
	(void)lines_read(root->fd, "self/cgroup", visit_hierarchy, names);
	for (size_t i = 0; i < V1_CNT; i++)
		if (names->v1[i].hierarchy)
			(void)cgroups_new_v1(root, v1_options[i], &names->v1[i].cgroups);
	return names;
}

static void name_drop(struct cgroup_names *names, struct name *name)
{
	HASH_DEL(names->told, name);
	free(name);
}

void cgroup_names_free(struct cgroup_names *names)
{
	struct name *name, *next;

	if (!names)
		return;
	HASH_ITER (hh, names->told, name, next)
		name_drop(names, name);
	cgroups_free(names->v2);
	for (size_t i = 0; i < V1_CNT; i++)
		cgroups_free(names->v1[i].cgroups);
	free(names);
}

static struct name *name_find(const struct cgroup_names *names, uint32_t hierarchy, uint64_t id)
{
	const struct key key = {.id = id, .hierarchy = hierarchy};
	struct name *name;

	HASH_FIND(hh, names->told, &key, sizeof(key), name);
	return name;
}

int cgroup_names_learn(struct cgroup_names *names, uint32_t hierarchy, uint64_t id,
		       const char *path)
{
	struct name *name = name_find(names, hierarchy, id);
	size_t bytes = strlen(path) + 1;

	if (name)
		name_drop(names, name);
	if (HASH_COUNT(names->told) >= CGROUP_NAMES_MAX)
		name_drop(names, names->told);
	name = calloc(1, sizeof(*name) + bytes);
	if (!name)
		return -ENOMEM;
	name->key = (struct key){.id = id, .hierarchy = hierarchy};
	memcpy(name->path, path, bytes);
	HASH_ADD(hh, names->told, key, sizeof(name->key), name);
	if (name->hh.tbl)
		return 0;
	free(name);
	return -ENOMEM;
}

static struct cgroups *mounted(const struct cgroup_names *names, uint32_t hierarchy)
{
	if (!hierarchy)
		return names->v2;
	for (size_t i = 0; i < V1_CNT; i++)
		if (names->v1[i].hierarchy == hierarchy)
			return names->v1[i].cgroups;
	return NULL;
}

void cgroup_names_forget(struct cgroup_names *names, uint32_t hierarchy)
{
	struct cgroups *cgroups = mounted(names, hierarchy);
	struct name *name, *next;

	HASH_ITER (hh, names->told, name, next)
		if (name->key.hierarchy == hierarchy)
			name_drop(names, name);
	if (cgroups)
		cgroups_forget(cgroups);
}

const char *cgroup_names_find(struct cgroup_names *names, uint32_t hierarchy, uint64_t id)
{
	const struct name *name = name_find(names, hierarchy, id);
	struct cgroups *cgroups = mounted(names, hierarchy);

	if (name)
		return name->path;
	if (id == CGROUP_ID_ROOT)
		return "/";
	return cgroups ? cgroups_path(cgroups, id) : NULL;
}
