#include "sink/select.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "model/fact_copy.h"

enum life_state {
	LIFE_HELD, /* may match yet */
	LIFE_WANTED, /* has matched: passes */
	LIFE_UNWANTED, /* cannot match any more */
};

struct life;

/* A fact that waits for its life to match. */
struct held {
	TAILQ_ENTRY(held) in_life;
	TAILQ_ENTRY(held) in_all; /* of those that may go when memory is short: see sheddable() */
	struct life *life;
	size_t bytes;
	struct fact fact;
	char texts[];
};

TAILQ_HEAD(held_list, held);
TAILQ_HEAD(life_list, life);

struct life {
	struct fact_id id;
	enum life_state state;
	bool failed, slow; /* known to be */
	bool reaped; /* only its free is to come */
	size_t bytes;
	struct held_list facts; /* in order */
	TAILQ_ENTRY(life) in_reaped;
	UT_hash_handle hh;
};

struct select {
	select_emit emit;
	void *context;
	uint32_t types; /* bits by enum fact_type */
	bool failed;
	uint64_t slower_than_ns;
	struct life *lives;
	struct held_list sheddable; /* of all lives, oldest first */
	struct life_list reaped;
	size_t bytes;
	uint64_t lost;
};

struct select *select_new(const struct filters *filters, select_emit emit, void *context)
{
	struct select *select = calloc(1, sizeof(*select));

	if (!select)
		return NULL;
	select->emit = emit;
	select->context = context;
	select->types = filters->types ? filters->types : UINT32_MAX;
	select->types |= 1u << FACT_START | 1u << FACT_END;
	select->failed = filters->failed;
	select->slower_than_ns = filters->slower_than_ns;
	TAILQ_INIT(&select->sheddable);
	TAILQ_INIT(&select->reaped);
	return select;
}

static bool of_a_life(enum fact_type type)
{
	switch (type) {
	case FACT_START:
	case FACT_END:
	case FACT_LOST:
	case FACT_RESYNC:
	case FACT_MISMATCH:
	case FACT_CLOCK:
	case FACT_TYPE_CNT:
		return false;
	default:
		return true;
	}
}

static bool is_birth(const struct fact *fact)
{
	return fact->type == FACT_FORK || fact->type == FACT_PROCESS;
}

/* A life has any number of these. */
static bool sheddable(const struct fact *fact)
{
	return fact->type == FACT_EXEC || fact->type == FACT_THREAD ||
	       fact->type == FACT_THREAD_EXIT;
}

static bool line_wanted(const struct select *select, const struct fact *fact)
{
	return select->types >> fact->type & 1;
}

static void pass(struct select *select, const struct fact *fact)
{
	if (line_wanted(select, fact))
		select->emit(select->context, fact);
}

/* --- what is kept -------------------------------------------------------------------------------- */

static void held_free(struct select *select, struct held *held)
{
	TAILQ_REMOVE(&held->life->facts, held, in_life);
	if (sheddable(&held->fact))
		TAILQ_REMOVE(&select->sheddable, held, in_all);
	held->life->bytes -= held->bytes;
	select->bytes -= held->bytes;
	free(held);
}

static void life_drop_facts(struct select *select, struct life *life)
{
	while (!TAILQ_EMPTY(&life->facts))
		held_free(select, TAILQ_FIRST(&life->facts));
}

static void life_free(struct select *select, struct life *life)
{
	life_drop_facts(select, life);
	if (life->reaped)
		TAILQ_REMOVE(&select->reaped, life, in_reaped);
	HASH_DEL(select->lives, life);
	select->bytes -= sizeof(*life);
	free(life);
}

void select_free(struct select *select)
{
	struct life *life, *next;

	if (!select)
		return;
	HASH_ITER (hh, select->lives, life, next)
		life_free(select, life);
	free(select);
}

/* Room for `bytes` more in total: lives of which only the last line is to come, then the oldest
 * execs. */
static bool make_room(struct select *select, size_t bytes)
{
	while (select->bytes + bytes > SELECT_TOTAL_BYTES) {
		if (!TAILQ_EMPTY(&select->reaped))
			life_free(select, TAILQ_FIRST(&select->reaped));
		else if (!TAILQ_EMPTY(&select->sheddable))
			held_free(select, TAILQ_FIRST(&select->sheddable));
		else
			return false;
		select->lost++;
	}
	return true;
}

/* The first to go of a life that is at its bound; NULL where only its birth is left. */
static struct held *life_oldest(struct life *life)
{
	struct held *held, *other = NULL;

	TAILQ_FOREACH(held, &life->facts, in_life)
	{
		if (sheddable(&held->fact))
			return held;
		if (!other && !is_birth(&held->fact))
			other = held;
	}
	return other;
}

static bool life_make_room(struct select *select, struct life *life, size_t bytes)
{
	while (life->bytes + bytes > SELECT_LIFE_BYTES) {
		struct held *oldest = life_oldest(life);

		if (!oldest)
			return false;
		held_free(select, oldest);
		select->lost++;
	}
	return true;
}

static void hold(struct select *select, struct life *life, const struct fact *fact)
{
	size_t texts = fact_texts_bytes(fact);
	size_t bytes = sizeof(struct held) + texts;
	struct held *held = NULL;

	if (!line_wanted(select, fact))
		return;
	if (bytes <= SELECT_LIFE_BYTES && life_make_room(select, life, bytes) &&
	    make_room(select, bytes))
		held = malloc(bytes);
	if (!held) {
		select->lost++;
		return;
	}
	fact_copy(fact, &held->fact, held->texts);
	held->life = life;
	held->bytes = bytes;
	TAILQ_INSERT_TAIL(&life->facts, held, in_life);
	if (sheddable(fact))
		TAILQ_INSERT_TAIL(&select->sheddable, held, in_all);
	life->bytes += bytes;
	select->bytes += bytes;
}

/* --- lives --------------------------------------------------------------------------------------- */

static struct life *life_find(struct select *select, struct fact_id id)
{
	struct life *life;

	id.pad = 0;
	HASH_FIND(hh, select->lives, &id, sizeof(id), life);
	return life;
}

static struct life *life_new(struct select *select, struct fact_id id)
{
	struct life *life;

	if (!make_room(select, sizeof(*life)))
		return NULL;
	life = calloc(1, sizeof(*life));
	if (!life)
		return NULL;
	life->id = id;
	life->id.pad = 0;
	TAILQ_INIT(&life->facts);
	HASH_ADD(hh, select->lives, id, sizeof(life->id), life);
	if (!life->hh.tbl) { /* out of memory: uthash has left it out */
		free(life);
		return NULL;
	}
	select->bytes += sizeof(*life);
	return life;
}

/* An exit that was not seen says no code; the status that came with the reap may. */
static bool tells_failure(const struct fact *fact)
{
	if (fact->type == FACT_EXIT)
		return fact_num_known(fact->exit.signal) ||
		       (fact_num_known(fact->exit.exit_code) && fact->exit.exit_code != 0);
	if (fact->type == FACT_REAP)
		return fact_num_known(fact->reap.status) && fact->reap.status != 0;
	return false;
}

static bool tells_success(const struct fact *fact)
{
	return fact->type == FACT_EXIT && fact->exit.exit_code == 0;
}

/* A zombie that is old enough will be reaped too late, if ever: no need to wait for that. */
static bool tells_slowness(const struct fact *fact, uint64_t slower_than_ns)
{
	fact_num ns = FACT_ABSENT;

	if (fact->type == FACT_ZOMBIE)
		ns = fact->zombie.age_ns;
	else if (fact->type == FACT_REAP)
		ns = fact_num_known(fact->reap.latency_ns) ? fact->reap.latency_ns
							   : fact->reap.latency_min_ns;
	return fact_num_known(ns) && ns >= slower_than_ns;
}

/* What the life is from `fact` on. */
static enum life_state judge(const struct select *select, struct life *life,
			     const struct fact *fact)
{
	if (life->state != LIFE_HELD)
		return life->state;
	life->failed |= tells_failure(fact);
	life->slow |= tells_slowness(fact, select->slower_than_ns);
	if ((life->failed || !select->failed) && (life->slow || !select->slower_than_ns))
		return LIFE_WANTED;
	if ((select->failed && tells_success(fact)) || fact->type == FACT_REAP ||
	    fact->type == FACT_FREE)
		return LIFE_UNWANTED;
	return LIFE_HELD;
}

static void pass_held(struct select *select, struct life *life)
{
	struct held *held;

	TAILQ_FOREACH(held, &life->facts, in_life)
	pass(select, &held->fact);
	life_drop_facts(select, life);
}

static void life_take(struct select *select, struct life *life, const struct fact *fact)
{
	enum life_state state = judge(select, life, fact);

	if (state == LIFE_HELD) {
		hold(select, life, fact);
	} else if (state == LIFE_WANTED) {
		pass_held(select, life);
		pass(select, fact);
	} else {
		life_drop_facts(select, life);
	}
	life->state = state;
}

/* What is still to come of it. A reaped life that is not wanted has nothing more to say. */
static void life_settle(struct select *select, struct life *life, enum fact_type type)
{
	if (type == FACT_FREE || (type == FACT_REAP && life->state != LIFE_WANTED)) {
		life_free(select, life);
	} else if (type == FACT_REAP && !life->reaped) {
		life->reaped = true;
		TAILQ_INSERT_TAIL(&select->reaped, life, in_reaped);
	}
}

/*
 * A fact of a life that cannot be kept, for want of a full identity or of room, speaks for itself.
 */
static void take_alone(struct select *select, const struct fact *fact)
{
	struct life alone = {.state = LIFE_HELD};

	if (judge(select, &alone, fact) == LIFE_WANTED)
		pass(select, fact);
	else if (line_wanted(select, fact))
		select->lost++;
}

void select_take(struct select *select, const struct fact *fact)
{
	struct life *life;

	if (!of_a_life(fact->type) || (!select->failed && !select->slower_than_ns)) {
		pass(select, fact);
		return;
	}
	life = life_find(select, fact->who);
	if (!life && fact->type == FACT_FREE)
		return; /* let go at its reap */
	if (!life && fact_id_known(fact->who) && fact->who.start_ns)
		life = life_new(select, fact->who);
	if (!life) {
		take_alone(select, fact);
		return;
	}
	life_take(select, life, fact);
	life_settle(select, life, fact->type);
}

uint64_t select_lost(const struct select *select)
{
	return select->lost;
}

size_t select_lives(const struct select *select)
{
	return HASH_COUNT(select->lives);
}

size_t select_bytes(const struct select *select)
{
	return select->bytes;
}
