#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/stats.h"
#include "tree_facts.h"

static const struct fact_id INIT = {.pid = 1, .start_ns = 5};

static void take(struct stats *stats, struct fact fact)
{
	assert_int_equal(stats_take(stats, &fact), 0);
}

/* One child of `parent`: born, exited, and reaped after latency_ns. */
static void whole_life(struct stats *stats, struct fact_id parent, uint32_t pid,
		       uint64_t latency_ns)
{
	struct fact_id who = id_at(pid, pid);

	take(stats, fork_of(parent, who, "child"));
	take(stats, exit_of(who, pid + 1, 0));
	take(stats, reap_of(who, parent, pid + 2, latency_ns));
	take(stats, fact_about(FACT_FREE, pid + 20, who));
}

static void counts_lives_and_failures(void **state)
{
	struct stats *stats = stats_new();
	const struct stats_totals *totals = stats_totals(stats);
	struct fact fact;

	for (uint32_t pid = 10; pid < 16; pid++) {
		fact = fork_of(INIT, id_at(pid, pid), "c");
		fact.fork.kind = pid % 3;
		take(stats, fact);
		take(stats, fact_about(FACT_EXEC, pid, id_at(pid, pid)));
	}
	take(stats, exit_of(id_at(10, 10), 20, 0));
	take(stats, exit_of(id_at(11, 11), 20, 127));
	take(stats, exit_of(id_at(12, 12), 20, 127));
	fact = signalled(id_at(13, 13), 20, 9);
	fact.exit.oom = 1;
	take(stats, fact);
	take(stats, fact_about(FACT_EXIT, 20, id_at(14, 14)));
	assert_int_equal(totals->forks, 6);
	for (int kind = FORK_KIND_FORK; kind <= FORK_KIND_CLONE; kind++)
		assert_int_equal(totals->fork_kinds[kind], 2);
	assert_int_equal(totals->execs, 6);
	assert_int_equal(totals->exits, 5);
	assert_int_equal(totals->failures, 3);
	assert_int_equal(totals->codes[127], 2);
	assert_int_equal(totals->signals[9], 1);
	assert_int_equal(totals->oom, 1);
	assert_int_equal(totals->ends_unknown, 1);
	stats_free(stats);
}

/* Wherever the reap is not told, the free ends the zombie; a life only found gone leaves none. */
static void lists_zombies(void **state)
{
	struct stats *stats = stats_new();
	struct stats_zombies zombies;
	struct fact_id p = id_at(500, 1);
	struct stats_parent worst[4];
	struct fact fact;

	fact = fact_about(FACT_PROCESS, 2, p);
	fact.comm = TEXT("lazy");
	take(stats, fact);
	for (uint32_t pid = 10; pid < 14; pid++) {
		take(stats, fork_of(p, id_at(pid, pid), "c"));
		fact = exit_of(id_at(pid, pid), 100 + pid, 0);
		fact.parent = p;
		if (pid == 13)
			fact.exit.exit_seen = 0;
		take(stats, fact);
	}
	take(stats, reap_of(id_at(10, 10), p, 300, MS));
	stats_zombies(stats, &zombies);
	assert_int_equal(zombies.cnt, 2);
	assert_int_equal(zombies.since_ns, AT(111));
	assert_int_equal(stats_worst_parents(stats, worst, 4), 1);
	assert_int_equal(worst[0].zombies_cnt, 2);
	assert_int_equal(worst[0].latency.cnt, 1);
	assert_string_equal(worst[0].comm, "lazy");
	take(stats, reparent_of(id_at(11, 11), p, INIT, 310));
	assert_int_equal(stats_worst_parents(stats, worst, 4), 2);
	assert_int_equal(worst[0].zombies_cnt, 1);
	assert_int_equal(worst[1].zombies_cnt, 1);
	take(stats, fact_about(FACT_FREE, 320, id_at(11, 11)));
	take(stats, fact_about(FACT_FREE, 320, id_at(12, 12)));
	stats_zombies(stats, &zombies);
	assert_int_equal(zombies.cnt, 0);
	stats_free(stats);
}

static void assert_near(uint64_t value, uint64_t exact)
{
	assert_in_range(value, exact - exact / 20, exact + exact / 20);
}

static void measures_latency_by_parent(void **state)
{
	struct stats *stats = stats_new();
	struct fact_id quick = id_at(500, 1), slow = id_at(501, 2), few = id_at(502, 3);
	struct stats_latency latency;
	struct stats_parent worst[2];

	for (uint32_t i = 1; i <= 1000; i++) {
		whole_life(stats, quick, 1000 + i, i * 1000);
		whole_life(stats, slow, 3000 + i, i * MS);
	}
	for (uint32_t i = 1; i <= 3; i++)
		whole_life(stats, few, 9000 + i, i);
	stats_latency(stats, &latency);
	assert_int_equal(latency.cnt, 2003);
	assert_int_equal(latency.max_ns, 1000 * MS);
	assert_int_equal(stats_worst_parents(stats, worst, 2), 2);
	assert_int_equal(worst[0].id.tgid, 501);
	assert_int_equal(worst[1].id.tgid, 500);
	assert_near(worst[0].latency.median_ns, 500 * MS);
	assert_near(worst[0].latency.p99_ns, 990 * MS);
	assert_near(worst[1].latency.median_ns, 500000);
	assert_int_equal(worst[0].latency.max_ns, 1000 * MS);
	stats_free(stats);
}

/* Up to the number kept one by one, and one beyond it, quantiles are those of the sorted list. */
static void few_samples_are_exact(void **state)
{
	for (uint32_t cnt = 1; cnt <= 8; cnt++) {
		struct stats *stats = stats_new();
		struct stats_latency latency;

		for (uint32_t i = cnt; i > 0; i--)
			whole_life(stats, INIT, 100 + i, i * 100003);
		stats_latency(stats, &latency);
		assert_int_equal(latency.median_ns, (cnt + 1) / 2 * 100003);
		assert_int_equal(latency.p99_ns, cnt * 100003);
		stats_free(stats);
	}
}

static void keeps_bounds_and_old_ones_apart(void **state)
{
	struct stats *stats = stats_new();
	struct stats_latency latency;
	struct fact fact;

	fact = reap_of(id_at(10, 0), INIT, 20, MS);
	fact.reap.source = SOURCE_FREE;
	fact.reap.how = HOW_UNSEEN;
	take(stats, fact);
	fact = reap_of(id_at(11, 0), INIT, 20, 0);
	fact.reap.latency_ns = FACT_ABSENT;
	fact.reap.latency_min_ns = 77 * MS;
	take(stats, fact);
	fact = fact_about(FACT_REAP, 20, id_at(12, 0));
	fact.reap.how = HOW_AUTO;
	take(stats, fact);
	stats_latency(stats, &latency);
	assert_int_equal(latency.cnt, 1);
	assert_int_equal(latency.at_most_cnt, 1);
	assert_int_equal(stats_totals(stats)->older_reaps, 1);
	assert_int_equal(stats_totals(stats)->older_max_ns, 77 * MS);
	assert_int_equal(stats_totals(stats)->hows[HOW_AUTO], 1);
	assert_int_equal(stats_totals(stats)->reaps, 3);
	stats_free(stats);
}

static void bounds_parents(void **state)
{
	struct stats *stats = stats_new();
	struct fact_id bad = id_at(7, 1);
	const uint32_t cnt = 3 * STATS_PARENTS_MAX;
	struct stats_parent worst;
	struct stats_other other;
	struct stats_latency all;

	whole_life(stats, bad, 10, 5000 * MS);
	for (uint32_t i = 0; i < cnt; i++)
		whole_life(stats, id_at(100000 + i, 1), 200000 + i, 1000);
	stats_other(stats, &other);
	stats_latency(stats, &all);
	assert_in_range(other.parents_cnt, cnt - STATS_PARENTS_MAX, cnt);
	assert_int_equal(other.latency.cnt, other.parents_cnt);
	assert_int_equal(other.latency.max_ns, 1000);
	assert_int_equal(all.cnt, cnt + 1);
	assert_int_equal(stats_worst_parents(stats, &worst, 1), 1);
	assert_int_equal(worst.id.tgid, 7);
	stats_free(stats);
}

static void counts_a_handing_once(void **state)
{
	struct stats *stats = stats_new();
	struct fact_id who = id_at(10, 1), parent = id_at(9, 0);
	struct fact fact;

	take(stats, fork_of(parent, who, "c"));
	fact = reparent_of(who, parent, INIT, 5);
	fact.reparent.certainty = CERTAINTY_PREDICTED;
	take(stats, fact);
	fact.reparent.certainty = CERTAINTY_CONFIRMED;
	take(stats, fact);
	assert_int_equal(stats_totals(stats)->reparents, 1);
	assert_int_equal(stats_totals(stats)->adopters[ADOPTER_INIT], 1);
	stats_free(stats);
}

static void counts_losses(void **state)
{
	struct stats *stats = stats_new();
	struct fact fact;

	fact_clear(&fact, FACT_LOST, AT(0));
	fact.lost.stage = STAGE_RING;
	fact.lost.count = 40;
	take(stats, fact);
	fact.lost.stage = STAGE_OUTPUT;
	fact.lost.count = 2;
	take(stats, fact);
	assert_int_equal(stats_totals(stats)->lost, 42);
	assert_int_equal(stats_totals(stats)->lost_stages[STAGE_RING], 40);
	stats_free(stats);
}

/* Every type of fact with every field absent, or unknown: nothing to say is not an error. */
static void takes_empty_facts(void **state)
{
	struct stats *stats = stats_new();
	struct fact fact;

	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		fact_clear(&fact, type, AT(0));
		take(stats, fact);
		fact.who = id_at(4, 4);
		take(stats, fact);
	}
	stats_free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_lives_and_failures),
		cmocka_unit_test(lists_zombies),
		cmocka_unit_test(measures_latency_by_parent),
		cmocka_unit_test(few_samples_are_exact),
		cmocka_unit_test(keeps_bounds_and_old_ones_apart),
		cmocka_unit_test(bounds_parents),
		cmocka_unit_test(counts_a_handing_once),
		cmocka_unit_test(counts_losses),
		cmocka_unit_test(takes_empty_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
