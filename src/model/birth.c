#include "model/birth.h"

#include <signal.h>
#include <string.h>

#include "model/reparent.h"

#define CGROUP_ROOT 1u /* the root's id, in every hierarchy */

/* One byte more than on the wire: pts0 becomes pts/0. */
struct tty_name {
	char bytes[PT_TTY_BYTES + 1];
};

/* One cgroup says where a process lives: v2's, unless that is the root and v1 knows more. */
static bool lives_in_v1(const struct pt_place *place)
{
	return place->cgroup_id == CGROUP_ROOT && place->v1_cgroup_id;
}

static uint64_t cgroup_id_of(const struct pt_place *place)
{
	return lives_in_v1(place) ? place->v1_cgroup_id : place->cgroup_id;
}

static uint32_t hierarchy_of(const struct pt_place *place)
{
	return lives_in_v1(place) ? place->v1_hierarchy : 0;
}

static fact_num login_uid_of(uint32_t uid)
{
	return uid == PT_LOGIN_UNSET ? FACT_ABSENT : uid;
}

/* As the device is called below /dev: the kernel's name of the slave of a pty lacks the slash. */
static struct fact_text tty_of(const char kernel_name[PT_TTY_BYTES], struct tty_name *storage)
{
	size_t len = strnlen(kernel_name, PT_TTY_BYTES), skip = 0;

	if (!len)
		return (struct fact_text){.len = FACT_TEXT_ABSENT};
	if (kernel_name[0] == '?')
		return (struct fact_text){.len = FACT_TEXT_UNKNOWN};
	if (len > 3 && !memcmp(kernel_name, "pts", 3) && kernel_name[3] != '/') {
		memcpy(storage->bytes, "pts/", 4);
		skip = 1;
	}
	memcpy(storage->bytes + 4 * skip, kernel_name + 3 * skip, len - 3 * skip);
	return (struct fact_text){.bytes = storage->bytes, .len = len + skip};
}

static struct fact_place place_of(const struct pt_place *place, struct tty_name *storage)
{
	return (struct fact_place){
		.uid = place->uid,
		.gid = place->gid,
		.cgroup.len = FACT_TEXT_ABSENT,
		.container.len = FACT_TEXT_ABSENT,
		.ns_pid = place->ns_level ? place->ns_tgid : FACT_ABSENT,
		.pid_ns = place->ns_level ? place->pid_ns : FACT_ABSENT,
		.login_uid = login_uid_of(place->login_uid),
		.session = place->session ? place->session : FACT_ABSENT,
		.tty = tty_of(place->tty, storage),
		.cgroup_id = place->cgroup_id ? cgroup_id_of(place) : FACT_UNKNOWN,
		.cgroup_hierarchy = hierarchy_of(place),
	};
}

/* Without memory for its number it is known all the same, only not by number. */
static void take_place(struct model *model, struct process *process, const struct pt_place *place)
{
	(void)table_set_numbers(&model->table, process, place);
	process->uid = place->uid;
	process->gid = place->gid;
	process->login_uid = place->login_uid;
	process->session = place->session;
	if (process->oom_cgroup_known)
		return;
	process->cgroup_id = cgroup_id_of(place);
	process->cgroup_hierarchy = hierarchy_of(place);
}

static bool has_other_creator(const struct pt_event_fork *fork)
{
	return !(fork->head.flags & PT_FORK_CREATOR_UNKNOWN) &&
	       !identity_equal(fork->creator, fork->parent);
}

static fact_num fork_kind(const struct pt_event_fork *fork)
{
	if (fork->head.flags & PT_FORK_KIND_UNKNOWN)
		return FACT_UNKNOWN;
	if (fork->head.flags & PT_FORK_SHARES_MM)
		return FORK_KIND_VFORK;
	if (fork->exit_signal != SIGCHLD || has_other_creator(fork))
		return FORK_KIND_CLONE;
	return FORK_KIND_FORK;
}

static void tell_fork(struct model *model, struct process *process,
		      const struct pt_event_fork *fork)
{
	struct tty_name tty;
	struct fact fact;

	tell_begin(&fact, FACT_FORK, process, fork->head.time_ns);
	fact.fork.kind = fork_kind(fork);
	if (fork->head.flags & PT_FORK_CREATOR_UNKNOWN)
		fact.fork.birth.pid = FACT_PID_UNKNOWN;
	else if (has_other_creator(fork))
		fact.fork.birth = fact_id_of(fork->creator);
	if (fork->exit_signal != SIGCHLD)
		fact.fork.exit_signal = fork->exit_signal;
	fact.fork.place = place_of(&fork->place, &tty);
	process->birth_told = true;
	model->totals.forks++;
	tell(model, process, &fact);
}

/* What was told before the birth is newer than it: parent and comm may have changed since. */
static void take_fork(struct model *model, struct process *process,
		      const struct pt_event_fork *fork)
{
	process->kthread |= !!(fork->head.flags & PT_FORK_KTHREAD);
	if (!(fork->head.flags & PT_FORK_CREATOR_UNKNOWN))
		process->birth_parent = fork->creator;
	if (!process->parent_known)
		table_set_parent(&model->table, process, fork->parent, false);
	if (!process->comm_known)
		process_set_comm(process, fork->comm);
	if (!process->exit_signal_known)
		process->exit_signal = fork->exit_signal;
	process->exit_signal_known = true;
	if (!process->pid_ns)
		take_place(model, process, &fork->place);
}

void birth_fork(struct model *model, struct process *process, const struct event *event)
{
	take_fork(model, process, event->fork);
	if (process->birth_told) {
		model->totals.duplicates++;
		return;
	}
	tell_fork(model, process, event->fork);
}

/* A rounded sight neither confirms nor corrects, unless it is of somebody known. */
static struct pt_identity as_seen(struct model *model, struct pt_identity id, bool rounded)
{
	const struct process *process = table_sight(&model->table, id, rounded);

	if (process)
		return process->id;
	return rounded ? (struct pt_identity){0} : id;
}

static void fill_parent(struct model *model, struct process *process,
			const struct pt_event_task *task)
{
	bool rounded = task->head.flags & PT_TASK_START_ROUNDED;

	if (process_known(process))
		reparent_sight(model, process, as_seen(model, task->parent, rounded),
			       task->head.time_ns);
	else if (!(rounded && task->parent.tgid && !task->parent.start_ns)) /* gone meanwhile */
		table_set_parent(&model->table, process, task->parent, rounded);
}

static void fill_state(struct model *model, struct process *process,
		       const struct pt_event_task *task)
{
	if (process->state >= PROCESS_DYING)
		return;
	process->leader_dead |= !!(task->head.flags & PT_TASK_LEADER_DEAD);
	if (!(task->head.flags & PT_TASK_ZOMBIE))
		return;
	process->status = task->status;
	process->status_known = true;
	process->traced = !!(task->head.flags & PT_TASK_TRACED);
	process->zombie_older =
		!process_known(process) && process->id.start_ns < model->config.start_ns;
}

void birth_fill(struct model *model, struct process *process, const struct pt_event_task *task)
{
	fill_state(model, process, task);
	fill_parent(model, process, task);
	process->kthread |= !!(task->head.flags & PT_TASK_KTHREAD);
	if (!process->comm_known || model->gap) /* its exec may have been lost */
		process_set_comm(process, task->comm);
	if (!process->exit_signal_known)
		process->exit_signal = task->exit_signal;
	process->exit_signal_known = true;
	if (!process->pid_ns)
		take_place(model, process, &task->place);
}

static fact_num state_of(uint32_t flags)
{
	if (flags & PT_TASK_ZOMBIE)
		return STATE_ZOMBIE;
	if (flags & PT_TASK_DYING)
		return STATE_DYING;
	return flags & PT_TASK_LEADER_DEAD ? STATE_LEADER_ZOMBIE : STATE_ALIVE;
}

static void tell_process(struct model *model, struct process *process,
			 const struct pt_event_task *task)
{
	struct tty_name tty;
	struct fact fact;

	tell_begin(&fact, FACT_PROCESS, process, task->head.time_ns);
	fact.process.state = state_of(task->head.flags);
	if (task->head.flags & PT_TASK_KTHREAD)
		fact.process.kthread = true;
	fact.process.threads = task->threads_cnt;
	fact.process.place = place_of(&task->place, &tty);
	process->birth_told = true;
	model->totals.processes++;
	tell(model, process, &fact);
}

void birth_appear(struct model *model, struct process *process, const struct event *event)
{
	birth_fill(model, process, event->task);
	if (process->birth_told)
		return;
	/* How an older zombie ended is not ours to tell: it ended before the tracer came. */
	process->exit_told |= process->zombie_older;
	tell_process(model, process, event->task);
}

static struct fact_place place_as_known(const struct process *process)
{
	bool known = process->pid_ns != 0;

	return (struct fact_place){
		.uid = known ? process->uid : FACT_UNKNOWN,
		.gid = known ? process->gid : FACT_UNKNOWN,
		.cgroup.len = FACT_TEXT_ABSENT,
		.container.len = FACT_TEXT_ABSENT,
		.ns_pid = process->ns_level ? process->ns_pid : FACT_ABSENT,
		.pid_ns = process->ns_level ? process->pid_ns : FACT_ABSENT,
		.login_uid = known ? login_uid_of(process->login_uid) : FACT_UNKNOWN,
		.session = !known	      ? FACT_UNKNOWN
			   : process->session ? process->session
					      : FACT_ABSENT,
		.tty.len = FACT_TEXT_UNKNOWN,
		.cgroup_id = known && process->cgroup_id ? process->cgroup_id : FACT_UNKNOWN,
		.cgroup_hierarchy = known ? process->cgroup_hierarchy : FACT_UNKNOWN,
	};
}

void birth_missed(struct model *model, struct process *process, uint64_t time_ns)
{
	struct fact fact;

	tell_begin(&fact, FACT_PROCESS, process, time_ns);
	fact.process.state = process->leader_dead ? STATE_LEADER_ZOMBIE : STATE_ALIVE;
	if (process->kthread)
		fact.process.kthread = true;
	fact.process.threads = FACT_UNKNOWN;
	fact.process.place = place_as_known(process);
	process->birth_told = true;
	process->hole = true;
	model->totals.processes++;
	tell(model, process, &fact);
}

bool birth_untold(const struct model *model, const struct process *process)
{
	return model->config.complete && !process->birth_told &&
	       process->id.start_ns >= model->config.start_ns;
}
