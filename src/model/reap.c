#include "model/reap.h"

#include "model/costs.h"
#include "model/exit.h"
#include "model/reparent.h"

/* The one that was told is the parent, unless it is a tracer. */
static struct pt_identity parent_shown(const struct pt_event_zombie *zombie)
{
	if (!identity_none(zombie->parent) || (zombie->head.flags & PT_ZOMBIE_TRACER))
		return zombie->parent;
	return zombie->receiver;
}

static void see_parent(struct model *model, struct process *process,
		       const struct pt_event_zombie *zombie)
{
	reparent_sight(model, process, parent_shown(zombie), zombie->head.time_ns);
}

void zombie_begin(struct model *model, struct process *process,
		  const struct pt_event_zombie *zombie)
{
	see_parent(model, process, zombie);
	process->zombie_ns = zombie->head.time_ns;
	process->zombie_assumed = false;
}

void zombie_told_again(struct model *model, struct process *process,
		       const struct pt_event_zombie *zombie)
{
	bool instant_unknown = !process->zombie_ns && !process->zombie_older;
	bool handed = zombie->head.flags & PT_ZOMBIE_HANDED;

	if (!handed && (instant_unknown || process->zombie_assumed))
		zombie_begin(model, process, zombie);
	else
		see_parent(model, process, zombie);
}

static enum fact_source source_of(uint16_t source)
{
	switch (source) {
	case PT_REAP_FENTRY:
		return SOURCE_FENTRY;
	case PT_REAP_KPROBE:
		return SOURCE_KPROBE;
	case PT_REAP_SYSCALL:
		return SOURCE_SYSCALL;
	case PT_REAP_PIDFD:
		return SOURCE_PIDFD;
	default:
		return SOURCE_FREE;
	}
}

/*
 * A dying parent releases the zombies that its children's adopter, ignoring SIGCHLD, would not wait
 * for (forget_original_parent); a dying namespace init waits for all (zap_pid_ns_processes).
 */
static enum fact_how how_of(uint32_t flags)
{
	if (flags & PT_REAP_SELF)
		return HOW_AUTO;
	if (flags & PT_REAP_BY_DYING)
		return flags & PT_REAP_BY_NS_INIT ? HOW_NAMESPACE : HOW_AUTO;
	return flags & PT_REAP_BY_KTHREAD ? HOW_KERNEL : HOW_WAIT;
}

struct reap_sight reap_of_record(const struct pt_event_reap *reap)
{
	return (struct reap_sight){
		.time_ns = reap->head.time_ns,
		.wait_entered_ns = reap->wait_entered_ns,
		.source = source_of(reap->source),
		.how = how_of(reap->head.flags),
		.reaper = reap->reaper,
		.reaper_comm = text_of_comm(reap->reaper_comm),
	};
}

/* No signal told of its death although one was due: it was never a zombie. */
static bool released_itself(const struct process *process)
{
	if (process->autoreap)
		return true;
	return process->state == PROCESS_DYING && process->exit_signal_known &&
	       process->exit_signal && !process->traced;
}

/* Whoever was a zombie before its init died may have been waited for as usual. */
static bool died_after_its_init(const struct process *process)
{
	return process->up && process->up->exit_ns && process->exit_ns >= process->up->exit_ns;
}

/*
 * A zombie that its parent was told of, and that is gone, was waited for by that parent: nobody else
 * may (wait_consider_task, kernel/exit.c), and an adopter would have been told of it anew. How the wait
 * was made is what nobody saw.
 */
static bool only_parent_can_have(const struct process *process)
{
	return process->state == PROCESS_ZOMBIE && process->zombie_ns && !process->zombie_assumed &&
	       process->parent_known && !process->traced && !process->hole;
}

struct reap_sight reap_by_what_is_known(const struct process *process)
{
	struct reap_sight sight = {.how = HOW_UNSEEN, .reaper_comm.len = FACT_TEXT_UNKNOWN};

	if (released_itself(process))
		sight.how = HOW_AUTO;
	else if (process->namespace_dies && died_after_its_init(process))
		sight.how = HOW_NAMESPACE;
	else if (process->up && process->up->kthread)
		sight.how = HOW_KERNEL;
	if (sight.how == HOW_AUTO || (sight.how == HOW_UNSEEN && !only_parent_can_have(process)))
		return sight;
	sight.reaper = process->parent;
	if (process->up)
		sight.reaper_comm = text_of_process(process->up);
	return sight;
}

/* Zombie at all, for this reap: one whose parent does not wait is told of, but never is one. */
static bool was_zombie(const struct process *process, const struct reap_sight *sight)
{
	if (sight->how == HOW_AUTO)
		return process->state == PROCESS_ZOMBIE;
	return true;
}

static void fill_latency(const struct model *model, const struct process *process,
			 const struct reap_sight *sight, struct fact *fact)
{
	if (process->zombie_ns)
		fact->reap.latency_ns = since_ns(process->zombie_ns, sight->time_ns);
	else if (process->zombie_older)
		fact->reap.latency_min_ns = since_ns(model->config.start_ns, sight->time_ns);
	else
		fact->reap.latency_ns = FACT_UNKNOWN;
	if (process->zombie_ns && process->exit_ns && !process->zombie_assumed)
		fact->reap.teardown_ns = since_ns(process->exit_ns, process->zombie_ns);
	else
		fact->reap.teardown_ns = FACT_UNKNOWN;
}

/* Which part of the latency was the parent not waiting, and which its way from the wait to the
 * reap. */
static void fill_waiting(const struct process *process, const struct reap_sight *sight,
			 struct fact *fact)
{
	uint64_t latency_ns = fact->reap.latency_ns, idle_ns;

	if (sight->how != HOW_WAIT && sight->how != HOW_KERNEL)
		return;
	fact->reap.not_waiting_ns = fact->reap.waking_ns = FACT_UNKNOWN;
	if (!sight->wait_entered_ns || !fact_num_known(latency_ns))
		return;
	idle_ns = since_ns(process->zombie_ns, sight->wait_entered_ns);
	if (idle_ns > latency_ns)
		idle_ns = latency_ns;
	fact->reap.not_waiting_ns = idle_ns;
	fact->reap.waking_ns = latency_ns - idle_ns;
}

static void fill_reaper(const struct model *model, const struct reap_sight *sight,
			struct fact *fact)
{
	const struct process *reaper;

	if (sight->how == HOW_AUTO)
		return;
	fact->reap.reaper = fact_id_of(sight->reaper);
	fact->reap.reaper_comm = sight->reaper_comm;
	if (fact_text_known(sight->reaper_comm))
		return;
	reaper = table_find(&model->table, sight->reaper);
	if (reaper)
		fact->reap.reaper_comm = text_of_process(reaper);
}

void reap_tell(struct model *model, struct process *process, const struct reap_sight *sight)
{
	struct fact fact;

	tell_begin(&fact, FACT_REAP, process, sight->time_ns);
	fact.reap.how = sight->how;
	fill_reaper(model, sight, &fact);
	if (was_zombie(process, sight)) {
		fill_latency(model, process, sight, &fact);
		fill_waiting(process, sight, &fact);
	}
	fact.reap.source = sight->source;
	fact.reap.error_ns = sight->error_ns;
	fact.reap.status = process->status_known ? process->status : FACT_UNKNOWN;
	model->totals.reaps++;
	tell(model, process, &fact);
}

/* The reap was after the zombie instant, or else after the exit: that far it may be off. */
static uint64_t width_ns(const struct model *model, const struct process *process, uint64_t time_ns)
{
	if (process->zombie_ns)
		return since_ns(process->zombie_ns, time_ns);
	if (process->zombie_older)
		return since_ns(model->config.start_ns, time_ns);
	return process->exit_ns ? since_ns(process->exit_ns, time_ns) : FACT_UNKNOWN;
}

static void tell_reap_at_free(struct model *model, struct process *process, uint64_t time_ns)
{
	struct reap_sight sight = reap_by_what_is_known(process);

	sight.time_ns = time_ns;
	sight.error_ns = width_ns(model, process, time_ns);
	sight.source = SOURCE_FREE;
	reap_tell(model, process, &sight);
}

void reap_free(struct model *model, struct process *process, const struct pt_event_free *free)
{
	uint64_t time_ns = free->head.time_ns;
	struct fact fact;

	if (process->state == PROCESS_ALIVE)
		exit_found(model, process, time_ns);
	if (!process->exit_told)
		exit_tell_missed(model, process, free, time_ns);
	if (process->state != PROCESS_REAPED)
		tell_reap_at_free(model, process, time_ns);
	tell_begin(&fact, FACT_FREE, process, time_ns);
	fact.free.costs = costs_of(&free->costs, false);
	tell(model, process, &fact);
}

void reap_gone(struct model *model, struct process *process, uint64_t time_ns)
{
	if (process->state == PROCESS_REAPED)
		return;
	process->hole = true;
	if (!process->exit_told) {
		exit_found(model, process, time_ns);
		exit_tell_missed(model, process, NULL, time_ns);
	}
	tell_reap_at_free(model, process, time_ns);
}
