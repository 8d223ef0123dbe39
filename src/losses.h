/*
 * The books: what the programs saw against what arrived. seen = delivered + dropped must hold for each
 * kind once the ring is drained; a loss is told when it is found, with what and how many.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "probe/probe.h"
#include "proctrace/event.h"

struct losses {
	uint64_t delivered[PT_KIND_CNT];
	uint64_t dropped[PT_KIND_CNT]; /* told so far */
	uint64_t misses;	       /* told so far: programs not run because they were running */
	uint64_t malformed, malformed_told;
	uint64_t model, model_told; /* events the model had no memory for */
};

/* losses_unflagged - how many of those told so far the programs could raise no flag for. */
static inline uint64_t losses_unflagged(const struct losses *losses)
{
	return losses->misses + losses->malformed_told + losses->model_told;
}

/* losses_delivered - books one record as it came from the ring; `error` is decode()'s. */
void losses_delivered(struct losses *losses, const void *data, size_t size, int error);

/*
 * losses_look - reads the counters and makes a `lost` fact for each kind that lost something since the
 * last look. Returns how many were lost, or -errno.
 */
int64_t losses_look(struct losses *losses, const struct probe *probe, uint64_t now_ns, model_emit emit,
		    void *context);

/*
 * losses_unaccounted - by how many records the books are off: over all kinds, the distance between seen
 * and delivered + dropped. 0, unless records vanished or came twice; only once the ring is drained.
 */
uint64_t losses_unaccounted(const struct losses *losses, const struct pt_counter counters[PT_KIND_CNT]);

/* losses_end - the totals for the end record; to be called when the ring is drained and detached. */
void losses_end(const struct losses *losses, const struct probe *probe, struct fact *end);
