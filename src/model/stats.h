/*
 * Counts and latencies of a run, from facts alone: what the summary and the report print. Memory
 * grows with the lives that are open at once, not with the length of the stream.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"

#define STATS_LIVES_MAX	  262144 /* open at once; more are counted in lives_left_out */
#define STATS_PARENTS_MAX 4096 /* with a latency table of their own; see stats_other() */

/* Read-only for all but stats.c. */
struct stats_totals {
	uint64_t processes; /* that were there before */
	uint64_t forks, fork_kinds[FORK_KIND_CLONE + 1];
	uint64_t execs;
	uint64_t exits, failures; /* failure: a code other than 0, or a signal */
	uint64_t codes[256]; /* exits by code, 0 too */
	uint64_t signals[128]; /* exits by signal */
	uint64_t ends_unknown; /* exits of which nobody knows how */
	uint64_t core_dumped, oom;
	uint64_t reaps, hows[HOW_UNSEEN + 1];
	uint64_t reparents,
		adopters[ADOPTER_NS_INIT + 1]; /* told twice (predicted, confirmed): counted once */
	uint64_t adopters_unknown;
	uint64_t lost, lost_stages[STAGE_OUTPUT + 1];
	uint64_t mismatches, resyncs, clock_steps;
	uint64_t unsure; /* facts that rest on a gap */
	uint64_t lives_left_out; /* met while STATS_LIVES_MAX were open: their zombies are not
				    listed */
	uint64_t older_reaps; /* of zombies older than the tracer: not in any latency */
	uint64_t older_max_ns; /* the longest of them waited at least so long */
	enum fact_source reap_source;
	bool reap_source_known; /* a start fact named it */
};

/* Zombie -> reap. Quantiles are within 5 %, the rest exact. */
struct stats_latency {
	uint64_t cnt;
	uint64_t median_ns, p99_ns, max_ns, sum_ns;
	uint64_t at_most_cnt; /* of cnt: the reap's instant comes from the free, so it is an upper
				 bound */
};

/* A parent, as the one who had to reap. */
struct stats_parent {
	struct pt_identity id;
	char comm[PT_COMM_BYTES]; /* terminated; "" = not known */
	struct stats_latency latency;
	uint64_t zombies_cnt; /* its children that are zombies now */
	uint64_t zombies_since_ns; /* the first of them; boot time */
};

struct stats_zombies {
	uint64_t cnt;
	uint64_t since_ns; /* the oldest; boot time, 0 = before the tracer came, or none */
};

/* Parents whose own table was given up to make room: those that had cost the least. */
struct stats_other {
	uint64_t parents_cnt;
	struct stats_latency latency;
};

struct stats;

/* stats_new - NULL when out of memory. */
struct stats *stats_new(void);
void stats_free(struct stats *stats);

/* stats_take - takes the next fact of any type. 0, or -ENOMEM: it is missing from a latency or from
 * the zombies. */
int stats_take(struct stats *stats, const struct fact *fact);

const struct stats_totals *stats_totals(const struct stats *stats);
void stats_latency(const struct stats *stats, struct stats_latency *ret_latency);
void stats_other(const struct stats *stats, struct stats_other *ret_other);

/* stats_zombies - lives that have exited and are not reaped. */
void stats_zombies(const struct stats *stats, struct stats_zombies *ret_zombies);

/*
 * stats_worst_parents - at most `max` parents into `ret_parents`, how many is returned: first those
 * that leave zombies now (most first), then by the time their children waited in all. Costs a pass
 * over the open lives. -ENOMEM.
 */
int stats_worst_parents(struct stats *stats, struct stats_parent *ret_parents, int max);
