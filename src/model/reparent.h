/*
 * Who inherits whom. A death moves the children that the table knows to the adopter that BPF
 * computed (predicted); each later sight of a child confirms or corrects it.
 */
#pragma once

#include "model/tell.h"

/*
 * reparent_children - `parent` has exited: its children go to the adopter that the exit names. Not
 * those that are reaped, and none where the parent is the init of a nested pid namespace: they die.
 */
void reparent_children(struct model *model, struct process *parent,
		       const struct pt_event_exit *exit);

/* reparent_abandon - `parent` is dead and nobody saw to whom its children went. */
void reparent_abandon(struct model *model, struct process *parent, uint64_t time_ns);

/*
 * reparent_sight - an event showed `parent` as the parent of `process`. Tells a correction where
 * the table thought otherwise. A child may show its dead parent for a moment after the parent's
 * exit (the exit's tracepoint comes before exit_notify): that is ignored. 0 = not shown.
 */
void reparent_sight(struct model *model, struct process *process, struct pt_identity parent,
		    uint64_t time_ns);
