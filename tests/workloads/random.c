#include <stdbool.h>

#include "random.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "growth.h"

#define DEPTH_MAX      8
#define KIDS_PENDING   10
#define BUDGET_PER_KID 12

/* splitmix64: a node's own stream, so that no other's timing changes it. */
static uint64_t draw(struct node *me)
{
	uint64_t z = me->fate.seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned below(struct node *me, unsigned bound)
{
	return (unsigned)(draw(me) % bound);
}

static bool chance(struct node *me, unsigned percent)
{
	return below(me, 100) < percent;
}

static bool is_namespace_init(const struct node *node)
{
	return node->nested && !node_at(node->creator)->nested;
}

/* --- fates --------------------------------------------------------------------------------------- */

static enum birth draw_birth(struct node *me)
{
	static const unsigned char weights[BIRTH_CNT] = {
		[BIRTH_FORK] = 50,     [BIRTH_VFORK] = 12,  [BIRTH_NO_SIGNAL] = 6,
		[BIRTH_USR1] = 6,      [BIRTH_SIBLING] = 8, [BIRTH_BY_THREAD] = 10,
		[BIRTH_NAMESPACE] = 8,
	};
	unsigned at = below(me, 100);
	int birth = 0;

	while (at >= weights[birth])
		at -= weights[birth++];
	/* The root's parent is not ours, and an init has no siblings. */
	if (birth == BIRTH_SIBLING && (!node_index(me) || is_namespace_init(me)))
		return BIRTH_FORK;
	if (birth == BIRTH_NAMESPACE && me->nested)
		return BIRTH_FORK;
	return birth;
}

static int draw_code(struct node *me, enum ending ending)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGHUP, SIGINT, SIGPIPE, SIGUSR2};

	if (ending == END_SIGNAL_TO_SELF)
		return signals[below(me, sizeof(signals) / sizeof(signals[0]))];
	return chance(me, 50) ? 0 : (int)below(me, 256);
}

/* An init is deaf to what it sends itself; who shares memory must not start threads in it. */
static enum ending draw_ending(struct node *me, enum birth birth)
{
	static const enum ending inits[] = {END_EXIT, END_EXIT_OF_THREAD, END_EXEC};
	static const enum ending vforked[] = {END_EXIT, END_EXEC, END_EXEC, END_SIGNAL_TO_SELF};

	if (birth == BIRTH_NAMESPACE)
		return inits[below(me, 3)];
	if (birth == BIRTH_VFORK)
		return vforked[below(me, 4)];
	return chance(me, 40) ? END_EXIT : below(me, END_MURDER);
}

static void draw_family(struct node *me, enum birth birth, struct fate *fate)
{
	unsigned most = me->fate.budget < BUDGET_PER_KID ? me->fate.budget : BUDGET_PER_KID;

	if (birth == BIRTH_VFORK)
		return;
	if (me->depth + 1 < DEPTH_MAX && chance(me, 50))
		fate->budget = below(me, most + 1);
	fate->style = chance(me, 35) ? STYLE_RESTS : STYLE_ENDS;
	fate->by_thread = chance(me, 8);
	fate->leaves = chance(me, 50);
	if (birth == BIRTH_NAMESPACE)
		return;
	fate->subreaper = chance(me, 25);
	fate->ignores = !fate->subreaper && chance(me, 15);
	fate->nocldwait = chance(me, 50);
}

static struct fate draw_fate(struct node *me, enum birth birth)
{
	struct fate fate = {
		.seed = draw(me),
		.ending = draw_ending(me, birth),
		.mercy = below(me, birth == BIRTH_NAMESPACE ? MERCY_TERM : MERCY_CNT),
		.wait_way = chance(me, 30) ? WAIT_CALL : below(me, WAIT_WAY_CNT),
		.delay_us = below(me, 3000),
		.goes_on = chance(me, 60),
	};

	fate.code = draw_code(me, fate.ending);
	draw_family(me, birth, &fate);
	return fate;
}

/* --- acts ---------------------------------------------------------------------------------------- */

static void live(struct node *me) __attribute__((noreturn));

static void bear(struct node *me)
{
	enum birth birth = draw_birth(me);

	me->fate.budget--;
	struct fate fate = draw_fate(me, birth);

	me->fate.budget -= fate.budget;
	growth_bear(me, birth, &fate, NULL, live);
}

/* Somebody else's hand: one more child, that kills and goes. */
static void have_killed(struct node *me, struct node *victim)
{
	const struct fate fate = {.ending = END_MURDER, .seed = victim->fate.seed};

	if (!me->fate.budget) {
		growth_kill(me, victim, SIGKILL);
		return;
	}
	me->fate.budget--;
	node_reap(me, growth_bear(me, BIRTH_FORK, &fate, victim, live));
}

static void show_mercy(struct node *me, struct node *child)
{
	switch (child->fate.mercy) {
	case MERCY_GO_ON:
	case MERCY_EXIT:
		node_order(child, child->fate.mercy == MERCY_EXIT ? ORDER_EXIT : ORDER_GO_ON);
		return;
	case MERCY_MURDER:
		node_set_state(child, NODE_MOVING);
		have_killed(me, child);
		return;
	default:
		node_set_state(child, NODE_MOVING);
		growth_kill(me, child, child->fate.mercy == MERCY_KILL ? SIGKILL : SIGTERM);
	}
}

/* To its very end. */
static void tend(struct node *me, struct node *child)
{
	if (child->fate.style == STYLE_RESTS)
		node_await_rest(me, child);
	if (atomic_load(&child->state) == NODE_RESTING)
		show_mercy(me, child);
	if (node_is_child(me, child))
		node_reap(me, child);
}

/* The adopted ones come when they come; the choice is among its own, whatever their state. */
static void tend_one(struct node *me, unsigned least)
{
	struct node *own[KIDS_PENDING + 1];
	unsigned cnt = 0;

	for (int i = 0; i < nodes_cnt() && cnt <= KIDS_PENDING; i++)
		if (node_at(i)->creator == node_index(me) && node_is_child(me, node_at(i)))
			own[cnt++] = node_at(i);
	if (cnt > least)
		tend(me, own[below(me, cnt)]);
}

/* Nobody below may be dying while the rule of who inherits changes. */
static void come_or_go_as_subreaper(struct node *me)
{
	if (!node_index(me) || me->fate.ignores || is_namespace_init(me))
		return;
	node_settle(me);
	me->fate.subreaper = !me->fate.subreaper;
	if (prctl(PR_SET_CHILD_SUBREAPER, me->fate.subreaper, 0, 0, 0))
		truth_broken("PR_SET_CHILD_SUBREAPER");
}

static void act(struct node *me)
{
	unsigned what = below(me, 100);

	tend_one(me, KIDS_PENDING);
	if (what < 65 && me->fate.budget)
		bear(me);
	else if (what < 92)
		tend_one(me, 0);
	else
		come_or_go_as_subreaper(me);
}

static struct node *any_child(struct node *me)
{
	for (int i = 0; i < nodes_cnt(); i++)
		if (node_is_child(me, node_at(i)))
			return node_at(i);
	return NULL;
}

static void end_family(struct node *me)
{
	struct node *child;

	do {
		while ((child = any_child(me)))
			tend(me, child);
		node_settle(me);
	} while (any_child(me));
}

/* An init's death would be the death of all that rest below it. */
static void rest(struct node *me)
{
	if (is_namespace_init(me))
		end_family(me);
	node_settle(me);
	if (node_rest(me) == ORDER_EXIT) {
		me->fate.ending = END_EXIT;
		me->fate.budget = 0;
	}
}

static struct node *child_with_children(struct node *me)
{
	for (int i = 0; i < nodes_cnt(); i++)
		if (node_is_child(me, node_at(i)) && any_child(node_at(i)))
			return node_at(i);
	return NULL;
}

/*
 * Whoever rests or is dead stays behind. Below an init, which takes them along, a parent and its
 * child would die at once, and who was whose child by then would be anybody's guess.
 */
static void leave_family(struct node *me)
{
	struct node *child;

	node_settle(me);
	while (is_namespace_init(me) && (child = child_with_children(me))) {
		tend(me, child);
		node_settle(me);
	}
}

static void act_until(struct node *me, unsigned budget)
{
	while (me->fate.budget > budget)
		act(me);
}

static void live(struct node *me)
{
	if (me->fate.style == STYLE_RESTS) {
		act_until(me, me->fate.budget / 2);
		rest(me);
	}
	act_until(me, 0);
	if (me->fate.leaves)
		leave_family(me);
	else
		end_family(me);
	growth_end(me);
}

/* --- the root ------------------------------------------------------------------------------------ */

static bool parse(const char *name, unsigned long long *ret_seed, unsigned *ret_lives)
{
	char end;

	return sscanf(name, "random:%llu:%u%c", ret_seed, ret_lives, &end) == 2;
}

bool random_is_name(const char *name)
{
	unsigned long long seed;
	unsigned lives;

	return parse(name, &seed, &lives);
}

bool random_live(const char *name)
{
	unsigned long long seed;
	unsigned lives;

	if (!parse(name, &seed, &lives))
		return false;
	struct node *root = ledger_open();

	root->fate.seed = seed;
	root->fate.budget = lives;
	become_subreaper();
	signal(SIGUSR1, SIG_IGN);
	act_until(root, 0);
	end_family(root);
	ledger_tell();
	return true;
}
