#include "procfs/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "procfs/lines.h"
#include "procfs/mountinfo.h"

#define FILEID_KERNFS_TYPE                                                                         \
	0xfe /* include/linux/exportfs.h: the handle is the 64-bit id of the node */
#define DEPTH_MAX 1024 /* more than any cgroup is deep; bounds the walk to the root */
#define OPEN_DIR  (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* A remembered answer. Each id has one slot, and the last one to come stays. */
struct slot {
	uint64_t id; /* 0 = empty */
	char *path; /* NULL = it has none */
};

struct cgroups {
	int fd; /* of the mount; not O_PATH, which open_by_handle_at() does not take */
	char *root; /* what of the hierarchy is mounted, "" for all of it */
	char *point; /* where, as the kernel names it */
	struct slot slots[CGROUP_PATHS_MAX];
};

/* Bytes within a line. */
struct span {
	const char *bytes;
	size_t len;
};

/* Controllers have numbers from 1 on; v2 is line 0 and names none. */
static bool span_v2(const char *line, size_t len, struct span *ret_path)
{
	if (len < 4 || memcmp(line, "0::/", 4) != 0)
		return false;
	*ret_path = (struct span){.bytes = line + 3, .len = len - 3};
	return true;
}

static int visit_v2(void *context, const char *line, size_t len)
{
	return span_v2(line, len, context);
}

int cgroup_parse(const char *text, size_t len, const char **ret_path, size_t *ret_len)
{
	struct span path;

	/* mkdir refuses newlines in a cgroup's name, so a line cannot be forged. */
	if (!lines_each(text, len, visit_v2, &path))
		return -ENOENT;
	*ret_path = path.bytes;
	*ret_len = path.len;
	return 0;
}

static bool on(int fd, long magic)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == magic;
}

static bool on_cgroup2(int fd)
{
	return on(fd, CGROUP2_SUPER_MAGIC);
}

/* Path of an open directory as the kernel names it. False when it has none here. */
static bool name_of(int fd, char ret_path[MOUNT_PATH_BYTES])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), PROC_PATH "/self/fd/%d", fd);
	len = readlink(link, ret_path, MOUNT_PATH_BYTES - 1);
	if (len <= 0)
		return false;
	ret_path[len] = '\0';
	return true;
}

/* Best mount so far: the first that works, until one shows the whole hierarchy. */
struct search {
	const char *option; /* of a v1 hierarchy; NULL = v2 */
	int fd;
	char root[MOUNT_PATH_BYTES];
};

static bool has_option(const struct mount_line *mount, const char *option)
{
	const char *at = mount->options, *end = at + mount->options_len;
	size_t len = strlen(option);

	while (at < end) {
		const char *comma = memchr(at, ',', end - at);
		const char *stop = comma ? comma : end;

		if ((size_t)(stop - at) == len && !memcmp(at, option, len))
			return true;
		at = stop + 1;
	}
	return false;
}

static bool is_wanted(const struct search *search, const struct mount_line *mount)
{
	const char *type = search->option ? "cgroup" : "cgroup2";

	return mount->type_len == strlen(type) && !memcmp(mount->type, type, mount->type_len) &&
	       (!search->option || has_option(mount, search->option));
}

static int visit_mount(void *context, const char *line, size_t len)
{
	struct search *search = context;
	char point[MOUNT_PATH_BYTES];
	struct mount_line mount;
	bool whole;
	int fd;

	if (mountinfo_parse(line, len, &mount) || !is_wanted(search, &mount))
		return 0;
	whole = mount.root_len == 1;
	if ((search->fd >= 0 && !whole) || !mountinfo_unescape(mount.point, mount.point_len, point))
		return 0;
	fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Something else may be mounted over it. */
	if (fd < 0 || !on(fd, search->option ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC) ||
	    !mountinfo_unescape(mount.root, mount.root_len, search->root)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (search->fd >= 0)
		close(search->fd);
	search->fd = fd;
	return whole;
}

static int open_hierarchy(const struct proc_root *root, const char *option,
			  struct cgroups **ret_cgroups)
{
	struct search search = {.option = option, .fd = -1};
	char point[MOUNT_PATH_BYTES];
	struct cgroups *cgroups;
	int ret = lines_read(root->fd, "self/mountinfo", visit_mount, &search);

	if (search.fd < 0)
		return ret < 0 ? ret : -ENODEV;
	cgroups = calloc(1, sizeof(*cgroups));
	if (!cgroups) {
		close(search.fd);
		return -ENOMEM;
	}
	cgroups->fd = search.fd;
	cgroups->root = strdup(strcmp(search.root, "/") ? search.root : "");
	cgroups->point = strdup(name_of(search.fd, point) ? point : "");
	if (!cgroups->root || !cgroups->point) {
		cgroups_free(cgroups);
		return -ENOMEM;
	}
	*ret_cgroups = cgroups;
	return 0;
}

int cgroups_new(const struct proc_root *root, struct cgroups **ret_cgroups)
{
	return open_hierarchy(root, NULL, ret_cgroups);
}

int cgroups_new_v1(const struct proc_root *root, const char *option, struct cgroups **ret_cgroups)
{
	return open_hierarchy(root, option, ret_cgroups);
}

void cgroups_forget(struct cgroups *cgroups)
{
	for (size_t i = 0; i < CGROUP_PATHS_MAX; i++) {
		free(cgroups->slots[i].path);
		cgroups->slots[i] = (struct slot){.id = 0};
	}
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	cgroups_forget(cgroups);
	free(cgroups->root);
	free(cgroups->point);
	close(cgroups->fd);
	free(cgroups);
}

/*
 * Steps up until the inode is the root's. A path would not do: what is mounted may be a part of the
 * hierarchy, and then ".." leaves the file system before the root is reached.
 */
static int depth_of(int fd, uint64_t *ret_id, uint32_t *ret_depth)
{
	int at_fd = openat(fd, ".", OPEN_DIR);
	struct stat first, at;
	uint32_t depth = 0;
	int ret = at_fd < 0 || fstat(at_fd, &first) ? -errno : 0;

	for (at = first; !ret && at.st_ino != CGROUP_ID_ROOT; depth++) {
		int up_fd = openat(at_fd, "..", OPEN_DIR);

		if (up_fd < 0)
			ret = -errno;
		else if (fstat(up_fd, &at))
			ret = -errno;
		else if (at.st_dev != first.st_dev || depth == DEPTH_MAX)
			ret = -EXDEV;
		close(at_fd);
		at_fd = up_fd;
	}
	if (at_fd >= 0)
		close(at_fd);
	if (ret)
		return ret;
	*ret_id = first.st_ino;
	*ret_depth = depth;
	return 0;
}

static int resolve_at(int dirfd, const char *path, uint64_t *ret_id, uint32_t *ret_depth)
{
	int fd = openat(dirfd, path, OPEN_DIR);
	int ret;

	if (fd < 0)
		return -errno;
	ret = on_cgroup2(fd) ? depth_of(fd, ret_id, ret_depth) : -ENOTSUP;
	close(fd);
	return ret;
}

int cgroups_resolve(const struct cgroups *cgroups, const char *name, uint64_t *ret_id,
		    uint32_t *ret_depth)
{
	const char *inside = name + strspn(name, "/");
	int as_directory = -ENOENT;
	int ret;

	if (!*name)
		return -ENOENT;
	if (*name == '/')
		as_directory = resolve_at(AT_FDCWD, name, ret_id, ret_depth);
	if (!as_directory || as_directory == -EXDEV)
		return as_directory;
	if (!cgroups)
		return as_directory == -ENOENT ? -ENODEV : as_directory;
	ret = resolve_at(cgroups->fd, *inside ? inside : ".", ret_id, ret_depth);
	/* Nothing of that name in v2: then what was found outside says more. */
	return ret == -ENOENT ? as_directory : ret;
}

/* A path from the root of the mount, made one from the root of the hierarchy. */
static char *path_from_name(const struct cgroups *cgroups, const char *name)
{
	size_t skip = strlen(cgroups->point);
	char *path;

	if (strncmp(name, cgroups->point, skip) != 0 || (name[skip] && name[skip] != '/'))
		return NULL;
	if (!name[skip] && !*cgroups->root)
		return strdup("/");
	return asprintf(&path, "%s%s", cgroups->root, name + skip) < 0 ? NULL : path;
}

static char *path_by_handle(const struct cgroups *cgroups, uint64_t id)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
	} node = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS_TYPE}};
	char name[MOUNT_PATH_BYTES];
	char *path = NULL;
	int fd;

	memcpy(node.bytes + sizeof(struct file_handle), &id, sizeof(id));
	fd = open_by_handle_at(cgroups->fd, &node.handle, OPEN_DIR);
	if (fd < 0)
		return NULL;
	if (name_of(fd, name))
		path = path_from_name(cgroups, name);
	close(fd);
	return path;
}

/*
 * The files of a cgroup take their ids from the same row as the cgroups, so these are one stride
 * apart. Times the golden ratio, multiples of anything spread.
 */
static struct slot *slot_of(struct cgroups *cgroups, uint64_t id)
{
	return &cgroups->slots[(id * 0x9e3779b97f4a7c15u) >> 32 & (CGROUP_PATHS_MAX - 1)];
}

const char *cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	struct slot *slot = slot_of(cgroups, id);

	if (!id)
		return NULL;
	if (slot->id != id) {
		free(slot->path);
		slot->path = path_by_handle(cgroups, id);
		slot->id = id;
	}
	return slot->path;
}

struct membership {
	const struct cgroups *cgroups;
	uint64_t id;
};

/* "/.." leads out of our cgroup namespace, and as a path it would lead out of the mount. */
static int visit_membership(void *context, const char *line, size_t len)
{
	struct membership *membership = context;
	const char *root = membership->cgroups->root;
	size_t skip = strlen(root);
	char inside[LINE_BYTES_MAX];
	struct span path;
	struct stat at;

	if (!span_v2(line, len, &path))
		return 0;
	if (path.len < skip || memcmp(path.bytes, root, skip) != 0 ||
	    (path.len > skip && path.bytes[skip] != '/') ||
	    (path.len >= 3 && !memcmp(path.bytes, "/..", 3)))
		return -ENOENT;
	snprintf(inside, sizeof(inside), ".%.*s", (int)(path.len - skip), path.bytes + skip);
	if (fstatat(membership->cgroups->fd, inside, &at, 0))
		return -errno;
	membership->id = at.st_ino;
	return 1;
}

int cgroups_of(const struct cgroups *cgroups, int dirfd, uint64_t *ret_id)
{
	struct membership membership = {.cgroups = cgroups};
	int ret = lines_read(dirfd, "cgroup", visit_membership, &membership);

	if (ret != 1)
		return ret ? ret : -ENOENT;
	*ret_id = membership.id;
	return 0;
}
