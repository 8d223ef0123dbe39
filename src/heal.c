#include "heal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/decode.h"
#include "procfs/mountinfo.h"
#include "procfs/snapshot.h"
#include "procfs/stat.h"
#include "run.h"
#include "stragglers.h"

/* Within a second all told: a grace period, and a preempted fork, are over by then. */
#define WAIT_NS	     300000000ull
#define AGAIN_NS     200000000ull /* between rounds while more is lost */
#define BOOK_NS	     1000000000ull /* between looks at the counters */
#define BOOK_SOON_NS 100000000ull /* when something was dropped: not a line for each nap */
#define LAST_GAP_NS  2000000000ull /* to close one before the end */
#define LATE_NS	     10000000000ull /* lazy RCU may hold a free back for so long */

/* --- lists ------------------------------------------------------------------------------------- */

static int ids_add(struct heal_ids *ids, struct pt_identity id)
{
	if (ids->cnt == ids->max) {
		size_t max = ids->max ? 2 * ids->max : 512;
		struct pt_identity *list = reallocarray(ids->list, max, sizeof(*list));

		if (!list)
			return -ENOMEM;
		ids->list = list;
		ids->max = max;
	}
	ids->list[ids->cnt++] = id;
	return 0;
}

static void ids_release(struct heal_ids *ids)
{
	free(ids->list);
	*ids = (struct heal_ids){0};
}

static int compare_ids(const void *a, const void *b)
{
	const struct pt_identity *left = a, *right = b;

	if (left->tgid != right->tgid)
		return left->tgid > right->tgid ? 1 : -1;
	return (left->start_ns > right->start_ns) - (left->start_ns < right->start_ns);
}

static void ids_sort(struct heal_ids *ids)
{
	if (ids->cnt)
		qsort(ids->list, ids->cnt, sizeof(*ids->list), compare_ids);
}

/* The first at or behind `id`. */
static size_t ids_find(const struct heal_ids *ids, struct pt_identity id)
{
	size_t low = 0, high = ids->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ids(&ids->list[middle], &id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct proc_root *root_of(const struct heal *heal)
{
	return &heal->world.check->root;
}

/* How far a start may be off that is cut to a tick, one more at a time namespace's edge. */
static uint64_t slack_ns(const struct heal *heal)
{
	return heal->rounded ? 2 * root_of(heal)->tick_ns : 0;
}

static bool was_seen(const struct heal *heal, struct pt_identity id)
{
	uint64_t slack = slack_ns(heal);
	struct pt_identity from = {
		.tgid = id.tgid,
		.start_ns = id.start_ns > slack ? id.start_ns - slack : 0,
	};
	size_t at = ids_find(&heal->seen, from);

	return at < heal->seen.cnt && heal->seen.list[at].tgid == id.tgid &&
	       heal->seen.list[at].start_ns <= id.start_ns + slack;
}

/* --- one process of a look ------------------------------------------------------------------------ */

static bool find(const struct heal *heal, struct pt_identity who, struct process_view *ret_view)
{
	uint64_t slack = slack_ns(heal);

	if (model_find(heal->world.model, who, ret_view))
		return true;
	return slack && model_find_pid(heal->world.model, who.tgid, ret_view) &&
	       ret_view->id.start_ns + slack >= who.start_ns &&
	       ret_view->id.start_ns <= who.start_ns + slack;
}

static enum process_state state_of(const struct pt_event_task *task)
{
	if (task->head.flags & PT_TASK_ZOMBIE)
		return PROCESS_ZOMBIE;
	return task->head.flags & PT_TASK_DYING ? PROCESS_DYING : PROCESS_ALIVE;
}

static void take_in(struct heal *heal, const struct pt_event_task *task)
{
	uint64_t reparents = model_totals(heal->world.model).reparents;
	struct event event;

	if (decode(task, sizeof(*task), &event) || model_event(heal->world.model, &event) < 0)
		heal_lost(heal);
	heal->reparented += model_totals(heal->world.model).reparents - reparents;
}

static int put_off(struct heal *heal, const struct pt_event_task *task)
{
	if (heal->dead_cnt == heal->dead_max) {
		size_t max = heal->dead_max ? 2 * heal->dead_max : 64;
		struct pt_event_task *dead = reallocarray(heal->dead, max, sizeof(*dead));

		if (!dead)
			return -ENOMEM;
		heal->dead = dead;
		heal->dead_max = max;
	}
	heal->dead[heal->dead_cnt++] = *task;
	return 0;
}

/*
 * Its death may lie in the ring, with all that is to be said of it, so the list is heard after that;
 * an unknown one is taken in at once, so that the ring's records find it.
 */
static int see(struct heal *heal, const struct pt_event_task *task)
{
	struct process_view view;
	bool known = find(heal, task->who, &view);

	if (task->head.flags & PT_TASK_REAPED)
		return 0;
	heal->looked_at++;
	if (known && view.state < state_of(task) && state_of(task) > PROCESS_ALIVE)
		return put_off(heal, task) ? -ENOMEM : ids_add(&heal->seen, task->who);
	if (known || heal->world.complete || !heal->rounded) /* /proc knows no filter */
		take_in(heal, task);
	return ids_add(&heal->seen, task->who);
}

static void on_listed(void *context, const void *record, size_t size)
{
	struct heal *heal = context;
	struct pt_event_task task;

	memcpy(&task, record, sizeof(task));
	if (!heal->error)
		heal->error = see(heal, &task);
}

static int on_task(void *context, const struct pt_event_task *task)
{
	struct heal *heal = context;
	struct event event;

	return decode(task, sizeof(*task), &event) ? 0 : model_event(heal->world.model, &event);
}

static int on_snapshot(void *context, const struct pt_event_task *task)
{
	return see(context, task);
}

static void on_rest(void *context)
{
	struct heal *heal = context;

	(void)heal->world.drain(heal->world.context);
}

static int look(struct heal *heal, uint64_t now_ns)
{
	struct probe_listener listener = {.take = on_listed, .rest = on_rest, .context = heal};
	int error;

	heal->seen.cnt = heal->dead_cnt = heal->error = heal->looked_at = 0;
	heal->rounded = false;
	error = probe_list(heal->world.probe, &listener);
	if (error == -EAGAIN) {
		heal->rounded = true;
		error = snapshot_take(root_of(heal), NULL, now_ns, on_snapshot, heal);
	}
	ids_sort(&heal->seen);
	return error < 0 ? error : heal->error;
}

/* Who was dead in the look and is not in the ring's records either. */
static void see_the_dead(struct heal *heal)
{
	for (size_t i = 0; i < heal->dead_cnt; i++) {
		struct pt_event_task task = heal->dead[i];
		struct process_view view, parent;

		if (!find(heal, task.who, &view) || view.state >= state_of(&task))
			continue;
		/* The ring may have told the end of the parent that the look still saw. */
		if (!find(heal, task.parent, &parent))
			task.parent = view.parent;
		take_in(heal, &task);
	}
	heal->dead_cnt = 0;
}

/* --- who is gone ------------------------------------------------------------------------------------- */

/* The list has those of our own pid namespace, /proc those that it does not hide. */
static bool is_listed(const struct heal *heal, const struct process_view *view)
{
	const struct proc_root *root = root_of(heal);

	return proc_root_initial(root) || (view->pid_ns && view->pid_ns == root->pid_ns);
}

/* The iterator is known to leave somebody out here and there: /proc has a veto. */
static bool is_in_proc(const struct heal *heal, const struct process_view *view)
{
	const struct proc_root *root = root_of(heal);
	uint32_t pid = proc_root_initial(root) ? view->id.tgid : view->ns_pid;
	struct stat_line stat;
	int error = stat_read(root, pid, &stat);

	if (error)
		return !stat_gone(error);
	return stat_life(&stat) != STAT_GONE &&
	       proc_start_matches(root, view->id.start_ns, stat.start_ticks);
}

static int visit_missing(void *context, const struct process_view *view)
{
	struct heal *heal = context;

	if (view->state == PROCESS_REAPED || !view->id.start_ns || !view->id.tgid ||
	    view->id.start_ns + slack_ns(heal) >= heal->looked_ns || !is_listed(heal, view) ||
	    was_seen(heal, view->id))
		return 0;
	return ids_add(&heal->missing, view->id);
}

static int find_missing(struct heal *heal)
{
	heal->missing.cnt = 0;
	if (heal->rounded && mountinfo_hides_pids(root_of(heal)))
		return 0;
	return model_each(heal->world.model, visit_missing, heal);
}

static void close_missing(struct heal *heal, uint64_t now_ns)
{
	for (size_t i = 0; i < heal->missing.cnt; i++) {
		struct pt_identity who = heal->missing.list[i];
		struct process_view view;

		if (was_seen(heal, who) || !model_find(heal->world.model, who, &view) ||
		    view.state == PROCESS_REAPED || is_in_proc(heal, &view))
			continue;
		model_gone(heal->world.model, who, now_ns);
		heal->closed++;
	}
}

static uint64_t ago(uint64_t now_ns, uint64_t span_ns)
{
	return now_ns > span_ns ? now_ns - span_ns : 0;
}

/* Whose end is known, but was never told. */
static void close_the_late(struct heal *heal, uint64_t now_ns)
{
	if (now_ns < heal->late_ns)
		return;
	heal->late_ns = now_ns + LATE_NS;
	stragglers_close(heal->world.model, root_of(heal), ago(now_ns, LATE_NS), now_ns);
	heal->late_frees += model_expire(heal->world.model, ago(now_ns, 2 * LATE_NS));
}

/* --- a round ----------------------------------------------------------------------------------------- */

static void go_on(struct heal *heal, enum heal_state state, uint64_t due_ns)
{
	heal->state = state;
	heal->due_ns = due_ns;
}

static void first_look(struct heal *heal, uint64_t now_ns)
{
	heal->lost = false;
	heal->closed = heal->reparented = 0;
	heal->looked_ns = now_ns;
	heal->before = model_totals(heal->world.model);
	if (look(heal, now_ns) < 0)
		go_on(heal, HEAL_DUE, now_ns + AGAIN_NS);
	else
		go_on(heal, HEAL_LOOKED, 0);
}

static void after_first_look(struct heal *heal, uint64_t now_ns)
{
	see_the_dead(heal);
	if (find_missing(heal) < 0)
		go_on(heal, HEAL_DUE, now_ns + AGAIN_NS);
	else
		go_on(heal, HEAL_WAITING, now_ns + WAIT_NS);
}

static void second_look(struct heal *heal, uint64_t now_ns)
{
	if (look(heal, now_ns) < 0)
		go_on(heal, HEAL_DUE, now_ns + AGAIN_NS);
	else
		go_on(heal, HEAL_LOOKED_AGAIN, 0);
}

static void tell_resync(struct heal *heal, uint64_t now_ns)
{
	struct fact fact;

	fact_clear(&fact, FACT_RESYNC, now_ns);
	fact.resync.closed = heal->closed;
	fact.resync.adopted = model_totals(heal->world.model).processes - heal->before.processes;
	fact.resync.reparented = heal->reparented;
	fact.resync.looked_at = heal->looked_at;
	heal->world.emit(heal->world.context, &fact);
}

static void after_second_look(struct heal *heal, uint64_t now_ns)
{
	see_the_dead(heal);
	close_missing(heal, now_ns);
	if (!heal->lost) {
		model_healed(heal->world.model);
		heal->gap = false;
	}
	tell_resync(heal, now_ns);
	if (heal->lost)
		go_on(heal, HEAL_DUE, now_ns + AGAIN_NS);
	else
		go_on(heal, HEAL_WHOLE, UINT64_MAX);
}

static void whole_from_the_start(struct heal *heal)
{
	model_healed(heal->world.model);
	go_on(heal, HEAL_WHOLE, UINT64_MAX);
}

/* --- from outside -------------------------------------------------------------------------------------- */

void heal_init(struct heal *heal, const struct heal_world *world, uint64_t now_ns)
{
	*heal = (struct heal){.world = *world, .booked_ns = now_ns, .late_ns = now_ns + LATE_NS};
	go_on(heal, HEAL_WHOLE, UINT64_MAX);
}

int heal_snapshot(struct heal *heal, uint64_t now_ns)
{
	int result = probe_snapshot(heal->world.probe, on_rest, heal);

	go_on(heal, HEAL_STARTING, now_ns + WAIT_NS);
	if (result != -EAGAIN)
		return result;
	result = snapshot_take(root_of(heal), NULL, now_ns, on_task, heal);
	return result < 0 ? result : 0;
}

void heal_release(struct heal *heal)
{
	ids_release(&heal->seen);
	ids_release(&heal->missing);
	free(heal->dead);
	heal->dead = NULL;
}

void heal_lost(struct heal *heal)
{
	heal->lost = true;
	if (!heal->gap) {
		model_gap(heal->world.model);
		heal->booked_ns = 0; /* what was lost is told first */
	}
	heal->gap = true;
	if (heal->state <= HEAL_STARTING)
		go_on(heal, HEAL_DUE, 0);
}

static void notice(struct heal *heal, uint64_t now_ns)
{
	const struct heal_world *world = &heal->world;
	uint64_t period_ns, unflagged = losses_unflagged(world->losses);

	if (probe_take_dropped(world->probe)) {
		heal_lost(heal);
		heal->unbooked = true;
	}
	period_ns = heal->unbooked ? BOOK_SOON_NS : BOOK_NS;
	if (now_ns < heal->booked_ns + period_ns)
		return;
	heal->unbooked = false;
	heal->booked_ns = now_ns;
	(void)losses_look(world->losses, world->probe, now_ns, world->emit, world->context);
	if (losses_unflagged(world->losses) > unflagged)
		heal_lost(heal);
}

static void do_what_is_due(struct heal *heal, uint64_t now_ns)
{
	switch (heal->state) {
	case HEAL_WHOLE:
		break;
	case HEAL_STARTING:
		whole_from_the_start(heal);
		break;
	case HEAL_DUE:
		first_look(heal, now_ns);
		break;
	case HEAL_LOOKED:
		after_first_look(heal, now_ns);
		break;
	case HEAL_WAITING:
		second_look(heal, now_ns);
		break;
	case HEAL_LOOKED_AGAIN:
		after_second_look(heal, now_ns);
		break;
	}
}

void heal_step(struct heal *heal, bool drained, uint64_t now_ns)
{
	const struct heal_world *world = &heal->world;

	notice(heal, now_ns);
	close_the_late(heal, now_ns);
	if (drained && now_ns >= heal->due_ns)
		do_what_is_due(heal, now_ns);
	if (heal->gap)
		crosscheck_hold(world->check, now_ns);
	else
		crosscheck_step(world->check, world->model, now_ns, world->emit, world->context);
}

static void turn(struct heal *heal)
{
	bool drained = heal->world.drain(heal->world.context);

	heal_step(heal, drained, run_now_ns());
	if (heal->gap || heal->world.check->state == CROSSCHECK_SETTLING)
		usleep(5000);
}

void heal_finish(struct heal *heal)
{
	struct crosscheck *check = heal->world.check;
	uint64_t until_ns = run_now_ns() + LAST_GAP_NS;

	do {
		while (heal->gap && run_now_ns() < until_ns)
			turn(heal);
		if (!heal->gap && !crosscheck_busy(check))
			crosscheck_start(check, heal->world.model, run_now_ns());
		while (crosscheck_busy(check))
			turn(heal);
	} while (heal->gap && run_now_ns() < until_ns);
}

uint64_t heal_next_ns(const struct heal *heal)
{
	uint64_t check_ns = heal->gap ? UINT64_MAX : crosscheck_next_ns(heal->world.check);

	return heal->due_ns < check_ns ? heal->due_ns : check_ns;
}
