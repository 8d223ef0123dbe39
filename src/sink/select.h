/*
 * The filters that only user space can apply: which lines are wanted (-e), and which lives (--failed,
 * --slower-than: both must hold where both are given). Stands between the model and the sinks.
 *
 * Whether a life is wanted shows only near its end, so what is told of it until then is kept and passed on
 * in order, with its true times, when it matches; from there on every fact of it passes, to its end.
 * A life that ends without a match is forgotten. Without --failed and --slower-than nothing is kept.
 *
 * `start` and `end` always pass; -e decides on all others; facts about no process pass otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"
#include "options.h"

/*
 * Bounds of what is kept. Beyond them the oldest exec goes first (of that life, or of all), because a
 * shell that runs for days is known by its birth and by its last exec; then other facts, never the birth.
 */
#define SELECT_LIFE_BYTES  (32u << 10)
#define SELECT_TOTAL_BYTES (64u << 20)

struct select;

/* The fact and all it points to are lent for the call. */
typedef void (*select_emit)(void *context, const struct fact *fact);

/* select_new - NULL when out of memory. `filters` is copied. */
struct select *select_new(const struct filters *filters, select_emit emit, void *context);
void select_free(struct select *select);

/* select_take - one fact from the model; calls `emit` for whatever is now known to be wanted. */
void select_take(struct select *select, const struct fact *fact);

/* Facts that may have been wanted, but that there was no room to keep; lives in the table, bytes kept. */
uint64_t select_lost(const struct select *select);
size_t select_lives(const struct select *select);
size_t select_bytes(const struct select *select);
