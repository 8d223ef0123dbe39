/*
 * When the model is compared with /proc, and what came of it: at the start, every --verify seconds, and
 * at the end. A round is done in slices between looks at the ring, so that it never holds that up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "procfs/proc.h"
#include "procfs/verify.h"

#define CROSSCHECK_STRANGERS 64 /* adopted in one round; more wait for the next */

enum crosscheck_state {
	CROSSCHECK_IDLE,
	CROSSCHECK_LOOKING,
	CROSSCHECK_SETTLING, /* differences rest while the ring is drained */
	CROSSCHECK_CONFIRMING,
};

/* Public because the session embeds it. */
struct crosscheck {
	struct proc_root root;
	struct verify *verify;
	struct verify_scope scope;
	enum crosscheck_state state;
	int error; /* why there is none: -errno */
	uint64_t period_ns; /* 0 = only when asked */
	uint64_t next_ns;
	uint64_t settled_ns;
	uint64_t rounds, compared, mismatches; /* of all rounds that ended */
	uint64_t start_ns; /* who was born before and is unknown was left out of the snapshot */
	struct pt_event_task strangers[CROSSCHECK_STRANGERS]; /* found in this round, to be adopted */
	size_t strangers_cnt;
	model_emit emit; /* while a round is confirmed */
	void *context;
	uint64_t now_ns;
};

/*
 * crosscheck_init - opens /proc. Where that cannot be read, or numbers in it are not those of the
 * model, every later call does nothing and `error` says why. Call before privileges are given up.
 */
void crosscheck_init(struct crosscheck *check, struct verify_scope scope, uint64_t period_ns,
		     uint64_t start_ns);
void crosscheck_release(struct crosscheck *check);

/* crosscheck_start - begins a round now. */
void crosscheck_start(struct crosscheck *check, const struct model *model, uint64_t now_ns);

/*
 * crosscheck_step - does a slice of what is due. The ring should have been drained just before. A
 * process that /proc shows and the model lacks is entered into the model: where it is older than the
 * tracer the snapshot left it out (`resync`), else its birth was lost (`mismatch` as well).
 */
void crosscheck_step(struct crosscheck *check, struct model *model, uint64_t now_ns, model_emit emit,
		     void *context);

/*
 * crosscheck_hold - instead of a step, while the model knows that it has a gap: a round under way is given
 * up, and one is due right after the gap unless there is none but on demand.
 */
void crosscheck_hold(struct crosscheck *check, uint64_t now_ns);

/* crosscheck_busy - a round is under way. */
static inline bool crosscheck_busy(const struct crosscheck *check)
{
	return check->state != CROSSCHECK_IDLE;
}

/* crosscheck_next_ns - when the next step is due; UINT64_MAX = never. */
uint64_t crosscheck_next_ns(const struct crosscheck *check);
