#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/output.h"

static int add_line(struct output *output, const char *text)
{
	struct buffer *out = output_begin(output);

	buffer_add_text(out, text);
	buffer_add_char(out, '\n');
	return output_end(output);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_file(int fd, const char *text)
{
	char bytes[256] = "";

	assert_true(pread(fd, bytes, sizeof(bytes) - 1, 0) >= 0);
	assert_string_equal(bytes, text);
}

/* A file that is full in the midst of a line keeps whole lines, and the rest follows when there is
 * room. */
static void test_full_file_keeps_whole_lines(void **state)
{
	FILE *file = tmpfile();
	struct output output;
	int fd;

	assert_non_null(file);
	fd = fileno(file);
	signal(SIGXFSZ, SIG_IGN);
	output_init(&output, fd, NULL, NULL);
	add_line(&output, "first");
	add_line(&output, "second");
	add_line(&output, "third");
	limit_files(10);
	assert_int_equal(output_flush(&output), -EFBIG);
	expect_file(fd, "first\n");
	assert_int_equal(output_lost(&output), 2);
	assert_int_equal(output_flush(&output), -EFBIG);
	expect_file(fd, "first\n");
	limit_files(RLIM_INFINITY);
	assert_int_equal(output_flush(&output), 0);
	expect_file(fd, "first\nsecond\nthird\n");
	assert_int_equal(output_lost(&output), 0);
	output_release(&output);
	fclose(file);
}

static void test_closed_pipe(void **state)
{
	struct output output;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	output_init(&output, ends[1], NULL, NULL);
	assert_int_equal(add_line(&output, "x"), 0);
	assert_int_equal(output_flush(&output), -EPIPE);
	assert_int_equal(add_line(&output, "x"), -EPIPE);
	assert_int_equal(output_lost(&output), 2);
	output_release(&output);
	close(ends[1]);
}

/* A full pipe that does not block: what fits is out, the rest waits, and no byte comes twice. */
static void test_full_pipe(void **state)
{
	struct output output;
	char bytes[65536];
	size_t total = 0;
	ssize_t got;
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	output_init(&output, ends[1], NULL, NULL);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(add_line(&output, "0123456789"), 0);
	assert_int_equal(output_flush(&output), -EAGAIN);
	for (int i = 0; i < 1000 && total < 11000; i++) {
		while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
			for (ssize_t at = 0; at < got; at++, total++)
				assert_int_equal(bytes[at], "0123456789\n"[total % 11]);
		if (total < 11000)
			output_flush(&output);
	}
	assert_int_equal(total, 11000);
	assert_int_equal(output_lost(&output), 0);
	output_release(&output);
	close(ends[0]);
	close(ends[1]);
}

static void test_line_too_long_is_dropped(void **state)
{
	struct output output;
	struct buffer *out;

	output_init(&output, -1, NULL, NULL);
	add_line(&output, "kept");
	out = output_begin(&output);
	buffer_add_repeated(out, 'x', (size_t)1 << 20);
	buffer_add_char(out, '\n');
	assert_int_equal(output_end(&output), -ENOBUFS);
	assert_int_equal(output_lost(&output), 1);
	assert_int_equal(out->len, 5);
	output_release(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_file_keeps_whole_lines),
		cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_line_too_long_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
