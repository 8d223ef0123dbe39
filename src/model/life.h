/*
 * One life as the facts tell it: birth, program, end, wait, and who had to do with it. Knows other
 * lives by pointer only; src/model/tree.[ch] owns and finds them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"

#define LIFE_ARGS_BYTES	  120 /* kept of an argument vector; fits in args_bytes */
#define LIFE_HANDINGS_MAX 16 /* kept per life; a later one overwrites the last */

struct life;

/* One change of parent. */
struct handing {
	struct handing *next; /* the later one */
	struct life *to; /* NULL = not known */
	uint64_t at_ns;
	bool predicted; /* not confirmed by a sight of the child */
};

enum life_end {
	LIFE_ALIVE, /* no end was seen */
	LIFE_CODE, /* value: exit code */
	LIFE_SIGNAL, /* value: signal */
	LIFE_END_UNKNOWN, /* it ended, how is not known */
};

/* Public because drawing and reports iterate over it; only life.c and tree.c write. Boot times in
 * ns, 0 = not known. */
struct life {
	struct pt_identity id; /* start_ns is the birth */
	struct life *birth_parent, *first_child, *last_child, *next; /* next: the younger sibling */
	struct life *parent; /* who must reap it, or had to */
	struct life *reaper, *killer;
	struct handing *handings; /* first to last */
	char *args; /* of the last exec, NUL-separated, args_bytes of them; NULL = none known */
	uint64_t exit_ns;
	uint64_t zombie_ns; /* since when a zombie */
	uint64_t latency_ns; /* zombie -> reap, with latency_known */
	uint16_t handings_cnt; /* all, also those not kept; saturates */
	uint8_t args_bytes;
	uint8_t end; /* enum life_end */
	uint8_t value;
	uint8_t how; /* enum fact_how, with reaped; UINT8_MAX = not known */
	bool seen : 1; /* not a stub */
	bool before : 1; /* it was there when the tracer came */
	bool kthread : 1;
	bool execed : 1;
	bool args_cut : 1;
	bool core_dumped : 1;
	bool oom : 1;
	bool killed_by_kernel : 1;
	bool found_gone : 1; /* its exit was not seen, exit_ns is when it was missed */
	bool zombie : 1; /* exited and not reaped: waits now */
	bool reaped : 1;
	bool latency_known : 1;
	bool latency_at_most : 1; /* the instant of the reap comes from its free */
	bool latency_at_least : 1; /* it was a zombie before the tracer came */
	bool unsorted : 1; /* its children */
	bool shown : 1; /* set by tree_first */
	char comm[PT_COMM_BYTES]; /* the last one, terminated */
};

/* The lives that a fact names beside its subject; NULL = not named, or not known. */
struct life_named {
	struct life *reaper, *killer; /* reap, exit */
	struct life *reparent_from, *reparent_to; /* reparent */
};

/*
 * life_take - writes into `life` what `fact`, which is about it, says. The hanging into the tree
 * (birth_parent, children, the first parent) is the tree's. 0 or -ENOMEM.
 */
int life_take(struct life *life, const struct fact *fact, const struct life_named *named);

/* life_comm - keeps the first bytes of a name, if there is one. */
void life_comm(struct life *life, struct fact_text comm);

/* life_release - gives back what the life owns, not the life. */
void life_release(struct life *life);

/* life_bytes - heap that the life owns. */
size_t life_bytes(const struct life *life);

/*
 * life_lifetime_ns - birth to exit, or to `now_ns` for one that is alive. False if the birth or the
 * end is not known.
 */
bool life_lifetime_ns(const struct life *life, uint64_t now_ns, uint64_t *ret_ns);
