#include "procfs/cmdline.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "procfs/stat.h"

/* Each read copies what it can get at once, so that only 0 is the end. */
static ssize_t read_all(int fd, char *ret_bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, ret_bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static int read_args(int dirfd, char *ret_bytes, size_t size, size_t *ret_len, bool *ret_cut)
{
	int fd = openat(dirfd, "cmdline", O_RDONLY | O_CLOEXEC);
	char more;
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	len = read_all(fd, ret_bytes, size);
	if (len >= 0) {
		*ret_len = (size_t)len;
		*ret_cut = (size_t)len == size && read(fd, &more, 1) == 1;
	}
	close(fd);
	return len < 0 ? (int)len : 0;
}

int cmdline_read(const struct proc_root *root, struct pt_identity who, char *ret_bytes, size_t size,
		 size_t *ret_len, bool *ret_cut)
{
	int dirfd = proc_open_pid(root, who.tgid);
	struct stat_line stat;
	int ret;

	if (dirfd < 0)
		return stat_gone(dirfd) ? -ESRCH : dirfd;
	ret = stat_read_at(dirfd, &stat);
	if (stat_gone(ret) || (!ret && !proc_start_matches(root, who.start_ns, stat.start_ticks)))
		ret = -ESRCH;
	if (!ret)
		ret = read_args(dirfd, ret_bytes, size, ret_len, ret_cut);
	close(dirfd);
	return ret;
}
