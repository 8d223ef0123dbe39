/*
 * The tree of lives: who was whose child, who inherited whom, how each ended. Built from facts
 * alone, so a live run and a recording read later give the same tree. Dead lives stay.
 *
 * A life hangs under its *birth* parent, the process that forked it, and stays there for ever: the
 * question asked of a tree of the past is "where did this come from", and a tree by last parent
 * would gather every daemon and orphan flat under init. That it was handed to somebody else is said
 * by its handings. Where the birth was not seen (it was there before, or the fork was lost), the
 * first parent seen takes the birth parent's place.
 *
 * A process that is only named by others (a parent outside the filter, an adopter, a killer) is
 * kept as a stub: `seen` false, comm only where a fact told it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"
#include "model/life.h"

struct tree;

struct tree_totals {
	size_t lives; /* kept */
	size_t left_out; /* seen, but beyond lives_max */
	size_t alive, zombies;
	size_t stubs;
	size_t bytes; /* resident, allocator's overhead apart */
};

/* tree_new - an empty tree that keeps up to `lives_max` lives (0 = no bound); NULL when out of
 * memory. */
struct tree *tree_new(size_t lives_max);
void tree_free(struct tree *tree);

/*
 * tree_take - takes the next fact of the stream; any type, those that say nothing of a life are
 * passed over. 0, or -ENOMEM: what this fact said is missing from the tree.
 */
int tree_take(struct tree *tree, const struct fact *fact);

/* tree_find - the life, or NULL; stubs are not found. */
const struct life *tree_find(const struct tree *tree, struct pt_identity who);

/*
 * tree_first, tree_next - every life, parents before their children, brothers in order of birth:
 *
 *	for (life = tree_first(tree, false, &depth); life; life = tree_next(life, &depth))
 *
 * `depth` is 0 for a root. Stubs come only where they have children to show. Kernel threads that
 * have none are left out unless `kthreads`. A life's `next` is its next brother of the walk only
 * if that is `shown`. Do not call tree_take() meanwhile.
 */
const struct life *tree_first(struct tree *tree, bool kthreads, size_t *ret_depth);
const struct life *tree_next(const struct life *life, size_t *depth);

/* tree_last_brother - true if the walk shows no brother after it. */
static inline bool tree_last_brother(const struct life *life)
{
	return !life->next || !life->next->shown;
}

struct tree_totals tree_totals(const struct tree *tree);
