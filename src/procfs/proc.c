#include "procfs/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/lines.h"
#include "procfs/status.h"

#define NS_PER_S 1000000000ll

/* "boottime      -86400         0": seconds and nanoseconds (kernel/time/namespace.c). */
static int visit_timens(void *context, const char *line, size_t len)
{
	static const char name[] = "boottime";
	const char *end = line + len;
	const char *at = line + sizeof(name) - 1;
	uint64_t s, ns;
	bool negative;

	if (len < sizeof(name) || memcmp(line, name, sizeof(name) - 1) != 0)
		return 0;
	while (at < end && *at == ' ')
		at++;
	negative = at < end && *at == '-';
	at += negative;
	if (!lines_number(&at, end, 10, &s) || !lines_number(&at, end, 10, &ns) || s > INT32_MAX)
		return -EBADMSG;
	*(int64_t *)context = (negative ? -(int64_t)s : (int64_t)s) * NS_PER_S + (int64_t)ns;
	return 1;
}

static uint32_t read_self(const struct proc_root *root)
{
	char target[16];
	ssize_t len = readlinkat(root->fd, "self", target, sizeof(target) - 1);

	if (len <= 0)
		return 0;
	target[len] = '\0';
	return (uint32_t)strtoul(target, NULL, 10);
}

/*
 * The namespace of a mount is that of its pid 1. Where that link may not be read, it is our own if
 * the mount shows no number of ours below it.
 */
static uint32_t read_pid_ns(const struct proc_root *root)
{
	struct status status;
	uint32_t inode = 0;

	if (!proc_read_ns(root->fd, "1/ns/pid", &inode))
		return inode;
	if (root->self_pid && !status_read(root->fd, "self/status", &status) && status.ns_cnt == 1)
		proc_read_ns(root->fd, "self/ns/pid", &inode);
	return inode;
}

int proc_root_init(struct proc_root *ret_root, const char *path)
{
	struct proc_root root = {.tick_ns = (uint64_t)(NS_PER_S / sysconf(_SC_CLK_TCK))};

	root.fd = open(path ? path : PROC_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0) {
		ret_root->fd = -1;
		return -errno;
	}
	root.self_pid = read_self(&root);
	root.pid_ns = read_pid_ns(&root);
	lines_read(root.fd, "self/timens_offsets", visit_timens, &root.boot_offset_ns);
	*ret_root = root;
	return 0;
}

void proc_root_release(struct proc_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

bool proc_root_initial(const struct proc_root *root)
{
	return root->pid_ns == PROC_PID_NS_INITIAL;
}

uint64_t proc_start_ns(const struct proc_root *root, uint64_t start_ticks)
{
	int64_t start_ns = (int64_t)(start_ticks * root->tick_ns) - root->boot_offset_ns;

	return start_ns > 0 ? (uint64_t)start_ns : 0;
}

bool proc_start_matches(const struct proc_root *root, uint64_t start_ns, uint64_t start_ticks)
{
	int64_t shifted_ns = (int64_t)start_ns + root->boot_offset_ns;
	uint64_t ticks = shifted_ns > 0 ? (uint64_t)shifted_ns / root->tick_ns : 0;

	return ticks > start_ticks ? ticks - start_ticks <= 1 : start_ticks - ticks <= 1;
}

/* Reads until the end or until `size` is full, whichever is first. */
static ssize_t read_full(int fd, char *ret_bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, ret_bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		/* What seq_file returns at once is all of it as long as it does not fill the
		 * buffer. */
		if (len < size)
			break;
	}
	return (ssize_t)len;
}

int proc_read_at(int dirfd, const char *path, char *ret_text, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read_full(fd, ret_text, size);
	close(fd);
	if (len == (ssize_t)size)
		return -E2BIG;
	if (len >= 0)
		ret_text[len] = '\0';
	return (int)len;
}

int proc_read_pid(const struct proc_root *root, uint32_t pid, const char *name, char *ret_text,
		  size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "%u/%s", pid, name);
	return proc_read_at(root->fd, path, ret_text, size);
}

int proc_open_pid(const struct proc_root *root, uint32_t pid)
{
	char path[16];
	int fd;

	snprintf(path, sizeof(path), "%u", pid);
	fd = openat(root->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int proc_read_ns(int dirfd, const char *path, uint32_t *ret_inode)
{
	char target[64];
	ssize_t len = readlinkat(dirfd, path, target, sizeof(target));
	const char *at = len > 0 ? memchr(target, '[', (size_t)len) : NULL;
	uint64_t inode;

	if (len < 0)
		return -errno;
	if (!at++ || !lines_number(&at, target + len, 10, &inode) || inode > UINT32_MAX)
		return -EBADMSG;
	*ret_inode = (uint32_t)inode;
	return 0;
}

int proc_boot_id(const struct proc_root *root, char ret_id[PROC_BOOT_ID_BYTES])
{
	char text[PROC_BOOT_ID_BYTES + 8];
	int len = proc_read_at(root->fd, "sys/kernel/random/boot_id", text, sizeof(text));

	if (len < 0)
		return len;
	if (len != PROC_BOOT_ID_BYTES || text[PROC_BOOT_ID_BYTES - 1] != '\n')
		return -EBADMSG;
	text[PROC_BOOT_ID_BYTES - 1] = '\0';
	memcpy(ret_id, text, PROC_BOOT_ID_BYTES);
	return 0;
}

int proc_pid_max(const struct proc_root *root, uint32_t *ret_max)
{
	char text[32];
	const char *at = text;
	uint64_t max;
	int len = proc_read_at(root->fd, "sys/kernel/pid_max", text, sizeof(text));

	if (len < 0)
		return len;
	if (!lines_number(&at, text + len, 10, &max) || *at != '\n' || max > INT_MAX)
		return -EBADMSG;
	*ret_max = (uint32_t)max;
	return 0;
}

static int visit_btime(void *context, const char *line, size_t len)
{
	static const char name[] = "btime ";
	const char *at = line + sizeof(name) - 1;

	if (len < sizeof(name) || memcmp(line, name, sizeof(name) - 1) != 0)
		return 0;
	return lines_number(&at, line + len, 10, context) ? 1 : -EBADMSG;
}

int proc_btime(const struct proc_root *root, uint64_t *ret_s)
{
	int ret = lines_read(root->fd, "stat", visit_btime, ret_s);

	if (ret == 1)
		return 0;
	return ret ? ret : -EBADMSG;
}

int proc_walk_init(struct proc_walk *ret_walk, const struct proc_root *root)
{
	/* A descriptor of its own: the position belongs to the open file. */
	int fd = openat(root->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -error;
	}
	ret_walk->dir = dir;
	return 0;
}

void proc_walk_release(struct proc_walk *walk)
{
	if (walk->dir)
		closedir(walk->dir);
	walk->dir = NULL;
}

void proc_walk_rewind(struct proc_walk *walk)
{
	rewinddir(walk->dir);
}

int proc_walk_next(struct proc_walk *walk, uint32_t *ret_pid)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(walk->dir))) {
		const char *at = entry->d_name;
		const char *end = at + strlen(at);
		uint64_t pid;

		if (lines_number(&at, end, 10, &pid) && at == end && pid && pid <= INT_MAX) {
			*ret_pid = (uint32_t)pid;
			return 1;
		}
	}
	return -errno;
}
