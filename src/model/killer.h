/* Who killed it: joins the signal that ended a process with its exit. */
#pragma once

#include "model/tell.h"

/* killer_note - remembers a signal that may end `process`. 0 or -ENOMEM. */
int killer_note(struct model *model, struct process *process, const struct pt_event_signal *signal);

/*
 * killer_join - fills the killer's fields of an exit fact whose `signal` is set. Two rules, both
 * exact: signal_generate that found the group's exit begun (complete_signal, kernel/signal.c) is
 * the cause; without one, signal_deliver with the default action of the same number.
 */
void killer_join(const struct model *model, const struct process *process, struct fact *exit);

/* killer_forget - the note is not needed any more. */
void killer_forget(struct model *model, struct process *process);

/* killer_note_bytes - of the storage that one note takes. */
size_t killer_note_bytes(void);
