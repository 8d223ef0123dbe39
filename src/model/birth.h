/* How a process comes to be known: born before our eyes, there already, or told of by an event. */
#pragma once

#include "model/tell.h"

/* birth_fork - takes over what a FORK says and tells it, unless its birth is told already. */
void birth_fork(struct model *model, struct process *process, const struct event *event);

/* birth_fill - takes over from a snapshot what is not known yet, and confirms the parent. */
void birth_fill(struct model *model, struct process *process, const struct pt_event_task *task);

/* birth_appear - fills, and tells that it was there, unless its birth is told already. */
void birth_appear(struct model *model, struct process *process, const struct event *event);

/*
 * birth_missed - for one that is younger than the tracer and whose fork did not come although every
 * life should be told: tells that it is there, unsure.
 */
void birth_missed(struct model *model, struct process *process, uint64_t time_ns);

/* birth_untold - its fork must have been lost: younger than the tracer, and no filter is on. */
bool birth_untold(const struct model *model, const struct process *process);
