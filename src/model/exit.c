#include "model/exit.h"

#include "model/birth.h"
#include "model/costs.h"
#include "model/killer.h"
#include "model/reparent.h"

#define STATUS_SIGNAL	   0x7fu
#define STATUS_CORE_DUMPED 0x80u

void exit_status_split(uint32_t status, fact_num *ret_exit_code, fact_num *ret_signal)
{
	if (status & STATUS_SIGNAL)
		*ret_signal = status & STATUS_SIGNAL;
	else
		*ret_exit_code = (status >> 8) & 0xff;
}

static void fill_end(struct model *model, const struct process *process, struct fact *fact)
{
	if (!process->status_known) {
		fact->exit.exit_code = FACT_UNKNOWN;
		return;
	}
	exit_status_split(process->status, &fact->exit.exit_code, &fact->exit.signal);
	model->totals.failures += fact->exit.exit_code != 0;
	if (!fact_num_known(fact->exit.signal))
		return;
	fact->exit.core_dumped = !!(process->status & STATUS_CORE_DUMPED);
	killer_join(model, process, fact);
}

static void tell_end(struct model *model, struct process *process, struct fact *fact)
{
	fill_end(model, process, fact);
	if (process->oom) {
		bool known = process->oom_cgroup_known;

		fact->exit.oom = true;
		fact->exit.oom_cgroup_id = known ? process->cgroup_id : FACT_UNKNOWN;
		fact->exit.oom_hierarchy = process->cgroup_hierarchy;
	}
	process->exit_told = true;
	model->totals.exits++;
	tell(model, process, fact);
	killer_forget(model, process);
}

/* Before 6.0 a group whose threads all left by the raw exit call reports what its leader said. */
static uint32_t status_of(const struct process *process, const struct pt_event_exit *exit)
{
	bool of_leader = exit->head.flags & PT_EXIT_STATUS_OF_LEADER;

	return of_leader && process->leader_status_known ? process->leader_status : exit->status;
}

static void take_exit(struct process *process, const struct pt_event_exit *exit)
{
	uint32_t flags = exit->head.flags;

	process->exit_ns = exit->head.time_ns;
	process->status = status_of(process, exit);
	process->status_known = true;
	process->exit_signal = exit->exit_signal;
	process->exit_signal_known = true;
	process->traced = !!(flags & PT_EXIT_TRACED);
	process->autoreap = (flags & PT_EXIT_AUTOREAP) && !process->traced;
	process->oom |= !!(flags & PT_EXIT_OOM);
	process->kthread |= !!(flags & PT_EXIT_KTHREAD);
	process->uid = exit->uid;
	process_set_comm(process, exit->comm);
	if (!exit->exit_signal && !process->autoreap && !process->traced) {
		process->zombie_ns = process->exit_ns;
		process->zombie_assumed = true;
	}
}

static fact_num lifetime_ns(const struct process *process, uint64_t end_ns)
{
	return process->id.start_ns ? since_ns(process->id.start_ns, end_ns) : FACT_UNKNOWN;
}

void exit_tell(struct model *model, struct process *process, const struct pt_event_exit *exit)
{
	uint64_t time_ns = exit->head.time_ns;
	struct fact fact;

	if (process->exit_told) {
		model->totals.duplicates++;
		return;
	}
	process->hole |= birth_untold(model, process);
	reparent_sight(model, process, exit->parent, time_ns);
	take_exit(process, exit);
	tell_begin(&fact, FACT_EXIT, process, time_ns);
	fact.exit.lifetime_ns = lifetime_ns(process, time_ns);
	fact.exit.costs = costs_of(&exit->costs, exit->head.flags & PT_EXIT_COSTS_PARTIAL);
	fact.exit.uid = exit->uid;
	tell_end(model, process, &fact);
	reparent_children(model, process, exit);
}

void exit_found(struct model *model, struct process *process, uint64_t time_ns)
{
	bool before_us = !process_known(process) && process->id.start_ns < model->config.start_ns;

	process->hole |= !process->exit_told && !before_us;
	reparent_abandon(model, process, time_ns);
}

void exit_tell_missed(struct model *model, struct process *process,
		      const struct pt_event_free *free, uint64_t time_ns)
{
	struct fact fact;

	if (free && !process->comm_known)
		process_set_comm(process, free->comm);
	if (free) {
		process->status = free->status;
		process->status_known = true;
	}
	tell_begin(&fact, FACT_EXIT, process, time_ns);
	fact.exit.lifetime_ns = FACT_UNKNOWN;
	fact.exit.costs = free ? costs_of(&free->costs, false) : costs_unknown();
	fact.exit.exit_seen = false;
	fact.exit.uid = process->pid_ns ? process->uid : FACT_UNKNOWN;
	tell_end(model, process, &fact);
}
