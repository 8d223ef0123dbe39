/*
 * The ledger of a random tree: a node for each life, in shared memory, written by whoever knows.
 * Beyond the life itself a node says whose child it is now, and whether anything about it can
 * still change without its parent's doing.
 *
 *   UNBORN -> MOVING <-> RESTING
 *                \          |      (ordered, killed, or its parent's death woke it: MOVING again)
 *                 +-> DEAD -+-> GONE
 *
 * Who inherits whom is never foreseen: a process that lives through its child's death, and so knows
 * that it is complete, looks up in /proc whose children its child's children are now.
 *
 * That this is the whole truth rests on one rule: a process dies, or ceases or begins to be a
 * subreaper, only when nothing below it moves (node_settle). Below goes by the parents of now.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "life.h"

#define NODES_MAX 8192
#define HOPS_MAX  12

enum node_state { NODE_UNBORN, NODE_MOVING, NODE_RESTING, NODE_DEAD, NODE_GONE };

/* What a resting one is told; futex words. */
enum order { ORDER_NONE, ORDER_GO_ON, ORDER_EXIT };

enum style { STYLE_ENDS, STYLE_RESTS };

/* How a life ends by itself. */
enum ending {
	END_EXIT,
	END_EXIT_OF_THREAD,
	END_LEADER_FIRST,
	END_EXEC,
	END_EXEC_OF_THREAD,
	END_SIGNAL_TO_SELF,
	END_ABORT,
	END_FAULT,
	END_TIMER,
	END_MURDER, /* kills its victim, then exits */
	ENDING_CNT
};

/* How its parent ends the rest of one that rests. */
enum mercy { MERCY_EXIT, MERCY_GO_ON, MERCY_KILL, MERCY_TERM, MERCY_MURDER, MERCY_CNT };

/* How it is waited for. */
enum wait_way {
	WAIT_CALL,
	WAIT_LATE,
	WAIT_ID,
	WAIT_PIDFD,
	WAIT_POLL,
	WAIT_LOOK_FIRST,
	WAIT_THREAD,
	WAIT_WAY_CNT
};

/* What one life is going to be, drawn by its creator before its birth. */
struct fate {
	uint64_t seed;
	unsigned budget; /* lives below it */
	enum style style;
	enum ending ending;
	enum mercy mercy;
	enum wait_way wait_way;
	int code; /* exit code, or the signal of END_SIGNAL_TO_SELF */
	unsigned delay_us; /* before a late wait */
	bool ignores; /* SIGCHLD, from before its first child */
	bool nocldwait; /* by SA_NOCLDWAIT instead */
	bool subreaper;
	bool leaves; /* its children behind, as far as they rest or are dead */
	bool by_thread; /* lives in a thread, its leader is dead from the start */
	bool goes_on; /* when it is orphaned while resting; else it rests on */
};

struct hop {
	int from, to; /* nodes */
};

struct node {
	struct life life;
	struct fate fate;
	int creator;
	atomic_int parent; /* of now: a node; NOBODY: the root's */
	_Atomic uint32_t state; /* enum node_state */
	_Atomic uint32_t order; /* enum order */
	bool nested; /* in a pid namespace of the tree's own */
	bool executes;
	struct hop hops[HOPS_MAX];
	unsigned hops_cnt;
	int exit_signal; /* of now: SIGCHLD once it executed or was orphaned */
	struct node *victim; /* END_MURDER */
	unsigned depth;
};

#define NOBODY (-1)

/* ledger_open - makes the ledger, with the caller as node 0. Call once, before any birth. */
struct node *ledger_open(void);

/* node_new - unborn, in nobody's account yet. Breaks the run when the ledger is full. */
struct node *node_new(void);
struct node *node_at(int index);
int node_index(const struct node *node);
int nodes_cnt(void);

/* node_set_state - for whoever makes it move, rest or end. */
void node_set_state(struct node *node, enum node_state state);

/* node_note_self - by a newborn: what it is called inside and outside. */
void node_note_self(struct node *me);

/* node_number - what `me` calls `node` in its own pid namespace. Waits until that is known. */
pid_t node_number(const struct node *me, const struct node *node);

/* node_is_child - by the ledger: `me` has to wait for it, now. */
bool node_is_child(const struct node *me, const struct node *node);

/* node_reaps_itself - as a child of `me`. */
bool node_reaps_itself(const struct node *me, const struct node *node);

/* node_settle - by `me`: until nothing below it moves. Dead children are confirmed on the way. */
void node_settle(struct node *me);

/* node_await_rest - until a child rests or is dead. */
void node_await_rest(struct node *me, struct node *child);

/* node_await_death - a child's, without reaping it. For one that reaps itself: until it is gone. */
void node_await_death(struct node *me, struct node *child);

/* node_await_rest's other side: rests until an order comes, and returns it. */
enum order node_rest(struct node *me);
void node_order(struct node *node, enum order order);

/* node_reap - waits for a child of `me` by its wait_way; nothing is left to be told of it. */
void node_reap(struct node *me, struct node *child);

/* ledger_tell - everything, once all but the root are gone. */
void ledger_tell(void);
