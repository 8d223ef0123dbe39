/* A process runs another program, and what its threads do. */
#pragma once

#include "model/tell.h"

/* exec_tell - takes over what an EXEC changes and tells it. */
void exec_tell(struct model *model, struct process *process, const struct event *event);

/* thread_born, thread_exited - facts with config.threads only; their comm is the thread's own. */
void thread_born(struct model *model, struct process *process,
		 const struct pt_event_thread *thread);
void thread_exited(struct model *model, struct process *process,
		   const struct pt_event_thread_exit *exit);
