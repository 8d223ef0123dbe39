/*
 * From the zombie instant to the free: since when it waits, who reaped it, and how long that took.
 */
#pragma once

#include "model/tell.h"

/* zombie_begin - its parent (or tracer) was told of its death: the zombie instant. */
void zombie_begin(struct model *model, struct process *process,
		  const struct pt_event_zombie *zombie);

/* zombie_told_again - a zombie was told of once more: it does not begin anew, but may have another
 * parent. */
void zombie_told_again(struct model *model, struct process *process,
		       const struct pt_event_zombie *zombie);

/* What was seen of one reap. */
struct reap_sight {
	uint64_t time_ns;
	uint64_t error_ns; /* the reap was at most this much earlier; FACT_UNKNOWN */
	uint64_t wait_entered_ns; /* 0 = not known */
	enum fact_source source;
	enum fact_how how;
	struct pt_identity reaper; /* 0 = not known */
	struct fact_text reaper_comm;
};

/* reap_of_record - what a REAP says. */
struct reap_sight reap_of_record(const struct pt_event_reap *reap);

/*
 * reap_by_what_is_known - how it must have been reaped when only that it is gone was seen: by
 * itself, by the shutdown of its namespace, by a kernel thread that waited, else unseen.
 */
struct reap_sight reap_by_what_is_known(const struct process *process);

void reap_tell(struct model *model, struct process *process, const struct reap_sight *sight);

/* reap_free - a FREE: tells the exit and the reap where they are missing, then the final costs. */
void reap_free(struct model *model, struct process *process, const struct pt_event_free *free);

/* reap_gone - nobody saw its end: tells what is missing of it, unsure. */
void reap_gone(struct model *model, struct process *process, uint64_t time_ns);
