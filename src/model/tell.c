#include "model/tell.h"

void tell_begin(struct fact *fact, enum fact_type type, const struct process *process,
		uint64_t time_ns)
{
	fact_clear(fact, type, time_ns);
	fact->who = fact_id_of_process(process);
	fact->parent = fact_id_of_parent(process);
	fact->comm = text_of_process(process);
}

void tell(struct model *model, const struct process *process, struct fact *fact)
{
	fact->unsure = model->gap || process->hole;
	model->emit(model->context, fact);
}

struct fact_text text_of_comm(const char *comm)
{
	size_t len = strnlen(comm, PT_COMM_BYTES);

	return (struct fact_text){.bytes = comm, .len = len ? len : FACT_TEXT_UNKNOWN};
}

struct fact_text text_of_process(const struct process *process)
{
	size_t len = strnlen(process->comm, PT_COMM_BYTES);

	return (struct fact_text){.bytes = process->comm,
				  .len = process->comm_known ? len : FACT_TEXT_UNKNOWN};
}

struct fact_id fact_id_of_process(const struct process *process)
{
	struct fact_id id = fact_id_of(process->id);

	if (process->rounded)
		id.start_ns = 0;
	return id;
}

struct fact_id fact_id_of_parent(const struct process *process)
{
	if (!process->parent_known)
		return (struct fact_id){.pid = FACT_PID_UNKNOWN};
	if (identity_none(process->parent))
		return (struct fact_id){.pid = FACT_PID_ABSENT};
	return process->up ? fact_id_of_process(process->up) : fact_id_of(process->parent);
}

void process_set_comm(struct process *process, const char *comm)
{
	size_t len = strnlen(comm, PT_COMM_BYTES - 1);

	memset(process->comm, 0, sizeof(process->comm));
	memcpy(process->comm, comm, len);
	process->comm_known = true;
}
