#include "model/model.h"

#include <errno.h>
#include <stdlib.h>

#include "model/birth.h"
#include "model/exec.h"
#include "model/exit.h"
#include "model/killer.h"
#include "model/lifecycle.h"
#include "model/ns_number.h"
#include "model/reap.h"
#include "model/reparent.h"

/* Any number: who can choose pids and start times well enough to aim at buckets is root already. */
#define TABLE_SEED 0x70726f6374726163u

/* After that much of a life its fork has been told, or was lost, or was before the hooks. */
#define FORK_FOLLOWS_NS 100000000u

struct model *model_new(const struct model_config *config, model_emit emit, void *context)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->config = *config;
	model->emit = emit;
	model->context = context;
	table_init(&model->table, config->processes_max, TABLE_SEED);
	slab_init(&model->notes, killer_note_bytes());
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	table_release(&model->table);
	slab_release(&model->notes);
	free(model);
}

/*
 * Forgets a process for good; children that have not left it by now have gone nobody knows where.
 */
static void drop(struct model *model, struct process *process)
{
	/* What is only named vanishes with its last child; what is known does not. */
	table_set_state(&model->table, process, PROCESS_REAPED);
	reparent_abandon(model, process, model->last_ns);
	killer_forget(model, process);
	table_remove(&model->table, process);
}

/* --- what each action does ------------------------------------------------------------------- */

static int do_nothing(struct model *model, struct process *process, const struct event *event)
{
	return 0;
}

static int do_count_unknown(struct model *model, struct process *process, const struct event *event)
{
	model->totals.unknown_subjects++;
	return 0;
}

static int do_count_duplicate(struct model *model, struct process *process,
			      const struct event *event)
{
	model->totals.duplicates++;
	return 0;
}

static int do_birth(struct model *model, struct process *process, const struct event *event)
{
	birth_fork(model, process, event);
	return 0;
}

static int do_appear(struct model *model, struct process *process, const struct event *event)
{
	birth_appear(model, process, event);
	return 0;
}

static int do_fill(struct model *model, struct process *process, const struct event *event)
{
	birth_fill(model, process, event->task);
	return 0;
}

static int do_exec(struct model *model, struct process *process, const struct event *event)
{
	exec_tell(model, process, event);
	return 0;
}

static int do_exit(struct model *model, struct process *process, const struct event *event)
{
	exit_tell(model, process, event->exit);
	return 0;
}

static int do_become_zombie(struct model *model, struct process *process, const struct event *event)
{
	zombie_begin(model, process, event->zombie);
	return 0;
}

static int do_told_again(struct model *model, struct process *process, const struct event *event)
{
	zombie_told_again(model, process, event->zombie);
	return 0;
}

static int do_find_dead(struct model *model, struct process *process, const struct event *event)
{
	exit_found(model, process, event->time_ns);
	if (event->kind == PT_KIND_TASK)
		birth_fill(model, process, event->task);
	else
		zombie_begin(model, process, event->zombie);
	return 0;
}

static void reaped(struct model *model, struct process *process, const struct reap_sight *sight)
{
	process->reaped_ns = sight->time_ns;
	if (process->state < PROCESS_DYING) {
		exit_found(model, process, sight->time_ns);
		/* Without a hole it had ended before the tracer came, and only waited. */
		process->zombie_older = process->exit_told = !process->hole;
	}
	/* Only its real parent's wait releases what is not traced. */
	if (sight->how == HOW_WAIT && !process->traced)
		reparent_sight(model, process, sight->reaper, sight->time_ns);
	reap_tell(model, process, sight);
}

static int do_reap(struct model *model, struct process *process, const struct event *event)
{
	struct reap_sight sight = reap_of_record(event->reap);

	reaped(model, process, &sight);
	return 0;
}

static int do_free(struct model *model, struct process *process, const struct event *event)
{
	reap_free(model, process, event->free);
	drop(model, process);
	return 0;
}

static int do_forget(struct model *model, struct process *process, const struct event *event)
{
	model->totals.unknown_subjects++;
	if (process)
		drop(model, process);
	return 0;
}

static int do_note_signal(struct model *model, struct process *process, const struct event *event)
{
	return killer_note(model, process, event->signal);
}

/* Told twice, at the choice and at the death: the first that knows the cgroup counts. */
static int do_note_oom(struct model *model, struct process *process, const struct event *event)
{
	process->oom = true;
	if (!event->oom->cgroup_id || process->oom_cgroup_known)
		return 0;
	process->oom_cgroup_known = true;
	process->cgroup_id = event->oom->cgroup_id;
	process->cgroup_hierarchy = event->oom->hierarchy;
	return 0;
}

static int do_thread(struct model *model, struct process *process, const struct event *event)
{
	thread_born(model, process, event->thread);
	return 0;
}

static int do_thread_exit(struct model *model, struct process *process, const struct event *event)
{
	thread_exited(model, process, event->thread_exit);
	return 0;
}

static int do_close(struct model *model, struct process *process, const struct event *event)
{
	reap_gone(model, process, event->time_ns);
	drop(model, process);
	return 0;
}

/* Who is needed for it; what it leaves behind. */
enum { NEEDS_NOBODY, NEEDS_PROCESS, ENDS_PROCESS };

static const struct {
	int (*run)(struct model *model, struct process *process, const struct event *event);
	int about;
} actions[LIFE_ACTION_CNT] = {
	[LIFE_DO_NOTHING] = {do_nothing, NEEDS_NOBODY},
	[LIFE_DO_COUNT_UNKNOWN] = {do_count_unknown, NEEDS_NOBODY},
	[LIFE_DO_COUNT_DUPLICATE] = {do_count_duplicate, NEEDS_NOBODY},
	[LIFE_DO_BIRTH] = {do_birth, NEEDS_PROCESS},
	[LIFE_DO_APPEAR] = {do_appear, NEEDS_PROCESS},
	[LIFE_DO_FILL] = {do_fill, NEEDS_PROCESS},
	[LIFE_DO_EXEC] = {do_exec, NEEDS_PROCESS},
	[LIFE_DO_EXIT] = {do_exit, NEEDS_PROCESS},
	[LIFE_DO_BECOME_ZOMBIE] = {do_become_zombie, NEEDS_PROCESS},
	[LIFE_DO_TOLD_AGAIN] = {do_told_again, NEEDS_PROCESS},
	[LIFE_DO_FIND_DEAD] = {do_find_dead, NEEDS_PROCESS},
	[LIFE_DO_REAP] = {do_reap, NEEDS_PROCESS},
	[LIFE_DO_FREE] = {do_free, ENDS_PROCESS},
	[LIFE_DO_NOTE_SIGNAL] = {do_note_signal, NEEDS_PROCESS},
	[LIFE_DO_NOTE_OOM] = {do_note_oom, NEEDS_PROCESS},
	[LIFE_DO_THREAD] = {do_thread, NEEDS_PROCESS},
	[LIFE_DO_THREAD_EXIT] = {do_thread_exit, NEEDS_PROCESS},
	[LIFE_DO_FORGET] = {do_forget, ENDS_PROCESS},
	[LIFE_DO_CLOSE] = {do_close, ENDS_PROCESS},
};

/* --- from a record to a step ------------------------------------------------------------------ */

static int row_of(const struct model *model, const struct process *process)
{
	if (process && process_known(process))
		return process->state;
	return model->config.complete ? PROCESS_NEW : LIFE_OUTSIDER;
}

static bool is_rounded(const struct event *event)
{
	return event->kind == PT_KIND_TASK && (event->flags & PT_TASK_START_ROUNDED);
}

static int advance(struct model *model, struct process *process, struct pt_identity who,
		   enum life_event life, const struct event *event)
{
	struct life_step step = lifecycle[row_of(model, process)][life];
	int about = actions[step.action].about, err;

	if (!process && about == NEEDS_PROCESS) {
		process = table_enter(&model->table, who, is_rounded(event));
		if (!process) {
			model->totals.refused++;
			return -ENOMEM;
		}
	}
	/* Its last child may leave it in the course of the action that makes it known. */
	if (process)
		process->pinned = true;
	err = actions[step.action].run(model, process, event);
	if (about == ENDS_PROCESS || !process)
		return err;
	process->pinned = false;
	table_set_state(&model->table, process, step.next);
	table_release_idle(&model->table, process);
	return err;
}

static enum life_event life_of_exit(const struct pt_event_exit *exit)
{
	bool told_of =
		exit->exit_signal || (exit->head.flags & (PT_EXIT_AUTOREAP | PT_EXIT_TRACED));

	return told_of ? LIFE_EXIT : LIFE_EXIT_SILENT;
}

/* Between the child's being hashed and its fork's tracepoint lie some instructions, or a preemption. */
static bool fork_may_follow(const struct model *model, const struct pt_event_task *task)
{
	return task->who.start_ns >= model->config.start_ns &&
	       since_ns(task->who.start_ns, task->head.time_ns) < FORK_FOLLOWS_NS;
}

static enum life_event life_of_task(const struct model *model, const struct pt_event_task *task)
{
	if (task->head.flags & PT_TASK_REAPED)
		return LIFE_TASK_REAPED;
	if (task->head.flags & PT_TASK_ZOMBIE)
		return LIFE_TASK_ZOMBIE;
	if (task->head.flags & PT_TASK_DYING)
		return LIFE_TASK_DYING;
	return fork_may_follow(model, task) ? LIFE_TASK_YOUNG : LIFE_TASK;
}

static int take_zombie(struct model *model, const struct event *event)
{
	const struct pt_event_zombie *zombie = event->zombie;
	struct process *process;

	if (event->flags & PT_ZOMBIE_BY_NUMBER) {
		process = ns_number_resolve(&model->table, zombie->receiver_pid_ns,
					    zombie->who.tgid, zombie->receiver);
		if (!process || process->state < PROCESS_DYING)
			return do_count_unknown(model, NULL, event);
	} else {
		process = table_sight(&model->table, event->who, false);
	}
	return advance(model, process, event->who,
		       process && process->autoreap ? LIFE_ZOMBIE_AUTO : LIFE_ZOMBIE, event);
}

/* A tracer collects a report, only the parent reaps. */
static bool waited_by_parent(struct model *model, const struct process *process,
			     const struct pt_event_reap *reap)
{
	(void)table_sight(&model->table, reap->reaper, false);
	if (process->parent_known)
		return identity_equal(process->parent, reap->reaper);
	return !process->traced;
}

/* What a wait call returned; one that does not say whom is left to the free. */
static int take_wait(struct model *model, const struct event *event)
{
	const struct pt_event_reap *reap = event->reap;
	struct process *process;

	if (event->flags & PT_REAP_UNNUMBERED)
		return 0;
	if (event->flags & PT_REAP_BY_NUMBER)
		process = ns_number_resolve(&model->table, reap->reaper_pid_ns, reap->who.tgid,
					    reap->reaper);
	else
		process = table_sight(&model->table, event->who, false);
	if (!process || !waited_by_parent(model, process, reap))
		return 0;
	return advance(model, process, event->who, LIFE_WAITED, event);
}

static enum life_event life_of(const struct model *model, const struct event *event)
{
	switch (event->kind) {
	case PT_KIND_FORK:
		return LIFE_FORK;
	case PT_KIND_EXEC:
		return LIFE_EXEC;
	case PT_KIND_EXIT:
		return life_of_exit(event->exit);
	case PT_KIND_REAP:
		return LIFE_REAP;
	case PT_KIND_FREE:
		return LIFE_FREE;
	case PT_KIND_SIGNAL:
		return LIFE_SIGNAL;
	case PT_KIND_OOM:
		return LIFE_OOM;
	case PT_KIND_TASK:
		return life_of_task(model, event->task);
	case PT_KIND_THREAD:
		return LIFE_THREAD;
	case PT_KIND_THREAD_EXIT:
		return LIFE_THREAD_EXIT;
	default:
		return LIFE_EVENT_CNT;
	}
}

static bool is_wait(const struct event *event)
{
	return event->kind == PT_KIND_REAP &&
	       (event->reap->source == PT_REAP_SYSCALL ||
		(event->flags & (PT_REAP_BY_NUMBER | PT_REAP_UNNUMBERED)));
}

int model_event(struct model *model, const struct event *event)
{
	enum life_event life = life_of(model, event);
	struct process *process;

	model->last_ns = event->time_ns;
	if (event->kind == PT_KIND_ZOMBIE)
		return take_zombie(model, event);
	if (is_wait(event))
		return take_wait(model, event);
	if (life == LIFE_EVENT_CNT)
		return 0;
	process = table_sight(&model->table, event->who, is_rounded(event));
	return advance(model, process, event->who, life, event);
}

/* --- what does not come through the ring --------------------------------------------------------- */

void model_reaped(struct model *model, struct pt_identity who, uint64_t time_ns, uint64_t error_ns,
		  enum fact_source source, struct pt_identity reaper, const char *reaper_comm)
{
	struct process *process = table_sight(&model->table, who, false);
	struct reap_sight sight;

	model->last_ns = time_ns;
	if (!process || !process_known(process)) {
		model->totals.unknown_subjects++;
		return;
	}
	if (lifecycle[process->state][LIFE_REAP].action != LIFE_DO_REAP) {
		model->totals.duplicates++;
		return;
	}
	sight = reap_by_what_is_known(process);
	if (!identity_none(reaper)) {
		sight.how = HOW_WAIT;
		sight.reaper = reaper;
		sight.reaper_comm = text_of_comm(reaper_comm ? reaper_comm : "");
	}
	sight.time_ns = time_ns;
	sight.error_ns = error_ns;
	sight.source = source;
	reaped(model, process, &sight);
	table_set_state(&model->table, process, PROCESS_REAPED);
}

void model_gone(struct model *model, struct pt_identity who, uint64_t time_ns)
{
	const struct event gone = {.kind = PT_KIND_NONE, .time_ns = time_ns, .who = who};

	model->last_ns = time_ns;
	advance(model, table_sight(&model->table, who, false), who, LIFE_GONE, &gone);
}

size_t model_expire(struct model *model, uint64_t before_ns)
{
	struct process *process, *next;
	size_t cnt = 0;

	HASH_ITER (by_id, model->table.by_id, process, next) {
		if (process->state != PROCESS_REAPED || process->reaped_ns >= before_ns)
			continue;
		drop(model, process);
		cnt++;
	}
	return cnt;
}

void model_gap(struct model *model)
{
	model->gap = true;
}

/*
 * Closes the hole that a gap left in one process. Whoever is alive has been looked at again; whose
 * fork has not come by now has lost it; who was dying may have lost its zombie instant.
 */
static void heal(struct model *model, struct process *process, bool gap)
{
	if (process->state == PROCESS_NEW && !process->children) {
		drop(model, process);
	} else if (process->state == PROCESS_DYING) {
		process->hole |= gap;
	} else if (process->state == PROCESS_ALIVE) {
		if (birth_untold(model, process))
			birth_missed(model, process, model->last_ns);
		process->hole = false;
	}
}

void model_healed(struct model *model)
{
	struct process *process, *next;
	bool gap = model->gap;

	model->gap = false;
	HASH_ITER (by_id, model->table.by_id, process, next)
		heal(model, process, gap);
}

/* --- questions ----------------------------------------------------------------------------------- */

static struct process_view view_of(const struct process *process)
{
	return (struct process_view){
		.id = process->id,
		.parent = process->parent,
		.birth_parent = process->birth_parent,
		.state = process->state,
		.leader_dead = process->leader_dead,
		.kthread = process->kthread,
		.exit_ns = process->exit_ns,
		.zombie_ns = process->state == PROCESS_ZOMBIE ? process->zombie_ns : 0,
		.pid_ns = process->pid_ns,
		.ns_pid = process->ns_pid,
		.comm = process->comm,
		.children_cnt = process->children_cnt,
	};
}

static bool give(const struct process *process, struct process_view *ret_view)
{
	if (!process || !process_known(process))
		return false;
	*ret_view = view_of(process);
	return true;
}

bool model_find(const struct model *model, struct pt_identity who, struct process_view *ret_view)
{
	return give(table_find(&model->table, who), ret_view);
}

bool model_find_pid(const struct model *model, uint32_t pid, struct process_view *ret_view)
{
	return give(table_find_pid(&model->table, pid), ret_view);
}

int model_each(const struct model *model,
	       int (*visit)(void *context, const struct process_view *view), void *context)
{
	struct process *process, *next;

	HASH_ITER (by_id, model->table.by_id, process, next) {
		struct process_view view;
		int stop = give(process, &view) ? visit(context, &view) : 0;

		if (stop)
			return stop;
	}
	return 0;
}

size_t model_count(const struct model *model)
{
	return model->table.known_cnt;
}

size_t model_count_alive(const struct model *model)
{
	return model->table.alive_cnt;
}

size_t model_count_unreaped(const struct model *model)
{
	return model->table.known_cnt - model->table.reaped_cnt;
}

struct model_totals model_totals(const struct model *model)
{
	return model->totals;
}
