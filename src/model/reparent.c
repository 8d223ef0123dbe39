#include "model/reparent.h"

#define PID_OF_INIT 1

struct move {
	struct pt_identity to;
	struct fact_text to_comm;
	uint64_t time_ns;
	fact_num kind; /* enum fact_adopter */
	fact_num certainty; /* enum fact_certainty */
};

static struct fact_text comm_of(const struct model *model, struct pt_identity id)
{
	const struct process *process = table_find(&model->table, id);

	return process ? text_of_process(process) : (struct fact_text){.len = FACT_TEXT_UNKNOWN};
}

static void move_child(struct model *model, struct process *child, const struct move *move)
{
	bool to_known = move->certainty != CERTAINTY_UNKNOWN;
	struct fact_id from = fact_id_of_parent(child);
	struct fact fact;

	if (to_known)
		table_set_parent(&model->table, child, move->to, false);
	else
		table_clear_parent(&model->table, child);
	/* An adopter outside of the filter is in the table by name alone: this is its only sight. */
	if (to_known && child->up && !child->up->comm_known && fact_text_known(move->to_comm))
		process_set_comm(child->up, move->to_comm.bytes);
	tell_begin(&fact, FACT_REPARENT, child, move->time_ns);
	fact.reparent.from = from;
	fact.reparent.to = fact.parent;
	fact.reparent.to_comm = move->to_comm;
	fact.reparent.kind = move->kind;
	fact.reparent.certainty = move->certainty;
	model->totals.reparents++;
	tell(model, child, &fact);
}

static fact_num kind_of_record(uint16_t adopter_kind)
{
	switch (adopter_kind) {
	case PT_ADOPTER_SUBREAPER:
		return ADOPTER_SUBREAPER;
	case PT_ADOPTER_INIT:
		return ADOPTER_INIT;
	case PT_ADOPTER_NS_INIT:
		return ADOPTER_NS_INIT;
	default:
		return FACT_UNKNOWN;
	}
}

/*
 * What a dead child of a dying parent comes to cannot be foreseen, because its reap may have gone
 * unseen, or be told only by its free. One that is still there is announced to the adopter
 * (reparent_leader, kernel/exit.c), and that moves it; of one that releases itself nothing more is
 * heard.
 */
static bool waits_for_handover(const struct process *child)
{
	if (child->state == PROCESS_ZOMBIE)
		return true;
	return child->state == PROCESS_DYING && child->autoreap && !child->traced;
}

static void move_all(struct model *model, struct process *parent, const struct move *move)
{
	struct process *next;

	for (struct process *child = parent->children; child; child = next) {
		next = child->sibling_next;
		if (child->state != PROCESS_REAPED && !waits_for_handover(child))
			move_child(model, child, move);
	}
}

/* Without children of its own it still inherits, and ends, whoever is left of its namespace. */
static bool is_nested_init(const struct process *process)
{
	return process->ns_level && process->ns_pid == PID_OF_INIT;
}

static void doom_children(struct process *parent)
{
	parent->children_die = true;
	for (struct process *child = parent->children; child; child = child->sibling_next)
		child->namespace_dies = true;
}

static struct move move_to_unknown(uint64_t time_ns)
{
	return (struct move){
		.to_comm.len = FACT_TEXT_UNKNOWN,
		.time_ns = time_ns,
		.kind = FACT_UNKNOWN,
		.certainty = CERTAINTY_UNKNOWN,
	};
}

void reparent_abandon(struct model *model, struct process *parent, uint64_t time_ns)
{
	struct move move = move_to_unknown(time_ns);

	if (!parent->children_die)
		move_all(model, parent, &move);
}

static struct move move_to_adopter(const struct model *model, const struct pt_event_exit *exit)
{
	struct move move = {
		.to = exit->adopter,
		.to_comm = text_of_comm(exit->adopter_comm),
		.time_ns = exit->head.time_ns,
		.kind = kind_of_record(exit->adopter_kind),
		.certainty = CERTAINTY_PREDICTED,
	};

	if (!fact_text_known(move.to_comm))
		move.to_comm = comm_of(model, move.to);
	return move;
}

/* NONE comes from a look at one thread's list: the table may know of children all the same. */
static bool adopter_known(const struct process *parent, const struct pt_event_exit *exit)
{
	return kind_of_record(exit->adopter_kind) != FACT_UNKNOWN &&
	       !identity_none(exit->adopter) && !identity_equal(exit->adopter, parent->id);
}

void reparent_children(struct model *model, struct process *parent,
		       const struct pt_event_exit *exit)
{
	struct move move;

	if (exit->adopter_kind == PT_ADOPTER_DEATH || is_nested_init(parent)) {
		doom_children(parent);
		return;
	}
	if (!parent->children)
		return;
	move = adopter_known(parent, exit) ? move_to_adopter(model, exit)
					   : move_to_unknown(exit->head.time_ns);
	move_all(model, parent, &move);
}

/* By the kernel's own order (find_new_reaper): who is not an init must be a subreaper. */
static fact_num kind_of_parent(const struct model *model, const struct process *child,
			       struct pt_identity to)
{
	const struct process *parent = table_find(&model->table, to);

	if (to.tgid == PID_OF_INIT)
		return ADOPTER_INIT;
	if (!parent || !process_known(parent))
		return FACT_UNKNOWN;
	if (parent->ns_level && parent->ns_pid == PID_OF_INIT && parent->pid_ns == child->pid_ns)
		return ADOPTER_NS_INIT;
	return ADOPTER_SUBREAPER;
}

static bool is_dead(struct model *model, struct pt_identity id)
{
	const struct process *process = table_sight(&model->table, id, false);

	return process && process->state >= PROCESS_DYING;
}

/* A nested namespace's init: who is orphaned while it ends its namespace is still handed to it. */
static bool inherits_dying(const struct model *model, struct pt_identity id)
{
	const struct process *process = table_find(&model->table, id);

	return process && process->children_die;
}

void reparent_sight(struct model *model, struct process *process, struct pt_identity parent,
		    uint64_t time_ns)
{
	struct move move = {.to = parent, .time_ns = time_ns, .certainty = CERTAINTY_CONFIRMED};

	if (identity_none(parent) || (is_dead(model, parent) && !inherits_dying(model, parent)))
		return;
	if (process->parent_known && identity_equal(process->parent, parent))
		return;
	if (!process_known(process)) {
		table_set_parent(&model->table, process, parent, false);
		return;
	}
	move.to_comm = comm_of(model, parent);
	move.kind = kind_of_parent(model, process, parent);
	move_child(model, process, &move);
}
