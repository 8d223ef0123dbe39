#include "model/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define CHUNK_NODES 256

/* A life in the table. Apart from struct life so that readers of the tree do not see the hash. */
struct node {
	struct life life;
	UT_hash_handle hh; /* by life.id */
};

/* Nodes are never given back one by one: a chunk saves the allocator's header of each. */
struct chunk {
	struct chunk *next;
	size_t used;
	struct node nodes[CHUNK_NODES];
};

struct tree {
	struct node *table;
	struct chunk *chunks;
	struct life root; /* parent of all roots, while walked; never shown itself */
	size_t lives_max;
	size_t lives, left_out, stubs;
	bool births_seen; /* else a life left out is counted at its exit */
};

struct tree *tree_new(size_t lives_max)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (tree)
		tree->lives_max = lives_max ? lives_max : SIZE_MAX / 2;
	return tree;
}

void tree_free(struct tree *tree)
{
	struct chunk *chunk, *next;

	if (!tree)
		return;
	HASH_CLEAR(hh, tree->table);
	for (chunk = tree->chunks; chunk; chunk = next) {
		next = chunk->next;
		for (size_t i = 0; i < chunk->used; i++)
			life_release(&chunk->nodes[i].life);
		free(chunk);
	}
	free(tree);
}

static struct node *node_find(const struct tree *tree, struct pt_identity id)
{
	struct node *node;

	id.pad = 0;
	HASH_FIND(hh, tree->table, &id, sizeof(id), node);
	return node;
}

const struct life *tree_find(const struct tree *tree, struct pt_identity who)
{
	struct node *node = node_find(tree, who);

	return node && node->life.seen ? &node->life : NULL;
}

static struct node *node_new(struct tree *tree, struct pt_identity id)
{
	struct chunk *chunk = tree->chunks;
	struct node *node;

	if (!chunk || chunk->used == CHUNK_NODES) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = tree->chunks;
		tree->chunks = chunk;
	}
	node = &chunk->nodes[chunk->used];
	*node = (struct node){.life = {.id = id, .how = UINT8_MAX}};
	node->life.id.pad = 0;
	HASH_ADD(hh, tree->table, life.id, sizeof(id), node);
	if (!node->hh.tbl)
		return NULL;
	chunk->used++;
	return node;
}

/*
 * life_of - the process that a fact names beside its subject; a stub if it was not met before.
 * *ret_life is NULL where the fact does not know it, or where there is no room for one more stub.
 */
static int life_of(struct tree *tree, struct fact_id id, struct life **ret_life)
{
	struct pt_identity key = {.start_ns = id.start_ns, .tgid = id.pid};
	struct node *node;

	*ret_life = NULL;
	if (!fact_id_known(id) || !id.pid)
		return 0;
	node = node_find(tree, key);
	if (!node) {
		if (tree->stubs >= tree->lives_max)
			return 0;
		node = node_new(tree, key);
		if (!node)
			return -ENOMEM;
		tree->stubs++;
	}
	*ret_life = &node->life;
	return 0;
}

/*
 * A parent is older than its child. To insist on it keeps the tree free of loops whatever a
 * recording claims, without a walk up at each birth.
 */
static bool is_older(const struct life *parent, const struct life *child)
{
	if (parent->id.start_ns != child->id.start_ns)
		return parent->id.start_ns < child->id.start_ns;
	return parent->id.tgid < child->id.tgid;
}

static void life_hang(struct life *parent, struct life *child)
{
	if (!parent || child->birth_parent || !is_older(parent, child))
		return;
	child->birth_parent = parent;
	child->next = NULL; /* it may have been a root of an earlier walk */
	if (parent->last_child) {
		if (child->id.start_ns < parent->last_child->id.start_ns)
			parent->unsorted = true;
		parent->last_child->next = child;
	} else {
		parent->first_child = child;
	}
	parent->last_child = child;
}

static bool is_birth(const struct fact *fact)
{
	return fact->type == FACT_FORK || fact->type == FACT_PROCESS;
}

static void count_left_out(struct tree *tree, const struct fact *fact)
{
	if (is_birth(fact) || (fact->type == FACT_EXIT && !tree->births_seen))
		tree->left_out++;
}

/*
 * life_enter - the life that a fact is about, entered if it is new. *ret_life is NULL if there is
 * no room for it. The parent is taken from the first fact that names one.
 */
static int life_enter(struct tree *tree, const struct fact *fact, struct life **ret_life)
{
	struct fact_id birth = fact->type == FACT_FORK ? fact->fork.birth : fact->parent;
	struct pt_identity key = {.start_ns = fact->who.start_ns, .tgid = fact->who.pid};
	struct node *node = node_find(tree, key);
	struct life *parent;
	int err;

	*ret_life = NULL;
	/* A free alone says no more than that there was somebody. */
	if (!(node && node->life.seen) && fact->type == FACT_FREE)
		return 0;
	if (!(node && node->life.seen) && tree->lives >= tree->lives_max) {
		count_left_out(tree, fact);
		return 0;
	}
	if (!node)
		node = node_new(tree, key);
	else if (!node->life.seen)
		tree->stubs--;
	if (!node)
		return -ENOMEM;
	*ret_life = &node->life;
	tree->lives += !node->life.seen;
	node->life.seen = true;

	err = life_of(tree, fact_id_known(birth) ? birth : fact->parent, &parent);
	life_hang(parent, &node->life);
	if (err || node->life.parent)
		return err;
	return life_of(tree, fact->parent, &node->life.parent);
}

static bool is_about_life(enum fact_type type)
{
	switch (type) {
	case FACT_PROCESS:
	case FACT_FORK:
	case FACT_EXEC:
	case FACT_EXIT:
	case FACT_ZOMBIE:
	case FACT_LEADER_ZOMBIE:
	case FACT_REAP:
	case FACT_FREE:
	case FACT_REPARENT:
		return true;
	default:
		return false;
	}
}

static int named_find(struct tree *tree, const struct fact *fact, struct life_named *ret_named)
{
	int err;

	*ret_named = (struct life_named){};
	switch (fact->type) {
	case FACT_EXIT:
		return life_of(tree, fact->exit.killer_id, &ret_named->killer);
	case FACT_REAP:
		return life_of(tree, fact->reap.reaper, &ret_named->reaper);
	case FACT_REPARENT:
		err = life_of(tree, fact->reparent.from, &ret_named->reparent_from);
		return err ? err : life_of(tree, fact->reparent.to, &ret_named->reparent_to);
	default:
		return 0;
	}
}

int tree_take(struct tree *tree, const struct fact *fact)
{
	struct life_named named;
	struct life *life;
	int err, named_err, take_err;

	if (!fact_id_known(fact->who) || !is_about_life(fact->type))
		return 0;
	tree->births_seen |= is_birth(fact);
	err = life_enter(tree, fact, &life);
	if (!life)
		return err;
	named_err = named_find(tree, fact, &named);
	take_err = life_take(life, fact, &named);
	return err ? err : named_err ? named_err : take_err;
}

static int compare_birth(const struct life *a, const struct life *b)
{
	if (a->shown != b->shown)
		return a->shown ? -1 : 1;
	return (a->id.start_ns > b->id.start_ns) - (a->id.start_ns < b->id.start_ns);
}

/* Marks what the walk shows, and all above it; each life is passed once, whatever the depth. */
static void mark_shown(struct tree *tree, bool kthreads)
{
	struct node *node;

	for (node = tree->table; node; node = node->hh.next)
		node->life.shown = false;
	for (node = tree->table; node; node = node->hh.next) {
		struct life *life = &node->life;

		if (!life->seen || (life->kthread && !kthreads))
			continue;
		for (; life && !life->shown; life = life->birth_parent)
			life->shown = true;
	}
}

static void sort_children(struct life *life)
{
	LL_SORT2(life->first_child, compare_birth, next);
	for (life->last_child = life->first_child; life->last_child->next;)
		life->last_child = life->last_child->next;
	/* Where some are hidden the order is this walk's only. */
	life->unsorted = !life->last_child->shown;
}

/*
 * Hidden ones go last among their brothers, so that whoever shows a life knows if it is the last.
 */
static void sort_brothers(struct tree *tree)
{
	struct node *node;

	for (node = tree->table; node; node = node->hh.next) {
		struct life *life = &node->life;

		if (!life->shown && life->birth_parent)
			life->birth_parent->unsorted = true;
	}
	for (node = tree->table; node; node = node->hh.next)
		if (node->life.unsorted)
			sort_children(&node->life);
}

static void gather_roots(struct tree *tree)
{
	struct life *root = &tree->root;
	struct node *node;

	root->first_child = root->last_child = NULL;
	for (node = tree->table; node; node = node->hh.next) {
		struct life *life = &node->life;

		if (life->birth_parent)
			continue;
		life->next = NULL;
		if (root->last_child)
			root->last_child->next = life;
		else
			root->first_child = life;
		root->last_child = life;
	}
	if (root->first_child)
		sort_children(root);
}

const struct life *tree_first(struct tree *tree, bool kthreads, size_t *ret_depth)
{
	struct life *life;

	mark_shown(tree, kthreads);
	sort_brothers(tree);
	gather_roots(tree);
	*ret_depth = 0;
	life = tree->root.first_child;
	return life && life->shown ? life : NULL;
}

const struct life *tree_next(const struct life *life, size_t *depth)
{
	if (life->first_child && life->first_child->shown) {
		++*depth;
		return life->first_child;
	}
	while (tree_last_brother(life)) {
		life = life->birth_parent;
		if (!life)
			return NULL;
		--*depth;
	}
	return life->next;
}

struct tree_totals tree_totals(const struct tree *tree)
{
	struct tree_totals totals = {
		.lives = tree->lives,
		.left_out = tree->left_out,
		.stubs = tree->stubs,
		.bytes = sizeof(*tree),
	};
	const struct chunk *chunk;
	const struct node *node;

	for (chunk = tree->chunks; chunk; chunk = chunk->next)
		totals.bytes += sizeof(*chunk);
	for (node = tree->table; node; node = node->hh.next) {
		totals.bytes += life_bytes(&node->life);
		totals.alive += node->life.seen && node->life.end == LIFE_ALIVE;
		totals.zombies += node->life.seen && node->life.zombie;
	}
	if (tree->table)
		totals.bytes += HASH_OVERHEAD(hh, tree->table) -
				sizeof(UT_hash_handle) * HASH_COUNT(tree->table);
	return totals;
}
