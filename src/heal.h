/*
 * What is done about a loss: from its notice until the model is known to be whole again.
 *
 *	loss --> gap --> look --> drain --> wait for frees --> look again --> drain --> resync, whole
 *
 * A look is a pass of the kernel's own list of processes, past the ring (probe_list()), so that a full
 * ring cannot drop it. Who is alive in it is taken in at once, before the ring's records of what came
 * after; who is dead in it only after those, which say how it died. Whom the model holds and neither
 * look shows is closed. From the notice to the end of the gap all facts are unsure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crosscheck.h"
#include "losses.h"
#include "model/model.h"
#include "probe/probe.h"

enum heal_state {
	HEAL_WHOLE,
	HEAL_STARTING,	   /* no gap: the first snapshot may still show somebody before his birth */
	HEAL_DUE,	   /* the first look is to come */
	HEAL_LOOKED,	   /* it was: the ring holds what happened meanwhile */
	HEAL_WAITING,	   /* until what was on its way has come, frees above all */
	HEAL_LOOKED_AGAIN,
};

/* A list of processes; sorted once it is whole. */
struct heal_ids {
	struct pt_identity *list;
	size_t cnt, max;
};

/* What it works on. The pointers are borrowed. */
struct heal_world {
	struct probe *probe;
	struct model *model;
	struct losses *losses;
	struct crosscheck *check; /* its root is asked where the kernel refuses its list */
	bool complete; /* no filter */
	model_emit emit;
	bool (*drain)(void *context); /* reads the ring and writes what it told; true: it is empty */
	void *context; /* of both */
};

/* Public because the session embeds it. */
struct heal {
	struct heal_world world;
	enum heal_state state;
	bool gap; /* the model has been told of it and not of its end */
	bool lost; /* since the first look began: one more round */
	bool unbooked; /* dropped, and not yet told as `lost` */
	bool rounded; /* the look was at /proc: starts are cut to a tick */
	int error; /* of the look */
	uint64_t due_ns; /* next step; UINT64_MAX = none */
	uint64_t looked_ns; /* when the first look began */
	uint64_t booked_ns; /* last look at the counters */
	uint64_t late_ns; /* next look for dead ones whose end was not told */
	uint64_t late_frees; /* forgotten without one */
	struct heal_ids seen, missing;
	struct pt_event_task *dead; /* of the look, for after the drain */
	size_t dead_cnt, dead_max;
	struct model_totals before; /* of the round */
	uint64_t closed, reparented, looked_at; /* in the round */
};

void heal_init(struct heal *heal, const struct heal_world *world, uint64_t now_ns);

/*
 * heal_snapshot - who is there already: from the kernel through the ring, in one order with all else;
 * where that is refused from /proc, without a filter's help. Some time later the model is called
 * whole. 0 or -errno.
 */
int heal_snapshot(struct heal *heal, uint64_t now_ns);
void heal_release(struct heal *heal);

/* heal_lost - something was lost just now. */
void heal_lost(struct heal *heal);

/* heal_watch - to be called before each record is handed to the model. */
static inline void heal_watch(struct heal *heal)
{
	if (!heal->lost && probe_has_dropped(heal->world.probe))
		heal_lost(heal);
}

/*
 * heal_step - looks whether something was lost, tells it, and does what is due; where nothing is broken,
 * a step of the cross-check, which proves it. `drained`: the ring was just found empty.
 */
void heal_step(struct heal *heal, bool drained, uint64_t now_ns);

/* heal_next_ns - when it is due; UINT64_MAX = never. */
uint64_t heal_next_ns(const struct heal *heal);

/*
 * heal_finish - closes a gap, unless more is lost all the time, and has the cross-check run once more.
 * While records still flow, or what happens meanwhile would look like a difference.
 */
void heal_finish(struct heal *heal);

/* heal_has_gap - the model is not what /proc shows, and says so. */
static inline bool heal_has_gap(const struct heal *heal)
{
	return heal->gap;
}
