#include "model/exec.h"

#include "model/birth.h"
#include "model/exit.h"
#include "model/reparent.h"

/* Where the paths of one fact are put together; decode_path() cuts what is longer. */
struct exec_paths {
	char exe[PT_PATH_BYTES + 8]; /* and ".../" before a cut one */
	char cwd[PT_PATH_BYTES + 8];
};

static struct fact_text text_of_tail(struct tail_view tail)
{
	return (struct fact_text){.bytes = tail.bytes,
				  .len = tail.bytes ? tail.len : FACT_TEXT_UNKNOWN};
}

static struct fact_text text_of_path(struct tail_view tail, bool cut, char *path, size_t size)
{
	if (!tail.bytes)
		return (struct fact_text){.len = FACT_TEXT_UNKNOWN};
	return (struct fact_text){.bytes = path, .len = decode_path(tail, cut, path, size)};
}

static void fill_paths(struct fact *fact, const struct event *event, struct exec_paths *paths)
{
	fact->exec.exe = text_of_path(event->tail[PT_TAIL_EXE], event->flags & PT_EXEC_EXE_CUT,
				      paths->exe, sizeof(paths->exe));
	fact->exec.cwd = text_of_path(event->tail[PT_TAIL_CWD], event->flags & PT_EXEC_CWD_CUT,
				      paths->cwd, sizeof(paths->cwd));
	fact->exec.filename = text_of_tail(event->tail[PT_TAIL_FILENAME]);
}

/* A missing page at the very beginning leaves nothing: not an empty vector, an unknown one. */
static void fill_args(struct fact *fact, const struct event *event)
{
	struct tail_view args = event->tail[PT_TAIL_ARGS];

	if ((event->flags & PT_EXEC_ARGS_FAULT) && !args.len)
		args.bytes = NULL;
	fact->exec.args = text_of_tail(args);
	if (event->flags & PT_EXEC_NO_ARGS)
		fact->exec.args.len = FACT_TEXT_ABSENT;
	fact->exec.args_count = event->exec->args_count;
	fact->exec.args_bytes = event->exec->args_bytes;
	if (fact->exec.args.len != FACT_TEXT_ABSENT)
		fact->exec.args_truncated = !args.bytes || args.len < event->exec->args_bytes;
}

static void fill_credentials(struct fact *fact, const struct pt_event_exec *exec)
{
	fact->exec.uid = exec->uid;
	fact->exec.euid = exec->euid;
	if (exec->old_tid != exec->who.tgid)
		fact->exec.tid = exec->old_tid;
}

/* The thread that runs the program is the leader from now on, whatever became of the old one. */
static void take_exec(struct process *process, const struct pt_event_exec *exec)
{
	process_set_comm(process, exec->comm);
	process->uid = exec->uid;
	process->gid = exec->gid;
	process->kthread = false;
	process->leader_dead = false;
	process->leader_status_known = false;
}

void exec_tell(struct model *model, struct process *process, const struct event *event)
{
	struct process before = {.comm_known = process->comm_known};
	struct exec_paths paths;
	struct fact fact;

	memcpy(before.comm, process->comm, sizeof(before.comm));
	process->hole |= birth_untold(model, process);
	reparent_sight(model, process, event->exec->parent, event->time_ns);
	take_exec(process, event->exec);
	tell_begin(&fact, FACT_EXEC, process, event->time_ns);
	fill_paths(&fact, event, &paths);
	fill_args(&fact, event);
	fill_credentials(&fact, event->exec);
	fact.exec.prev_comm = text_of_process(&before);
	model->totals.execs++;
	tell(model, process, &fact);
}

static void tell_thread(struct model *model, const struct process *process, struct fact *fact,
			uint32_t tid, const char *comm)
{
	fact->thread.tid = tid;
	fact->comm = text_of_comm(comm);
	tell(model, process, fact);
}

void thread_born(struct model *model, struct process *process, const struct pt_event_thread *thread)
{
	struct fact fact;

	if (!model->config.threads)
		return;
	tell_begin(&fact, FACT_THREAD, process, thread->head.time_ns);
	tell_thread(model, process, &fact, thread->tid, thread->comm);
}

void thread_exited(struct model *model, struct process *process,
		   const struct pt_event_thread_exit *exit)
{
	bool leader = exit->head.flags & PT_THREAD_EXIT_LEADER;
	struct fact fact;

	if (leader) {
		process->leader_dead = true;
		process->leader_status = exit->status;
		process->leader_status_known = true;
	}
	if (!model->config.threads)
		return;
	tell_begin(&fact, FACT_THREAD_EXIT, process, exit->head.time_ns);
	exit_status_split(exit->status, &fact.thread.exit_code, &fact.thread.signal);
	if (leader)
		fact.thread.leader = true;
	tell_thread(model, process, &fact, exit->tid, exit->comm);
}
