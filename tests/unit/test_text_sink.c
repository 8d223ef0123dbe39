#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "hostile.h"
#include "base/utf8.h"
#include "sink/text.h"

#define TEXT(literal)                                                                              \
	(struct fact_text)                                                                         \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static const struct run_context run = {
	.host = "host",
	.run = "boot-1",
	.boot_to_wall_ns = 1000000000,
	.start_ns = 2000000000,
};

static struct buffer caught;

static ssize_t catch_write(void *context, const char *bytes, size_t len)
{
	buffer_add(&caught, bytes, len);
	return (ssize_t)len;
}

static const struct text_sink_config plain = {
	.run = &run,
	.write = catch_write,
	.time = TIME_STYLE_UTC,
	.show_free = true,
	.show_processes = true,
};

static int setup(void **state)
{
	buffer_init(&caught, (size_t)1 << 20);
	return 0;
}

static int teardown(void **state)
{
	buffer_release(&caught);
	return 0;
}

/* A new sink whose header is out of the way. */
static struct sink *new_sink(const struct text_sink_config *config)
{
	struct sink *sink = text_sink_new(config);

	assert_non_null(sink);
	assert_int_equal(sink->ops->flush(sink), 0);
	return sink;
}

/* The lines of that fact; lent until the next one. */
static const char *lines_of(struct sink *sink, const struct fact *fact)
{
	buffer_clear(&caught);
	assert_int_equal(sink->ops->take(sink, fact), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	buffer_add_char(&caught, '\0');
	return caught.bytes;
}

static void expect(const struct text_sink_config *config, const struct fact *fact, const char *line)
{
	struct sink *sink = new_sink(config);

	assert_string_equal(lines_of(sink, fact), line);
	sink_free(sink);
}

static struct fact fact_of(enum fact_type type)
{
	struct fact fact;

	fact_clear(&fact, type, 45296123456789 - run.boot_to_wall_ns);
	fact.who = (struct fact_id){.pid = 1234567, .start_ns = 5};
	fact.parent = (struct fact_id){.pid = 42, .start_ns = 4};
	fact.comm = TEXT("make");
	return fact;
}

static void test_header(void **state)
{
	struct sink *sink = text_sink_new(&plain);

	buffer_clear(&caught);
	assert_int_equal(sink->ops->flush(sink), 0);
	buffer_add_char(&caught, '\0');
	assert_string_equal(caught.bytes, "TIME             EVENT        PID  PARENT  "
					  "WHO              WHAT\n");
	sink_free(sink);
}

static void test_fork(void **state)
{
	struct fact fact = fact_of(FACT_FORK);

	fact.fork.kind = FORK_KIND_FORK;
	expect(&plain, &fact,
	       "12:34:56.123456  fork     1234567      42  make             child of make(42)\n");
	fact.fork.kind = FORK_KIND_VFORK;
	expect(&plain, &fact,
	       "12:34:56.123456  fork     1234567      42  make             vfork, child of "
	       "make(42)\n");
	fact.fork.kind = FORK_KIND_CLONE;
	fact.fork.birth = (struct fact_id){.pid = 77, .start_ns = 1};
	fact.fork.exit_signal = SIGUSR1;
	expect(&plain, &fact,
	       "12:34:56.123456  fork     1234567      42  make             clone, child of 42, "
	       "made by make(77), ends with SIGUSR1\n");
}

static void test_exec(void **state)
{
	struct text_sink_config narrow = plain;
	struct fact fact = fact_of(FACT_EXEC);

	fact.exec.exe = TEXT("/usr/bin/make");
	expect(&plain, &fact,
	       "12:34:56.123456  exec     1234567      42  make             /usr/bin/make\n");
	fact.exec.args = TEXT("make\0-j2\0CC=gcc -m32\0\0a'b\0");
	expect(&plain, &fact,
	       "12:34:56.123456  exec     1234567      42  make             make -j2 'CC=gcc "
	       "-m32' '' $'a\\'b'\n");
	narrow.columns = 80; /* a narrow terminal gives names less room */
	expect(&narrow, &fact,
	       "12:34:56.123456  exec     1234567      42  make       make -j2 'CC=gcc -m32' "
	       "...\n");
	fact.exec.args_truncated = true;
	fact.exec.args_count = 100000;
	narrow.columns = 106;
	expect(&narrow, &fact,
	       "12:34:56.123456  exec     1234567      42  make             make -j2 'CC=gcc ... "
	       "(100000 arguments in all)\n");
	fact.exec.args.len = FACT_TEXT_UNKNOWN;
	expect(&plain, &fact,
	       "12:34:56.123456  exec     1234567      42  make             /usr/bin/make "
	       "(arguments unreadable)\n");
}

static void test_exit(void **state)
{
	struct text_sink_config colored = plain;
	struct fact fact = fact_of(FACT_EXIT);

	colored.color = true;
	fact.exit.exit_code = 0;
	fact.exit.lifetime_ns = 1203000000;
	fact.exit.costs.user_ns = 10000000;
	fact.exit.costs.system_ns = 2300000;
	expect(&colored, &fact,
	       "12:34:56.123456  exit     1234567      42  make             code 0, lived 1.20s, "
	       "cpu 12.3ms\n");
	fact.exit.exit_code = FACT_ABSENT;
	fact.exit.signal = SIGKILL;
	fact.exit.killer = KILLER_PROCESS;
	fact.exit.killer_id = (struct fact_id){.pid = 123, .start_ns = 1};
	fact.exit.killer_comm = TEXT("bash");
	fact.unsure = true;
	expect(&colored, &fact,
	       "12:34:56.123456  \x1b[31mexit     1234567      42  make             SIGKILL by "
	       "bash(123), lived 1.20s, cpu 12.3ms (unsure)\x1b[0m\n");
	fact = fact_of(FACT_EXIT);
	fact.exit.signal = SIGSEGV;
	fact.exit.killer = KILLER_KERNEL;
	fact.exit.core_dumped = true;
	expect(&plain, &fact,
	       "12:34:56.123456  exit     1234567      42  make             SIGSEGV by the kernel "
	       "(core dumped)\n");
}

static void test_reap(void **state)
{
	struct fact fact = fact_of(FACT_REAP);

	fact.reap.how = HOW_WAIT;
	fact.reap.reaper = (struct fact_id){.pid = 42, .start_ns = 4};
	fact.reap.reaper_comm = TEXT("sh");
	fact.reap.latency_ns = 1234567;
	fact.reap.error_ns = 0;
	expect(&plain, &fact,
	       "12:34:56.123456  reap     1234567      42  make             after 1.23ms by "
	       "sh(42), wait\n");
	fact.reap.error_ns = 5;
	expect(&plain, &fact,
	       "12:34:56.123456  reap     1234567      42  make             after at most 1.23ms "
	       "by sh(42), wait\n");
	fact.reap.latency_min_ns = 61000000000;
	expect(&plain, &fact,
	       "12:34:56.123456  reap     1234567      42  make             after more than 1m01s "
	       "by sh(42), wait\n");
	fact = fact_of(FACT_REAP);
	fact.reap.how = HOW_AUTO;
	expect(&plain, &fact,
	       "12:34:56.123456  reap     1234567      42  make             by itself, auto\n");
}

static void test_reparent(void **state)
{
	struct fact fact = fact_of(FACT_REPARENT);

	fact.reparent.from = (struct fact_id){.pid = 12, .start_ns = 1};
	fact.reparent.to = (struct fact_id){.pid = 1, .start_ns = 1};
	fact.reparent.to_comm = TEXT("systemd");
	fact.reparent.kind = ADOPTER_INIT;
	fact.reparent.certainty = CERTAINTY_PREDICTED;
	expect(&plain, &fact,
	       "12:34:56.123456  reparent 1234567      42  make             from 12 to "
	       "systemd(1), init, predicted\n");
}

static void test_rest(void **state)
{
	struct fact fact;

	fact_clear(&fact, FACT_LOST, 45296123456789 - run.boot_to_wall_ns);
	fact.lost.count = 128;
	fact.lost.event = TEXT("fork");
	fact.lost.stage = STAGE_RING;
	expect(&plain, &fact,
	       "12:34:56.123456  lost           -       -  -                128 fork events lost "
	       "at the stage: ring\n");
	fact = fact_of(FACT_ZOMBIE);
	fact.zombie.age_ns = 5200000000;
	fact.zombie.reason = REASON_NOT_WAITING;
	expect(&plain, &fact,
	       "12:34:56.123456  zombie   1234567      42  make             for 5.20s, "
	       "parent-not-waiting\n");
	fact = fact_of(FACT_MISMATCH);
	fact.mismatch.field = TEXT("state");
	fact.mismatch.model = TEXT("alive");
	fact.mismatch.proc = TEXT("zombie");
	expect(&plain, &fact,
	       "12:34:56.123456  mismatch 1234567      42  make             state: model says "
	       "alive, /proc says zombie\n");
}

/* What is too wide for its column moves the rest, but stays apart from it. */
static void test_wide_name(void **state)
{
	struct fact fact = fact_of(FACT_REPARENT);

	fact.who.pid = 4294967290;
	fact.comm = TEXT("0123456789abcde\n");
	fact.parent.pid = FACT_PID_UNKNOWN;
	fact.reparent.to.pid = FACT_PID_UNKNOWN;
	expect(&plain, &fact,
	       "12:34:56.123456  reparent 4294967290    ?  0123456789abcde\\n to ?\n");
}

static void test_not_shown(void **state)
{
	struct text_sink_config config = plain;
	struct fact fact = fact_of(FACT_FREE);

	config.show_free = config.show_processes = false;
	expect(&config, &fact, "");
	fact = fact_of(FACT_PROCESS);
	expect(&config, &fact, "");
	fact = fact_of(FACT_START);
	expect(&plain, &fact, "");
	fact = fact_of(FACT_END);
	expect(&plain, &fact, "");
}

static void test_relative(void **state)
{
	struct text_sink_config config = plain;
	struct fact fact = fact_of(FACT_CLOCK);

	config.time = TIME_STYLE_RELATIVE;
	fact.boot_ns = run.start_ns + 12345678901;
	fact.clock.step_ns = 1200000000;
	fact.clock.backwards = true;
	expect(&config, &fact,
	       "   12.345678  clock    1234567      42  make             the wall clock stepped "
	       "1.20s backwards\n");
	fact.boot_ns = run.start_ns - 1000;
	fact.clock.backwards = false;
	expect(&config, &fact,
	       "   -0.000001  clock    1234567      42  make             the wall clock stepped "
	       "1.20s forwards\n");
}

/* One line, valid UTF-8, and no control but its '\n'. */
static void check_harmless(const char *bytes, size_t len, bool ascii)
{
	assert_true(len > 0 && bytes[len - 1] == '\n');
	assert_true(utf8_valid(bytes, len));
	for (size_t at = 0; at + 1 < len;) {
		uint32_t c = 0;

		at += utf8_decode(bytes + at, len - at, &c);
		assert_true(c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0));
		assert_false(c >= 0x200b && c <= 0x200f);
		assert_false(c >= 0x2028 && c <= 0x202e);
		assert_false(c >= 0x2060 && c <= 0x2069);
		assert_false(c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f));
		assert_false(ascii && c >= 0x7f);
	}
}

static void check_corpus(const struct text_sink_config *config)
{
	struct sink *sink = new_sink(config);
	struct fact fact;

	for (size_t i = 0; i < HOSTILE_CNT; i++) {
		for (int type = FACT_PROCESS; type < FACT_TYPE_CNT; type++) {
			hostile_fill(&fact, (enum fact_type)type, hostile_text(i), i % 2);
			lines_of(sink, &fact);
			check_harmless(caught.bytes, caught.len - 1, config->ascii);
		}
	}
	assert_int_equal(text_sink_lost(sink), 0);
	sink_free(sink);
}

static void test_hostile(void **state)
{
	struct text_sink_config config = plain;

	check_corpus(&config);
	config.ascii = true;
	check_corpus(&config);
	config.columns = 80;
	config.ascii = false;
	config.time = TIME_STYLE_LOCAL;
	check_corpus(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	  cmocka_unit_test(test_fork),
		cmocka_unit_test(test_exec),	  cmocka_unit_test(test_exit),
		cmocka_unit_test(test_reap),	  cmocka_unit_test(test_reparent),
		cmocka_unit_test(test_rest),	  cmocka_unit_test(test_wide_name),
		cmocka_unit_test(test_not_shown), cmocka_unit_test(test_relative),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
