#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/output.h"

static char directory[] = "/tmp/test_output_file.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_holds(const char *name, const char *text)
{
	char bytes[256];
	FILE *file = fopen(path_of(name), "r");
	size_t n;

	assert_non_null(file);
	n = fread(bytes, 1, sizeof(bytes) - 1, file);
	fclose(file);
	bytes[n] = '\0';
	assert_string_equal(bytes, text);
}

static int open_named(const char *name, int *ret_fd)
{
	char error[256] = "";
	int result = output_open(path_of(name), ret_fd, error, sizeof(error));

	if (result < 0) {
		assert_true(strlen(error) > 0);
		assert_null(strchr(error, '\n'));
	}
	return result;
}

static void a_new_file_is_for_its_owner_alone(void **state)
{
	struct stat stat;
	int fd;

	umask(0);
	assert_int_equal(open_named("new", &fd), 0);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	close(fd);
}

static void a_recording_is_appended_to(void **state)
{
	struct stat stat;
	int fd;

	put("ours", "{\"type\":\"start\",\"schema\":1}\n");
	assert_int_equal(chmod(path_of("ours"), 0644), 0);
	assert_int_equal(open_named("ours", &fd), 0);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	assert_int_equal(write(fd, "more\n", 5), 5);
	close(fd);
	assert_holds("ours", "{\"type\":\"start\",\"schema\":1}\nmore\n");
}

static void half_a_line_is_ended_first(void **state)
{
	int fd;

	put("cut", "{\"type\":\"start\",\"schema\":1}\n{\"type\":\"fo");
	assert_int_equal(open_named("cut", &fd), 0);
	assert_int_equal(write(fd, "more\n", 5), 5);
	close(fd);
	assert_holds("cut", "{\"type\":\"start\",\"schema\":1}\n{\"type\":\"fo\nmore\n");
}

static void what_is_no_recording_is_left_alone(void **state)
{
	int fd = -1;

	put("diary", "dear diary, today I did not append JSON to myself\n");
	assert_int_equal(open_named("diary", &fd), -EEXIST);
	assert_int_equal(fd, -1);
	assert_holds("diary", "dear diary, today I did not append JSON to myself\n");
}

static void no_link_is_followed(void **state)
{
	char target[128];
	int fd = -1;

	put("target", "");
	snprintf(target, sizeof(target), "%s", path_of("target"));
	assert_int_equal(symlink(target, path_of("link")), 0);
	assert_int_equal(open_named("link", &fd), -ELOOP);
	assert_int_equal(symlink("nowhere", path_of("dangling")), 0);
	assert_int_equal(open_named("dangling", &fd), -ELOOP);
	assert_int_equal(access(path_of("nowhere"), F_OK), -1);
	assert_int_equal(link(target, path_of("second")), 0);
	assert_int_equal(open_named("second", &fd), -EEXIST);
	assert_int_equal(fd, -1);
}

static void only_plain_files(void **state)
{
	int fd = -1;

	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(open_named("fifo", &fd), -EEXIST);
	assert_int_equal(open_named(".", &fd), -EISDIR);
	assert_int_equal(open_named("no/such", &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

static int make_directory(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"new",  "ours",	"cut",	  "diary", "target",
					    "link", "dangling", "second", "fifo"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_is_for_its_owner_alone),
		cmocka_unit_test(a_recording_is_appended_to),
		cmocka_unit_test(half_a_line_is_ended_first),
		cmocka_unit_test(what_is_no_recording_is_left_alone),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(only_plain_files),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
