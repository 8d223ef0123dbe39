#include "model/killer.h"

#include <errno.h>

#include "model/ns_number.h"

struct signal_note {
	struct pt_identity sender;
	uint32_t flags; /* PT_SIGNAL_* */
	uint32_t signal;
	uint32_t sender_uid;
	char sender_comm[PT_COMM_BYTES];
};

size_t killer_note_bytes(void)
{
	return sizeof(struct signal_note);
}

#define SIGNAL_KILL 9

/* What began the group's exit stays the cause whatever is delivered later, as the collective
 * SIGKILL. */
static bool decides(const struct signal_note *note)
{
	return note->signal && !(note->flags & PT_SIGNAL_DELIVERED);
}

/*
 * A default action that was delivered is under way. Only a SIGKILL can still change how it ends (it
 * aborts a core dump); before 5.16 others are queued all the same (prepare_signal, kernel/signal.c).
 */
static bool comes_too_late(const struct signal_note *note, const struct pt_event_signal *signal)
{
	return note->signal && !(signal->head.flags & PT_SIGNAL_DELIVERED) &&
	       signal->signal != SIGNAL_KILL;
}

int killer_note(struct model *model, struct process *process, const struct pt_event_signal *signal)
{
	struct signal_note *note = process->note;

	if (!note)
		note = process->note = slab_new(&model->notes);
	if (!note)
		return -ENOMEM;
	if (decides(note) || comes_too_late(note, signal))
		return 0;
	note->sender = signal->sender;
	note->flags = signal->head.flags;
	note->signal = signal->signal;
	note->sender_uid = signal->sender_uid;
	memcpy(note->sender_comm, signal->sender_comm, sizeof(note->sender_comm));
	return 0;
}

void killer_forget(struct model *model, struct process *process)
{
	if (process->note)
		slab_put(&model->notes, process->note);
	process->note = NULL;
}

/* si_pid is 0 for a sender outside of the receiver's namespace. */
static struct process *find_sender(const struct model *model, const struct process *process,
				   const struct signal_note *note)
{
	uint32_t pid_ns = process->ns_level ? process->pid_ns : PID_NS_INITIAL;

	if (!(note->flags & PT_SIGNAL_SENDER_NUMBER))
		return table_find(&model->table, note->sender);
	if (!note->sender.tgid)
		return NULL;
	return ns_number_resolve(&model->table, pid_ns, note->sender.tgid, process->id);
}

static void name_sender(const struct model *model, const struct process *process,
			const struct signal_note *note, struct fact *exit)
{
	const struct process *sender = find_sender(model, process, note);

	exit->exit.killer = KILLER_PROCESS;
	exit->exit.killer_uid = note->sender_uid;
	if (sender)
		exit->exit.killer_id = fact_id_of_process(sender);
	else if (!(note->flags & PT_SIGNAL_SENDER_NUMBER))
		exit->exit.killer_id = fact_id_of(note->sender);
	if (note->sender_comm[0])
		exit->exit.killer_comm = text_of_comm(note->sender_comm);
	else if (sender)
		exit->exit.killer_comm = text_of_process(sender);
}

void killer_join(const struct model *model, const struct process *process, struct fact *exit)
{
	const struct signal_note *note = process->note;

	exit->exit.killer = exit->exit.killer_uid = FACT_UNKNOWN;
	exit->exit.killer_id.pid = FACT_PID_UNKNOWN;
	exit->exit.killer_comm.len = FACT_TEXT_UNKNOWN;
	if (!note || note->signal != exit->exit.signal)
		return;
	if (note->flags & PT_SIGNAL_KERNEL) {
		exit->exit.killer = KILLER_KERNEL;
		exit->exit.killer_uid = FACT_ABSENT;
		exit->exit.killer_id.pid = FACT_PID_ABSENT;
		exit->exit.killer_comm.len = FACT_TEXT_ABSENT;
	} else if (!(note->flags & PT_SIGNAL_SENDER_UNKNOWN)) {
		name_sender(model, process, note, exit);
	}
}
