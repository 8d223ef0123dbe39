/*
 * The model: every process that is known, and what happened to it. Events in, facts out. Pure: no
 * libbpf, stdio, clock or /proc, so the same code runs live, in unit tests and in fuzzers.
 *
 * Order is the order of calls (ring order): never sorted by time. States only advance.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decode.h"
#include "model/fact.h"

/* Called for each fact, in order. The fact and all it points to are lent for the call. */
typedef void (*model_emit)(void *context, const struct fact *fact);

struct model_config {
	uint64_t start_ns;	       /* when the tracer attached: who was born before is `process` */
	enum fact_source reap_source;  /* the best source in use; SOURCE_FREE: reaps come from free alone */
	bool threads;		       /* make thread and thread_exit facts */
	bool complete;		       /* no filter: an unknown parent is a gap, not an outsider */
	size_t processes_max;	       /* bound of the table; 0 = none */
};

struct model_totals {
	uint64_t forks, execs, exits, failures, reaps, reparents, processes;
	uint64_t duplicates;	 /* second sights of something already known, merged */
	uint64_t unknown_subjects; /* events about a process that is not in the table */
	uint64_t refused;	 /* processes not entered because the table was full */
};

struct model;

/* model_new - an empty model, or NULL when out of memory. `emit` is called from model_event() and friends. */
struct model *model_new(const struct model_config *config, model_emit emit, void *context);
void model_free(struct model *model);

/* model_event - takes one decoded event. 0, or -ENOMEM (the event is lost and counted in refused). */
int model_event(struct model *model, const struct event *event);

/*
 * model_reaped - the process was seen to be gone by a source outside the ring (pidfd, or the tracer's
 * own wait): `time_ns` is at most `error_ns` late. `reaper` 0 = not known.
 */
void model_reaped(struct model *model, struct pt_identity who, uint64_t time_ns, uint64_t error_ns,
		  enum fact_source source, struct pt_identity reaper, const char *reaper_comm);

/*
 * model_gone - a process that another look (iterator, /proc) did not find any more: it is closed with
 * exit_seen false and unsure facts.
 */
void model_gone(struct model *model, struct pt_identity who, uint64_t time_ns);

/*
 * model_expire - forgets who was reaped before `before_ns` and whose free has not come: it may be late by
 * as long as a grace period takes (seconds), or never come. A free after this is of an unknown process.
 * Returns how many. A pass over the table.
 */
size_t model_expire(struct model *model, uint64_t before_ns);

/*
 * model_gap - events were lost: facts are unsure until the next model_healed(), which is to be called
 * when everybody was looked at again, and once after the first snapshot.
 */
void model_gap(struct model *model);
void model_healed(struct model *model);

/* What is known of one process; lent until the next call that changes the model. */
enum process_state {
	PROCESS_NEW,	/* named by an event before its own birth was read */
	PROCESS_ALIVE,
	PROCESS_DYING,	/* the last thread has begun to exit */
	PROCESS_ZOMBIE,
	PROCESS_REAPED, /* released; waits for its free */
};

struct process_view {
	struct pt_identity id, parent, birth_parent;
	enum process_state state;
	bool leader_dead; /* leader zombie: the leader has exited, threads have not */
	bool kthread;
	uint64_t exit_ns;   /* 0 = not seen */
	uint64_t zombie_ns; /* 0 = not one, or since before the tracer */
	uint32_t pid_ns;
	uint32_t ns_pid;
	const char *comm;   /* terminated, at most PT_COMM_BYTES */
	size_t children_cnt;
};

/* model_find - true and the view if the identity is in the table. */
bool model_find(const struct model *model, struct pt_identity who, struct process_view *ret_view);

/* model_find_pid - the one that now holds the pid: not reaped, else the youngest. */
bool model_find_pid(const struct model *model, uint32_t pid, struct process_view *ret_view);

/* model_each - calls `visit` for every process in the table until it returns non-zero, and returns that. Do not change the model meanwhile. */
int model_each(const struct model *model, int (*visit)(void *context, const struct process_view *view), void *context);

size_t model_count(const struct model *model);	      /* in the table, reaped ones that wait for their free included */
size_t model_count_alive(const struct model *model); /* neither dying nor dead */
size_t model_count_unreaped(const struct model *model); /* alive, dying or zombie */
struct model_totals model_totals(const struct model *model);
