#include "procfs/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "procfs/lines.h"
#include "procfs/mountinfo.h"

static void expect_path(const char *text, const char *want)
{
	const char *path = NULL;
	size_t len = 0;
	int ret = cgroup_parse(text, strlen(text), &path, &len);

	if (!want) {
		assert_int_equal(ret, -ENOENT);
		return;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(path, want, len);
}

static void test_parse(void **state)
{
	expect_path("0::/\n", "/");
	expect_path("0::/a/b (deleted)\n", "/a/b (deleted)");
	expect_path("12:memory:/m\n1:name=systemd:/\n0::/user.slice/a b:c\n", "/user.slice/a b:c");
	expect_path("0::/../other\n", "/../other");
	expect_path("12:memory:/m\n1:name=systemd:/0::/\n", NULL);
	expect_path("10::/x\n", NULL);
	expect_path("0::\n", NULL);
	expect_path("", NULL);
}

static void test_parse_truncated(void **state)
{
	static const char text[] = "1:cpu:/\n0::/a/b\n";

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		char *copy = malloc(cut + 1);
		const char *path;
		size_t len;

		memcpy(copy + 1, text, cut);
		assert_int_equal(cgroup_parse(copy + 1, cut, &path, &len),
				 cut < sizeof(text) - 1 ? -ENOENT : 0);
		free(copy);
	}
}

#define MOUNT_LINE                                                                                 \
	"41 31 0:38 /a\\040b /sys/x\\134y rw,nosuid shared:9 master:1 - cgroup2 cg rw,nsdelegate"

static void test_mount(void **state)
{
	struct mount_line mount;
	char path[MOUNT_PATH_BYTES];

	assert_int_equal(mountinfo_parse(MOUNT_LINE, strlen(MOUNT_LINE), &mount), 0);
	assert_int_equal(mount.dev_major, 0);
	assert_int_equal(mount.dev_minor, 38);
	assert_true(mountinfo_unescape(mount.root, mount.root_len, path));
	assert_string_equal(path, "/a b");
	assert_true(mountinfo_unescape(mount.point, mount.point_len, path));
	assert_string_equal(path, "/sys/x\\y");
	assert_int_equal(mount.type_len, 7);
	assert_memory_equal(mount.type, "cgroup2", 7);
	assert_int_equal(mount.options_len, strlen("rw,nsdelegate"));
}

static void test_mount_truncated(void **state)
{
	size_t whole = strlen(MOUNT_LINE);
	size_t options = whole - strlen("rw,nsdelegate");
	struct mount_line mount;

	for (size_t cut = 0; cut <= whole; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy + 1, MOUNT_LINE, cut);
		assert_int_equal(mountinfo_parse(copy + 1, cut, &mount),
				 cut > options ? 0 : -EBADMSG);
		free(copy);
	}
}

static void test_unescape_bounds(void **state)
{
	char text[MOUNT_PATH_BYTES + 8];
	char path[MOUNT_PATH_BYTES];

	memset(text, 'a', sizeof(text));
	assert_true(mountinfo_unescape(text, MOUNT_PATH_BYTES - 1, path));
	assert_int_equal(strlen(path), MOUNT_PATH_BYTES - 1);
	assert_false(mountinfo_unescape(text, MOUNT_PATH_BYTES, path));
	assert_true(mountinfo_unescape("a\\04", 4, path));
	assert_string_equal(path, "a\\04");
	assert_true(mountinfo_unescape("\\999", 4, path));
	assert_string_equal(path, "\\999");
}

static void write_file(int dirfd, const char *path, const char *text)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A root whose own mount has `options`, read by one with the capabilities of `status`. */
static bool hides(const char *options, uint64_t cap_effective)
{
	char dir[] = "/tmp/test_cgroup.XXXXXX";
	char text[2048], status[1024];
	struct proc_root root;
	struct stat at;
	bool ret;

	assert_non_null(mkdtemp(dir));
	root.fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(fstat(root.fd, &at), 0);
	assert_int_equal(mkdirat(root.fd, "self", 0700), 0);
	snprintf(text, sizeof(text),
		 "1 1 0:1 / / rw - tmpfs hidepid=2 rw,hidepid=2\n"
		 "2 1 %u:%u / /proc rw,hidepid=2 - proc hidepid=2 %s\n",
		 major(at.st_dev), minor(at.st_dev), options);
	write_file(root.fd, "self/mountinfo", text);
	snprintf(status, sizeof(status),
		 "State:\tS\nTgid:\t1\nPid:\t1\nPPid:\t0\nTracerPid:\t0\nUid:\t0\nGid:\t0\n"
		 "Threads:\t1\nSigPnd:\t0\nShdPnd:\t0\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n"
		 "CapEff:\t%" PRIx64 "\n",
		 cap_effective);
	write_file(root.fd, "self/status", status);
	ret = mountinfo_hides_pids(&root);
	unlinkat(root.fd, "self/mountinfo", 0);
	unlinkat(root.fd, "self/status", 0);
	unlinkat(root.fd, "self", AT_REMOVEDIR);
	close(root.fd);
	rmdir(dir);
	return ret;
}

static void test_hidepid(void **state)
{
	assert_false(hides("rw", 0));
	assert_true(hides("rw,hidepid=2", 0));
	assert_true(hides("rw,gid=5,hidepid=invisible", 0));
	assert_true(hides("hidepid=ptraceable,subset=pid", 0));
	assert_false(hides("rw,hidepid=0", 0));
	assert_false(hides("rw,hidepid=off", 0));
	assert_false(hides("rw,xhidepid=2", 0));
	assert_false(hides("rw,hidepid=2", 1 << 19));
}

/* The v2 hierarchy that is mounted here; skips where there is none. */
static struct cgroups *live_cgroups(void)
{
	struct proc_root root;
	struct cgroups *cgroups = NULL;
	int ret;

	assert_int_equal(proc_root_init(&root, NULL), 0);
	ret = cgroups_new(&root, &cgroups);
	proc_root_release(&root);
	if (ret == -ENODEV) {
		print_message("no cgroup v2 mounted\n");
		skip();
	}
	assert_int_equal(ret, 0);
	return cgroups;
}

static void test_live_root(void **state)
{
	struct cgroups *cgroups = live_cgroups();
	uint64_t id = 0;
	uint32_t depth = 9;
	int ret = cgroups_resolve(cgroups, "/", &id, &depth);

	if (ret == -EXDEV) {
		cgroups_free(cgroups);
		print_message("the root of the hierarchy is not visible\n");
		skip();
	}
	assert_int_equal(ret, 0);
	assert_int_equal(id, CGROUP_ID_ROOT);
	assert_int_equal(depth, 0);
	cgroups_free(cgroups);
}

static void test_live_errors(void **state)
{
	struct cgroups *cgroups = live_cgroups();
	uint64_t id;
	uint32_t depth;

	assert_int_equal(cgroups_resolve(cgroups, "", &id, &depth), -ENOENT);
	assert_int_equal(cgroups_resolve(cgroups, "no/such", &id, &depth), -ENOENT);
	assert_int_equal(cgroups_resolve(cgroups, "/no/such", &id, &depth), -ENOENT);
	assert_int_equal(cgroups_resolve(cgroups, "/proc/self", &id, &depth), -ENOTSUP);
	assert_int_equal(cgroups_resolve(cgroups, "/proc/self/stat", &id, &depth), -ENOTDIR);
	assert_int_equal(cgroups_resolve(cgroups, "cgroup.procs", &id, &depth), -ENOTDIR);
	assert_int_equal(cgroups_resolve(NULL, "no/such", &id, &depth), -ENODEV);
	assert_int_equal(cgroups_resolve(NULL, "/tmp", &id, &depth), -ENOTSUP);
	assert_null(cgroups_path(cgroups, 0));
	assert_null(cgroups_path(cgroups, UINT64_C(0xffffffffffff)));
	cgroups_free(cgroups);
}

static void test_no_v2(void **state)
{
	struct proc_root root;
	struct cgroups *cgroups;

	assert_int_equal(proc_root_init(&root, "tests/fixtures/proc/plain"), 0);
	assert_int_equal(cgroups_new(&root, &cgroups), -ENODEV);
	proc_root_release(&root);
}

static int visit_point(void *context, const char *line, size_t len)
{
	struct mount_line mount;

	if (mountinfo_parse(line, len, &mount) || mount.type_len != 7 ||
	    memcmp(mount.type, "cgroup2", 7) != 0 || mount.root_len != 1)
		return 0;
	return mountinfo_unescape(mount.point, mount.point_len, context);
}

static bool mount_point(char point[MOUNT_PATH_BYTES])
{
	return lines_read(AT_FDCWD, "/proc/self/mountinfo", visit_point, point) == 1;
}

/* Makes a/b below the root of v2; skips where that may not be. */
static void make_nested(char *ret_point, char *ret_name, char *ret_dir)
{
	if (!mount_point(ret_point)) {
		print_message("no cgroup v2 mounted\n");
		skip();
	}
	sprintf(ret_name, "test_cgroup.%d", (int)getpid());
	sprintf(ret_dir, "%s/%s", ret_point, ret_name);
	if (mkdir(ret_dir, 0755)) {
		print_message("cannot make %s: %s\n", ret_dir, strerror(errno));
		skip();
	}
	strcat(ret_dir, "/b c");
	strcat(ret_name, "/b c");
	assert_int_equal(mkdir(ret_dir, 0755), 0);
}

static void test_live_nested(void **state)
{
	static char point[MOUNT_PATH_BYTES], dir[MOUNT_PATH_BYTES + 64];
	char name[64], slashed[72];
	struct cgroups *cgroups;
	uint64_t id, same;
	uint32_t depth;
	struct stat at;
	int ret, by_dir, by_slash;
	const char *path;

	make_nested(point, name, dir);
	cgroups = live_cgroups();
	sprintf(slashed, "/%s", name);
	assert_int_equal(stat(dir, &at), 0);
	ret = cgroups_resolve(cgroups, name, &id, &depth);
	by_slash = cgroups_resolve(cgroups, slashed, &same, &depth);
	by_dir = cgroups_resolve(NULL, dir, &same, &depth);
	path = cgroups_path(cgroups, at.st_ino);
	/* Removed: the answer is kept, another instance has none. */
	assert_int_equal(rmdir(dir), 0);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(ret, 0);
	assert_int_equal(by_slash, 0);
	assert_int_equal(by_dir, 0);
	assert_int_equal(id, at.st_ino);
	assert_int_equal(same, at.st_ino);
	assert_int_equal(depth, 2);
	if (path)
		assert_string_equal(path, slashed);
	else
		print_message("opening by id is not allowed here\n");
	assert_int_equal(cgroups_resolve(cgroups, name, &id, &depth), -ENOENT);
	cgroups_free(cgroups);
	cgroups = live_cgroups();
	assert_null(cgroups_path(cgroups, at.st_ino));
	cgroups_free(cgroups);
}

static void test_live_membership(void **state)
{
	struct cgroups *cgroups = live_cgroups();
	int dirfd = open("/proc/self", O_RDONLY | O_DIRECTORY);
	uint64_t id = 0;
	const char *path;
	char text[LINE_BYTES_MAX];
	int len = proc_read_at(dirfd, "cgroup", text, sizeof(text));
	const char *own;
	size_t own_len;

	assert_true(len > 0);
	assert_int_equal(cgroup_parse(text, (size_t)len, &own, &own_len), 0);
	assert_int_equal(cgroups_of(cgroups, dirfd, &id), 0);
	path = cgroups_path(cgroups, id);
	if (path) {
		assert_int_equal(strlen(path), own_len);
		assert_memory_equal(path, own, own_len);
		assert_ptr_equal(cgroups_path(cgroups, id), path);
	}
	close(dirfd);
	cgroups_free(cgroups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),		cmocka_unit_test(test_parse_truncated),
		cmocka_unit_test(test_mount),		cmocka_unit_test(test_mount_truncated),
		cmocka_unit_test(test_unescape_bounds), cmocka_unit_test(test_hidepid),
		cmocka_unit_test(test_live_root),	cmocka_unit_test(test_live_errors),
		cmocka_unit_test(test_no_v2),		cmocka_unit_test(test_live_nested),
		cmocka_unit_test(test_live_membership),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
