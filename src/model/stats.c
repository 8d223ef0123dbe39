#include "model/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "model/waits.h"

/* A life that is not reaped yet: its name for its children's sake, and whether it waits. */
struct open_life {
	struct pt_identity id, parent;
	uint64_t zombie_ns; /* with zombie; 0 = before the tracer came */
	bool zombie;
	char comm[PT_COMM_BYTES];
	UT_hash_handle hh;
};

struct parent {
	struct pt_identity id;
	char comm[PT_COMM_BYTES];
	struct waits waits;
	uint64_t zombies_cnt, zombies_since_ns; /* counted anew by stats_worst_parents() */
	UT_hash_handle hh;
};

struct stats {
	struct stats_totals totals;
	struct open_life *lives;
	struct parent *parents;
	struct waits all, other;
	uint64_t other_cnt;
};

struct stats *stats_new(void)
{
	return calloc(1, sizeof(struct stats));
}

static void parent_drop(struct stats *stats, struct parent *parent)
{
	HASH_DEL(stats->parents, parent);
	waits_release(&parent->waits);
	free(parent);
}

static void life_drop(struct stats *stats, struct open_life *life)
{
	HASH_DEL(stats->lives, life);
	free(life);
}

void stats_free(struct stats *stats)
{
	if (!stats)
		return;
	while (stats->parents)
		parent_drop(stats, stats->parents);
	while (stats->lives)
		life_drop(stats, stats->lives);
	waits_release(&stats->all);
	waits_release(&stats->other);
	free(stats);
}

static struct pt_identity key_of(struct fact_id id)
{
	if (!fact_id_known(id))
		return (struct pt_identity){};
	return (struct pt_identity){.start_ns = id.start_ns, .tgid = id.pid};
}

static bool same(struct pt_identity a, struct pt_identity b)
{
	return a.tgid == b.tgid && a.start_ns == b.start_ns;
}

static void comm_keep(char *comm, struct fact_text text)
{
	size_t len = text.len < PT_COMM_BYTES ? text.len : PT_COMM_BYTES - 1;

	if (!fact_text_known(text) || !len)
		return;
	memcpy(comm, text.bytes, len);
	comm[len] = '\0';
}

static struct open_life *life_find(const struct stats *stats, struct pt_identity id)
{
	struct open_life *life;

	HASH_FIND(hh, stats->lives, &id, sizeof(id), life);
	return life;
}

/* life_open - the life that the fact is about, entered if new. NULL with 0: no room, counted. */
static int life_open(struct stats *stats, const struct fact *fact, struct open_life **ret_life)
{
	struct pt_identity id = key_of(fact->who);
	struct open_life *life = life_find(stats, id);

	*ret_life = life;
	if (life)
		return 0;
	if (HASH_COUNT(stats->lives) >= STATS_LIVES_MAX) {
		stats->totals.lives_left_out++;
		return 0;
	}
	life = calloc(1, sizeof(*life));
	if (!life)
		return -ENOMEM;
	life->id = id;
	HASH_ADD(hh, stats->lives, id, sizeof(life->id), life);
	if (!life->hh.tbl) {
		free(life);
		return -ENOMEM;
	}
	*ret_life = life;
	return 0;
}

static int compare_cost(const void *a, const void *b)
{
	const struct parent *x = *(struct parent *const *)a, *y = *(struct parent *const *)b;

	if (x->zombies_cnt != y->zombies_cnt)
		return x->zombies_cnt > y->zombies_cnt ? 1 : -1;
	return (x->waits.sum_ns > y->waits.sum_ns) - (x->waits.sum_ns < y->waits.sum_ns);
}

/*
 * Folds the half that cost least into `other`. Half at a time, so that a run with ever new parents
 * pays for it once in STATS_PARENTS_MAX / 2 of them.
 */
static int parents_thin(struct stats *stats)
{
	unsigned cnt = HASH_COUNT(stats->parents), i = 0;
	struct parent **order = calloc(cnt, sizeof(*order));
	struct parent *parent;
	int err = 0;

	if (!order)
		return -ENOMEM;
	for (parent = stats->parents; parent; parent = parent->hh.next)
		order[i++] = parent;
	qsort(order, cnt, sizeof(*order), compare_cost);
	for (i = 0; i < cnt / 2; i++) {
		int merge_err = waits_merge(&stats->other, &order[i]->waits);

		err = err ? err : merge_err;
		stats->other_cnt++;
		parent_drop(stats, order[i]);
	}
	free(order);
	return err;
}

static int parent_open(struct stats *stats, struct pt_identity id, struct parent **ret_parent)
{
	struct parent *parent;
	int err = 0;

	HASH_FIND(hh, stats->parents, &id, sizeof(id), parent);
	*ret_parent = parent;
	if (parent)
		return 0;
	if (HASH_COUNT(stats->parents) >= STATS_PARENTS_MAX)
		err = parents_thin(stats);
	parent = calloc(1, sizeof(*parent));
	if (!parent)
		return -ENOMEM;
	parent->id = id;
	HASH_ADD(hh, stats->parents, id, sizeof(parent->id), parent);
	if (!parent->hh.tbl) {
		free(parent);
		return -ENOMEM;
	}
	*ret_parent = parent;
	return err;
}

static void take_start(struct stats_totals *totals, const struct fact *fact)
{
	if (!fact_num_known(fact->start.reap_source))
		return;
	totals->reap_source = fact->start.reap_source;
	totals->reap_source_known = true;
}

static void take_process(struct stats *stats, struct open_life *life, const struct fact *fact)
{
	stats->totals.processes++;
	if (life)
		life->zombie = fact->process.state == STATE_ZOMBIE;
}

static void take_fork(struct stats_totals *totals, const struct fact *fact)
{
	totals->forks++;
	if (fact->fork.kind <= FORK_KIND_CLONE)
		totals->fork_kinds[fact->fork.kind]++;
}

static void count_end(struct stats_totals *totals, const struct fact *fact)
{
	totals->exits++;
	totals->oom += fact->exit.oom == 1;
	totals->core_dumped += fact->exit.core_dumped == 1;
	if (fact->exit.exit_code < 256) {
		totals->codes[fact->exit.exit_code]++;
		totals->failures += fact->exit.exit_code != 0;
	} else if (fact->exit.signal < 128) {
		totals->signals[fact->exit.signal]++;
		totals->failures++;
	} else {
		totals->ends_unknown++;
	}
}

static void take_exit(struct stats *stats, struct open_life *life, const struct fact *fact)
{
	count_end(&stats->totals, fact);
	if (!life)
		return;
	if (fact->exit.exit_seen == 0) {
		life_drop(stats, life);
		return;
	}
	life->zombie = true;
	life->zombie_ns = fact->boot_ns;
}

static void take_zombie(struct open_life *life, const struct fact *fact)
{
	if (!life)
		return;
	life->zombie = true;
	if (fact->zombie.age_ns <= fact->boot_ns)
		life->zombie_ns = fact->boot_ns - fact->zombie.age_ns;
}

/* Charged to who had to reap it; the comm is the reaper's own word, else that of the open life. */
static int charge_parent(struct stats *stats, const struct fact *fact, bool at_most)
{
	struct pt_identity id = key_of(fact->parent);
	struct open_life *life = life_find(stats, id);
	struct parent *parent;
	int err, add_err;

	if (!id.tgid)
		return 0;
	err = parent_open(stats, id, &parent);
	if (!parent)
		return err;
	if (life && life->comm[0])
		memcpy(parent->comm, life->comm, sizeof(parent->comm));
	if (same(id, key_of(fact->reap.reaper)))
		comm_keep(parent->comm, fact->reap.reaper_comm);
	add_err = waits_add(&parent->waits, fact->reap.latency_ns, at_most);
	return err ? err : add_err;
}

static int take_reap(struct stats *stats, struct open_life *life, const struct fact *fact)
{
	struct stats_totals *totals = &stats->totals;
	bool at_most = fact->reap.source == SOURCE_FREE;
	int err, charge_err;

	totals->reaps++;
	if (fact->reap.how <= HOW_UNSEEN)
		totals->hows[fact->reap.how]++;
	if (life)
		life_drop(stats, life);
	if (fact_num_known(fact->reap.latency_min_ns)) {
		totals->older_reaps++;
		if (totals->older_max_ns < fact->reap.latency_min_ns)
			totals->older_max_ns = fact->reap.latency_min_ns;
	}
	if (!fact_num_known(fact->reap.latency_ns))
		return 0;
	err = waits_add(&stats->all, fact->reap.latency_ns, at_most);
	charge_err = charge_parent(stats, fact, at_most);
	return err ? err : charge_err;
}

/* A prediction and its confirmation are one change of parent: the parent is the same the second
 * time. */
static void take_reparent(struct stats_totals *totals, struct open_life *life,
			  const struct fact *fact)
{
	struct pt_identity to = key_of(fact->reparent.to);

	if (life && to.tgid && same(life->parent, to))
		return;
	totals->reparents++;
	if (fact->reparent.kind <= ADOPTER_NS_INIT)
		totals->adopters[fact->reparent.kind]++;
	else
		totals->adopters_unknown++;
	if (life)
		life->parent = to;
}

static void take_lost(struct stats_totals *totals, const struct fact *fact)
{
	if (!fact_num_known(fact->lost.count))
		return;
	totals->lost += fact->lost.count;
	if (fact->lost.stage <= STAGE_OUTPUT)
		totals->lost_stages[fact->lost.stage] += fact->lost.count;
}

static int take_of_life(struct stats *stats, struct open_life *life, const struct fact *fact)
{
	switch (fact->type) {
	case FACT_PROCESS:
		take_process(stats, life, fact);
		return 0;
	case FACT_FORK:
		take_fork(&stats->totals, fact);
		return 0;
	case FACT_EXEC:
		stats->totals.execs++;
		return 0;
	case FACT_EXIT:
		take_exit(stats, life, fact);
		return 0;
	case FACT_ZOMBIE:
		take_zombie(life, fact);
		return 0;
	case FACT_REAP:
		return take_reap(stats, life, fact);
	case FACT_REPARENT:
		take_reparent(&stats->totals, life, fact);
		return 0;
	default:
		return 0;
	}
}

static int take_life(struct stats *stats, const struct fact *fact)
{
	struct open_life *life = NULL;
	int open_err = 0, err;

	/* The last word on a life must not open it again. */
	if (fact->type == FACT_REAP)
		life = life_find(stats, key_of(fact->who));
	else
		open_err = life_open(stats, fact, &life);
	if (life) {
		comm_keep(life->comm, fact->comm);
		if (fact->type != FACT_REPARENT && fact_id_known(fact->parent))
			life->parent = key_of(fact->parent);
	}
	err = take_of_life(stats, life, fact);
	return open_err ? open_err : err;
}

static void take_free(struct stats *stats, const struct fact *fact)
{
	struct open_life *life = life_find(stats, key_of(fact->who));

	if (life)
		life_drop(stats, life);
}

int stats_take(struct stats *stats, const struct fact *fact)
{
	struct stats_totals *totals = &stats->totals;

	totals->unsure += fact->unsure;
	switch (fact->type) {
	case FACT_START:
		take_start(totals, fact);
		return 0;
	case FACT_LOST:
		take_lost(totals, fact);
		return 0;
	case FACT_RESYNC:
		totals->resyncs++;
		return 0;
	case FACT_MISMATCH:
		totals->mismatches++;
		return 0;
	case FACT_CLOCK:
		totals->clock_steps++;
		return 0;
	case FACT_FREE:
		take_free(stats, fact);
		return 0;
	case FACT_PROCESS:
	case FACT_FORK:
	case FACT_EXEC:
	case FACT_EXIT:
	case FACT_ZOMBIE:
	case FACT_REAP:
	case FACT_REPARENT:
		return take_life(stats, fact);
	default:
		return 0;
	}
}

const struct stats_totals *stats_totals(const struct stats *stats)
{
	return &stats->totals;
}

static struct stats_latency latency_of(const struct waits *waits)
{
	return (struct stats_latency){
		.cnt = waits->cnt,
		.median_ns = waits_quantile(waits, 0.5),
		.p99_ns = waits_quantile(waits, 0.99),
		.max_ns = waits->max_ns,
		.sum_ns = waits->sum_ns,
		.at_most_cnt = waits->at_most_cnt,
	};
}

void stats_latency(const struct stats *stats, struct stats_latency *ret_latency)
{
	*ret_latency = latency_of(&stats->all);
}

void stats_other(const struct stats *stats, struct stats_other *ret_other)
{
	ret_other->parents_cnt = stats->other_cnt;
	ret_other->latency = latency_of(&stats->other);
}

static void count_zombie(uint64_t *cnt, uint64_t *since_ns, uint64_t zombie_ns)
{
	if (!*cnt || zombie_ns < *since_ns)
		*since_ns = zombie_ns;
	++*cnt;
}

void stats_zombies(const struct stats *stats, struct stats_zombies *ret_zombies)
{
	const struct open_life *life;

	*ret_zombies = (struct stats_zombies){};
	for (life = stats->lives; life; life = life->hh.next)
		if (life->zombie)
			count_zombie(&ret_zombies->cnt, &ret_zombies->since_ns, life->zombie_ns);
}

/* Which parents the open zombies hang on; a parent that had no reap yet is entered. */
static int charge_zombies(struct stats *stats)
{
	const struct open_life *life, *named;
	struct parent *parent;
	int err = 0;

	for (parent = stats->parents; parent; parent = parent->hh.next)
		parent->zombies_cnt = 0;
	for (life = stats->lives; life; life = life->hh.next) {
		if (!life->zombie || !life->parent.tgid)
			continue;
		err = parent_open(stats, life->parent, &parent);
		if (!parent)
			return err;
		named = life_find(stats, life->parent);
		if (named && named->comm[0])
			memcpy(parent->comm, named->comm, sizeof(parent->comm));
		count_zombie(&parent->zombies_cnt, &parent->zombies_since_ns, life->zombie_ns);
	}
	return err;
}

static bool is_worse(const struct parent *a, const struct parent *b)
{
	if (a->zombies_cnt != b->zombies_cnt)
		return a->zombies_cnt > b->zombies_cnt;
	return a->waits.sum_ns > b->waits.sum_ns;
}

static struct stats_parent parent_view(const struct parent *parent)
{
	struct stats_parent view = {
		.id = parent->id,
		.latency = latency_of(&parent->waits),
		.zombies_cnt = parent->zombies_cnt,
		.zombies_since_ns = parent->zombies_since_ns,
	};

	memcpy(view.comm, parent->comm, sizeof(view.comm));
	return view;
}

int stats_worst_parents(struct stats *stats, struct stats_parent *ret_parents, int max)
{
	const struct parent **worst = calloc(max + 1, sizeof(*worst));
	const struct parent *parent;
	int cnt = 0, at, err = charge_zombies(stats);

	if (!worst || err) {
		free(worst);
		return -ENOMEM;
	}
	for (parent = stats->parents; parent; parent = parent->hh.next) {
		for (at = cnt; at > 0 && is_worse(parent, worst[at - 1]); at--)
			worst[at] = worst[at - 1];
		worst[at] = parent;
		cnt += cnt < max;
	}
	for (at = 0; at < cnt; at++)
		ret_parents[at] = parent_view(worst[at]);
	free(worst);
	return cnt;
}
