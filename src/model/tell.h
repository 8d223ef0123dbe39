/* Inside the model: its state, and how each part of it begins and tells a fact. */
#pragma once

#include <string.h>

#include "model/table.h"

struct model {
	struct model_config config;
	model_emit emit;
	void *context;
	struct table table;
	struct slab notes; /* struct signal_note */
	struct model_totals totals;
	uint64_t last_ns; /* time of the last event */
	bool gap; /* events were lost since the last look that healed */
};

/* tell_begin - clears `fact`, and says whom it is about. Texts are lent from `process`. */
void tell_begin(struct fact *fact, enum fact_type type, const struct process *process,
		uint64_t time_ns);

/*
 * tell - hands the fact on. It is unsure while a gap is open (whatever the table says may have been
 * overtaken by what was lost), and where this life itself has a hole: its birth or its end was
 * lost.
 */
void tell(struct model *model, const struct process *process, struct fact *fact);

/* text_of_comm - a record's comm, perhaps not terminated; empty is unknown: nobody looked. */
struct fact_text text_of_comm(const char *comm);

/* text_of_process - its own comm: unknown if no record has told it; otherwise it may be empty. */
struct fact_text text_of_process(const struct process *process);

/* fact_id_of_process - its id in a fact; a start that is only known to a tick is none. */
struct fact_id fact_id_of_process(const struct process *process);

/* fact_id_of_parent - absent where it has none (init, kthreadd), unknown where nobody knows. */
struct fact_id fact_id_of_parent(const struct process *process);

/* process_set_comm - takes a record's comm over. */
void process_set_comm(struct process *process, const char *comm);

/* since_ns - how long before `end_ns`; 0 where the times say otherwise (they are of two CPUs). */
static inline uint64_t since_ns(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? end_ns - start_ns : 0;
}
