/* How the lives of a random tree begin and end, as their fate says; what lies between is random.c's. */
#pragma once

#include "ledger.h"

enum birth {
	BIRTH_FORK,
	BIRTH_VFORK, /* a leaf: it has its creator's memory */
	BIRTH_NO_SIGNAL, /* exit signal 0 */
	BIRTH_USR1, /* exit signal SIGUSR1, which all of the tree ignore */
	BIRTH_SIBLING, /* CLONE_PARENT */
	BIRTH_BY_THREAD, /* of its creator; the thread is gone afterwards */
	BIRTH_NAMESPACE, /* as init of a pid namespace */
	BIRTH_CNT
};

/* growth_bear - a child of `me`, or its sibling; returns in `me` alone. */
struct node *growth_bear(struct node *me, enum birth birth, const struct fate *fate,
			 struct node *victim, void (*live)(struct node *me));

/* growth_end - as its fate says. */
void growth_end(struct node *me) __attribute__((noreturn));

/* growth_kill - a resting child, by `me`. */
void growth_kill(struct node *me, struct node *victim, int sig);
