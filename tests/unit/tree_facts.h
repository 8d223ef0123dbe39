/* Facts for the tests of what takes facts. Times in ms after a boot time of 1000 s. */
#pragma once

#include <string.h>

#include "model/fact.h"

#define MS	   1000000ULL
#define AT(ms)	   (1000000 * MS + (ms)*MS)
#define TEXT(text) ((struct fact_text){(text), sizeof(text) - 1})

/* Processes born in the order of their numbers, 1 ms apart, unless a test says otherwise. */
static inline struct fact_id id_at(uint32_t pid, uint64_t ms)
{
	return (struct fact_id){.pid = pid, .start_ns = AT(ms)};
}

static inline struct fact fact_about(enum fact_type type, uint64_t ms, struct fact_id who)
{
	struct fact fact;

	fact_clear(&fact, type, AT(ms));
	fact.who = who;
	return fact;
}

static inline struct fact fork_of(struct fact_id parent, struct fact_id child, const char *comm)
{
	struct fact fact;

	fact_clear(&fact, FACT_FORK, child.start_ns);
	fact.who = child;
	fact.parent = parent;
	fact.comm = (struct fact_text){comm, strlen(comm)};
	fact.fork.kind = FORK_KIND_FORK;
	return fact;
}

static inline struct fact exit_of(struct fact_id who, uint64_t ms, uint64_t code)
{
	struct fact fact = fact_about(FACT_EXIT, ms, who);

	fact.exit.exit_code = code;
	return fact;
}

static inline struct fact signalled(struct fact_id who, uint64_t ms, uint64_t signal)
{
	struct fact fact = fact_about(FACT_EXIT, ms, who);

	fact.exit.signal = signal;
	return fact;
}

static inline struct fact reap_of(struct fact_id who, struct fact_id parent, uint64_t ms,
				  uint64_t latency_ns)
{
	struct fact fact = fact_about(FACT_REAP, ms, who);

	fact.parent = fact.reap.reaper = parent;
	fact.reap.how = HOW_WAIT;
	fact.reap.latency_ns = latency_ns;
	fact.reap.source = SOURCE_FENTRY;
	return fact;
}

static inline struct fact reparent_of(struct fact_id who, struct fact_id from, struct fact_id to,
				      uint64_t ms)
{
	struct fact fact = fact_about(FACT_REPARENT, ms, who);

	fact.parent = to;
	fact.reparent.from = from;
	fact.reparent.to = to;
	fact.reparent.kind = ADOPTER_INIT;
	fact.reparent.certainty = CERTAINTY_CONFIRMED;
	return fact;
}
