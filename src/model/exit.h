/* The end of a process: how it ended, what it cost, who killed it. */
#pragma once

#include "model/tell.h"

/* exit_tell - an EXIT: tells it once, and gives the children away. */
void exit_tell(struct model *model, struct process *process, const struct pt_event_exit *exit);

/*
 * exit_found - it is dead, and its exit was not seen: nobody knows who got its children. That is a
 * hole, unless it is new to us and older than the tracer: then it may have exited before. The exit
 * itself is told when its status is known, by exit_tell_missed().
 */
void exit_found(struct model *model, struct process *process, uint64_t time_ns);

/* exit_tell_missed - tells an exit that was not seen; `free` NULL: how it ended stays unknown. */
void exit_tell_missed(struct model *model, struct process *process,
		      const struct pt_event_free *free, uint64_t time_ns);

/* exit_status_split - a wait status as exit code or as signal; the other stays as it is. */
void exit_status_split(uint32_t status, fact_num *ret_exit_code, fact_num *ret_signal);
