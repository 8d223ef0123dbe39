#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/stats.h"
#include "sink/summary.h"
#include "tree_facts.h"

static const struct fact_id INIT = {.pid = 1, .start_ns = 5};
static const struct summary_options UTF8 = {.utf8 = true};

static void take(struct stats *stats, struct fact fact)
{
	assert_int_equal(stats_take(stats, &fact), 0);
}

static char *print(struct stats *stats, const struct fact *end)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(summary_print(stats, end, &UTF8, out), 0);
	fclose(out);
	return text;
}

static void assert_80_columns(const char *text)
{
	while (*text) {
		if (strcspn(text, "\n") > 80)
			fail_msg("too long: %.*s", (int)strcspn(text, "\n"), text);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

static struct fact end_fact(void)
{
	struct fact end;

	fact_clear(&end, FACT_END, AT(10000));
	end.end.zombies_left = 1;
	end.end.seen = end.end.delivered = 1000;
	end.end.dropped = 0;
	end.end.verify_rounds = 2;
	end.end.verify_compared = 340;
	end.end.verify_mismatches = 0;
	end.end.verdict = TEXT("complete");
	end.end.elapsed_ns = 10000 * MS;
	end.end.tracer_user_ns = 30 * MS;
	end.end.tracer_system_ns = 20 * MS;
	end.end.max_rss_bytes = 12 << 20;
	return end;
}

static struct stats *some_lives(enum fact_source source)
{
	struct stats *stats = stats_new();
	struct fact_id make = id_at(100, 0);
	struct fact fact = fork_of(INIT, make, "make");

	take(stats, fact);
	for (uint32_t i = 1; i <= 4; i++) {
		take(stats, fork_of(make, id_at(100 + i, i), "sh"));
		take(stats, i == 3 ? signalled(id_at(103, 3), 20, 11)
				   : exit_of(id_at(100 + i, i), 20, i == 2));
		if (i == 4)
			continue;
		fact = reap_of(id_at(100 + i, i), make, 22, i * MS);
		fact.reap.source = source;
		take(stats, fact);
	}
	take(stats, reparent_of(id_at(104, 4), make, INIT, 30));
	return stats;
}

static void prints_all(void **state)
{
	struct stats *stats = some_lives(SOURCE_FENTRY);
	struct fact end = end_fact();
	char *text = print(stats, &end);

	assert_string_equal(text,
			    "lives     5 born, 5 fork, 0 execs, 4 exits, 0 were there before\n"
			    "failures  2 of 4 exits, 1 with code 1, 1 by SIGSEGV\n"
			    "zombies   1 left, the oldest for 9.98s\n"
			    "reaps     3\n"
			    "latency   median 2.00ms, p99 3.00ms, max 3.00ms\n"
			    "  worst parents              reaps  zombies  median     p99     max\n"
			    "  ?(1)                           0        1\n"
			    "  make(100)                      3        0  2.00ms  3.00ms  3.00ms\n"
			    "orphans   1 handed on, 1 to init\n"
			    "lost      0 events, 1000 seen = 1000 delivered + 0 dropped\n"
			    "check     complete, 340 compared with /proc in 2 rounds, 0 disagreed\n"
			    "cost      50.0ms of CPU, 0.5 % of one CPU over 10.0s, 12.0 MiB\n");
	free(text);
	stats_free(stats);
}

static void says_at_most(void **state)
{
	struct stats *stats = some_lives(SOURCE_FREE);
	struct fact end = end_fact();
	char *text = print(stats, &end);

	assert_non_null(
		strstr(text, "median at most 2.00ms, p99 at most 3.00ms, max at most 3.00ms\n"));
	assert_non_null(strstr(text, "  3.00ms  at most\n"));
	assert_80_columns(text);
	free(text);
	stats_free(stats);
}

static void says_what_is_missing(void **state)
{
	struct stats *stats = stats_new();
	struct fact end;
	char *text = print(stats, NULL);

	assert_non_null(strstr(text, "the run broke off"));
	assert_non_null(strstr(text, "none measured"));
	free(text);
	fact_clear(&end, FACT_END, AT(0));
	text = print(stats, &end);
	assert_non_null(strstr(text, "no verdict"));
	assert_null(strstr(text, "18446744073709551")); /* an absent number */
	free(text);
	stats_free(stats);
}

/* The largest of everything, and every failure there is, on lines of 80 columns. */
static void keeps_to_80_columns(void **state)
{
	struct stats *stats = stats_new();
	struct fact end = end_fact(), fact;
	char *text;

	for (uint32_t i = 1; i < 64; i++) {
		take(stats, fork_of(INIT, id_at(4194304 - i, i), "c"));
		take(stats, i & 1 ? signalled(id_at(4194304 - i, i), 20, i)
				  : exit_of(id_at(4194304 - i, i), 20, i));
		fact = reap_of(id_at(4194304 - i, i), id_at(4194304 - i % 7, 0), 22,
			       (uint64_t)i << 40);
		fact.reap.reaper_comm = TEXT("\x1b[31m\x1b[32m\x1b[33m");
		fact.reap.how = i % 5;
		fact.reap.source = SOURCE_FREE;
		take(stats, fact);
		fact = reparent_of(id_at(4194304 - i, i), INIT, id_at(i, 0), 30);
		fact.reparent.kind = i % 4;
		take(stats, fact);
	}
	end.end.seen = end.end.delivered = end.end.dropped = 1ULL << 40;
	end.end.recursion_misses = end.end.malformed = end.end.output_dropped = 1ULL << 40;
	text = print(stats, &end);
	assert_80_columns(text);
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, " others"));
	free(text);
	stats_free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_all),
		cmocka_unit_test(says_at_most),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(keeps_to_80_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
