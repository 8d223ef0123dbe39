/*
 * What a life may do: one const table, state by event. A step changes nothing by itself; the model
 * does what the action says and then advances to `next`. States only advance.
 *
 *	NEW ----> ALIVE ----> DYING ----> ZOMBIE ----> REAPED ---- free ----> (gone)
 *	          (born)      (exit)      (parent told)  (released)
 */
#pragma once

#include "model/model.h"

/*
 * Rows: enum process_state, and one more. An outsider is a process that is not known (NEW, or not
 * in the table at all) while a filter thins the stream: what the kernel's filter lets pass as a
 * statement about its subject brings it in, the rest is not ours.
 */
enum { LIFE_OUTSIDER = PROCESS_REAPED + 1, LIFE_ROW_CNT };

/* Events as the lifecycle sees them: some kinds of records split, by what they mean for the
 * receiver. */
enum life_event {
	LIFE_FORK,
	LIFE_EXEC,
	LIFE_EXIT,
	LIFE_EXIT_SILENT, /* its exit signal is 0: nobody will be told, it is a zombie from now on
			   */
	LIFE_ZOMBIE,
	LIFE_ZOMBIE_AUTO, /* told (SA_NOCLDWAIT), but its parent said that it does not wait: no
			     zombie */
	LIFE_REAP, /* released: exact, or seen from outside */
	LIFE_WAITED, /* a wait call of its parent returned its number: a reap if it is a zombie */
	LIFE_FREE,
	LIFE_SIGNAL,
	LIFE_OOM,
	LIFE_TASK, /* snapshot: alive */
	LIFE_TASK_YOUNG, /* snapshot: alive, and so young that its fork may follow in the ring */
	LIFE_TASK_DYING,
	LIFE_TASK_ZOMBIE,
	LIFE_TASK_REAPED,
	LIFE_THREAD,
	LIFE_THREAD_EXIT,
	LIFE_GONE, /* another look did not find it any more */
	LIFE_EVENT_CNT
};

enum life_action {
	LIFE_DO_NOTHING,
	LIFE_DO_COUNT_UNKNOWN, /* about a process that we do not know and need not */
	LIFE_DO_COUNT_DUPLICATE, /* known already */
	LIFE_DO_BIRTH, /* tell the fork, unless its birth is told already */
	LIFE_DO_APPEAR, /* tell that it was there, unless its birth is told already; fill */
	LIFE_DO_FILL, /* take over what is not known yet */
	LIFE_DO_EXEC,
	LIFE_DO_EXIT, /* tell the exit, unless it is told already; give the children away */
	LIFE_DO_BECOME_ZOMBIE,
	LIFE_DO_TOLD_AGAIN, /* a zombie was handed on: the receiver is its parent */
	LIFE_DO_FIND_DEAD, /* dead, and its exit was not seen: the children have left it unseen */
	LIFE_DO_REAP,
	LIFE_DO_FREE, /* tell what is still missing, then the free; forget it */
	LIFE_DO_NOTE_SIGNAL,
	LIFE_DO_NOTE_OOM,
	LIFE_DO_THREAD,
	LIFE_DO_THREAD_EXIT,
	LIFE_DO_FORGET, /* free of what was only named: it will never be more */
	LIFE_DO_CLOSE, /* tell an end that nobody saw; forget it */
	LIFE_ACTION_CNT
};

struct life_step {
	uint8_t next; /* enum process_state */
	uint8_t action; /* enum life_action */
};

extern const struct life_step lifecycle[LIFE_ROW_CNT][LIFE_EVENT_CNT];
