#include "procfs/status.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "procfs/lines.h"
#include "procfs/proc.h"

static char *fixture(const char *path, size_t *ret_len)
{
	static char text[65536];
	int len = proc_read_at(AT_FDCWD, path, text, sizeof(text));

	assert_true(len > 0);
	*ret_len = (size_t)len;
	return text;
}

static void test_plain(void **state)
{
	struct status status;

	assert_int_equal(status_read(AT_FDCWD, "tests/fixtures/proc/plain/100/status", &status), 0);
	assert_int_equal(status.tgid, 100);
	assert_int_equal(status.pid, 100);
	assert_int_equal(status.ppid, 1);
	assert_int_equal(status.tracer_pid, 105);
	assert_int_equal(status.state, 'R');
	assert_int_equal(status.uid, 1000);
	assert_int_equal(status.gid, 1001);
	assert_int_equal(status.threads_cnt, 1);
	assert_int_equal(status.ns_cnt, 3);
	assert_int_equal(status.ns_pid[0], 100);
	assert_int_equal(status.ns_pid[2], 1);
	assert_int_equal(status.pending, 0);
	assert_int_equal(status.shared_pending, 0x10000);
	assert_int_equal(status.blocked, 0x10002);
	assert_int_equal(status.ignored, 0x1000);
	assert_int_equal(status.caught, 0x4b817efb);
	assert_true(status.cap_effective == 0x1ffffffffff);
}

/* Not a prefix of the text up to the last line that is needed is taken. */
static void test_truncated(void **state)
{
	size_t len;
	const char *text = fixture("tests/fixtures/proc/plain/100/status", &len);
	const char *last = strstr(text, "\nCapEff:") + 1;
	size_t need = (size_t)(strchr(last, '\n') + 1 - text);
	struct status status;

	for (size_t cut = 0; cut <= len; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy + 1, text, cut);
		assert_int_equal(status_parse(copy + 1, cut, &status), cut < need ? -EBADMSG : 0);
		free(copy);
	}
}

static void replace(char *ret_text, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	sprintf(ret_text, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void test_malformed(void **state)
{
	size_t len;
	const char *text = fixture("tests/fixtures/proc/plain/100/status", &len);
	char bad[8192];
	struct status status;

	replace(bad, text, "PPid:\t1", "PPid:\t");
	assert_int_equal(status_parse(bad, strlen(bad), &status), -EBADMSG);
	replace(bad, text, "PPid:\t1", "PPid:\t4294967296");
	assert_int_equal(status_parse(bad, strlen(bad), &status), -EBADMSG);
	replace(bad, text, "NSpid:\t100", "NSpid:\tx");
	assert_int_equal(status_parse(bad, strlen(bad), &status), -EBADMSG);
	replace(bad, text, "State:\tR (running)", "State:\t");
	assert_int_equal(status_parse(bad, strlen(bad), &status), -EBADMSG);
	replace(bad, text, "NSpid:", "Other:");
	assert_int_equal(status_parse(bad, strlen(bad), &status), 0);
	assert_int_equal(status.ns_cnt, 0);
}

/* 65,536 groups make one line of 700 KiB: passed over, and what follows is read all the same. */
static void test_long_line(void **state)
{
	char path[] = "/tmp/test_status.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	size_t len;
	const char *text = fixture("tests/fixtures/proc/plain/100/status", &len);
	const char *groups = strstr(text, "Groups:");
	struct status status;

	fwrite(text, 1, (size_t)(groups - text), file);
	fprintf(file, "Groups:\t");
	for (unsigned i = 0; i < 65536; i++)
		fprintf(file, "%u ", 4294900000u + i);
	fprintf(file, "\n%s", strchr(groups, '\n') + 1);
	fclose(file);
	assert_int_equal(status_read(AT_FDCWD, path, &status), 0);
	assert_int_equal(status.tracer_pid, 105);
	assert_int_equal(status.caught, 0x4b817efb);
	unlink(path);
}

static int collect(void *context, const char *line, size_t len)
{
	char *all = context;

	sprintf(all + strlen(all), "[%zu:%c%c]", len, len ? line[0] : '-',
		len ? line[len - 1] : '-');
	return 0;
}

/* Lines around the size of the buffer, whatever way they fall into it. */
static void test_line_sizes(void **state)
{
	char path[] = "/tmp/test_status.XXXXXX";
	char *long_line = malloc(LINE_BYTES_MAX + 2);
	char all[256] = "";
	int fd = mkstemp(path);

	memset(long_line, 'x', LINE_BYTES_MAX + 1);
	long_line[LINE_BYTES_MAX + 1] = '\0';
	dprintf(fd, "ab\n%.*s\n\n", LINE_BYTES_MAX - 1, long_line);
	dprintf(fd, "%.*s\ncd\n%s\nef\nlost", LINE_BYTES_MAX, long_line, long_line);
	close(fd);
	assert_int_equal(lines_read(AT_FDCWD, path, collect, all), 0);
	assert_string_equal(all, "[2:ab][8191:xx][0:--][2:cd][2:ef]");
	assert_int_equal(lines_read(AT_FDCWD, "/nonexistent", collect, all), -ENOENT);
	unlink(path);
	free(long_line);
}

static void test_live(void **state)
{
	struct status status;

	assert_int_equal(status_read(AT_FDCWD, "/proc/self/status", &status), 0);
	assert_int_equal(status.pid, getpid());
	assert_int_equal(status.ppid, getppid());
	assert_int_equal(status.uid, getuid());
	assert_true(status.ns_cnt >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_line_sizes), cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
