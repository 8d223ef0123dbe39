#include "record/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES "{\"type\":\"start\","

static int fail(char *ret_error, size_t size, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error, size, format, args);
	va_end(args);
	return error;
}

/* The ids of the user behind sudo, or of the caller. */
static void owner_of(uid_t *ret_uid, gid_t *ret_gid)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");

	*ret_uid = getuid();
	*ret_gid = getgid();
	if (getuid() != 0 || !uid || !gid)
		return;
	*ret_uid = strtoul(uid, NULL, 10);
	*ret_gid = strtoul(gid, NULL, 10);
}

/* What it will hold is nobody else's business, whoever made it. */
static int keep_private(int fd, const char *path, char *ret_error, size_t size)
{
	if (fchmod(fd, 0600) == 0)
		return 0;
	return fail(ret_error, size, -errno, "cannot keep '%s' from others: %s", path,
		    strerror(errno));
}

/* May we append? The file is open, so what is checked is what will be written. */
static int check_old(int fd, const char *path, char *ret_error, size_t size)
{
	char first[sizeof(FIRST_BYTES) - 1], last = '\n';
	struct stat stat;
	uid_t uid;
	gid_t gid;

	owner_of(&uid, &gid);
	if (fstat(fd, &stat) < 0)
		return fail(ret_error, size, -errno, "cannot look at '%s': %s", path,
			    strerror(errno));
	if (!S_ISREG(stat.st_mode) || stat.st_nlink != 1)
		return fail(ret_error, size, -EEXIST,
			    "'%s' is not a plain file with one link; name another, or use "
			    "-o - and a pipe",
			    path);
	if (stat.st_uid != uid && stat.st_uid != getuid())
		return fail(ret_error, size, -EEXIST,
			    "'%s' belongs to somebody else; name another file", path);
	if (stat.st_size == 0)
		return keep_private(fd, path, ret_error, size);
	if (pread(fd, first, sizeof(first), 0) != sizeof(first) ||
	    memcmp(first, FIRST_BYTES, sizeof(first)) != 0)
		return fail(ret_error, size, -EEXIST,
			    "'%s' exists and is no recording; remove it or name another file",
			    path);
	if (keep_private(fd, path, ret_error, size) < 0)
		return -EPERM;
	/* A run that was killed in mid-write left half a line: ours begins on its own. */
	if (pread(fd, &last, 1, stat.st_size - 1) == 1 && last != '\n' && write(fd, "\n", 1) != 1)
		return fail(ret_error, size, -errno, "cannot write to '%s': %s", path,
			    strerror(errno));
	return 0;
}

int output_open(const char *path, int *ret_fd, char *ret_error, size_t size)
{
	int fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
		     0600);
	int error = 0;
	uid_t uid;
	gid_t gid;

	if (fd >= 0) {
		owner_of(&uid, &gid);
		if (fchown(fd, uid, gid) < 0)
			error = fail(ret_error, size, -errno, "cannot give '%s' to its owner: %s",
				     path, strerror(errno));
	} else if (errno == EEXIST) {
		fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0)
			error = check_old(fd, path, ret_error, size);
	}
	if (fd < 0)
		return fail(ret_error, size, -errno,
			    errno == ELOOP ? "'%s' is a symbolic link; name the file itself"
					   : "cannot open '%s': %s",
			    path, strerror(errno));
	if (error)
		close(fd);
	else
		*ret_fd = fd;
	return error;
}
