/*
 * Processes that are dead in the model and gone in /proc, and whose reap is still to be told:
 * followed from round to round of the cross-check, so that late can be told from lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proctrace/event.h"

#define LATE_MAX 256 /* followed at once; what is more counts as late for ever */

struct late {
	struct pt_identity who;
	uint64_t since_ns;
	bool seen; /* in this round */
};

/* Public because it is embedded. All zero: empty. */
struct late_list {
	struct late late[LATE_MAX];
	size_t cnt;
};

/* late_begin - a round begins: nobody was seen yet. */
void late_begin(struct late_list *list);

/* late_see - it is late now. For how long it has been. */
uint64_t late_see(struct late_list *list, struct pt_identity who, uint64_t now_ns);

/* late_end - a round is over: who was not seen in it was told at last, and is forgotten. */
void late_end(struct late_list *list);
