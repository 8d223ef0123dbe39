/*
 * Every process that is known, by identity, by pid, and where nested by its number in its own pid
 * namespace; and who is whose child. Everything here is O(1) but for what visits all.
 *
 * A process may be named before it is described (as somebody's parent, or by a signal that overtook
 * its birth): it is in the table then, in state NEW, so that its children hang together, but does
 * not count as known. table_release_idle() drops it once nothing names it any more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "model/model.h"
#include "model/slab.h"

/*
 * PROC_PID_INIT_INO of include/linux/proc_ns.h: the initial pid namespace has it on every kernel.
 */
#define PID_NS_INITIAL 0xEFFFFFFCu

struct signal_note;
struct nested_number;

/*
 * Public because the rest of the model is about nothing else. Read freely; the table's own part is
 * written by table_*().
 */
struct process {
	/* the table's own */
	UT_hash_handle by_id, by_pid;
	struct pt_identity id;
	struct pt_identity parent; /* who must reap it; 0 with parent_known: nobody */
	struct process *up; /* the parent, where it is in the table */
	struct process *children; /* newest first */
	struct process *sibling_next, *sibling_prev;
	struct nested_number *number; /* while it holds one in a nested pid namespace */
	uint32_t children_cnt;

	uint8_t state; /* enum process_state, by table_set_state() */
	bool parent_known : 1;
	bool in_pid_index : 1;
	bool rounded : 1; /* id.start_ns is cut to a clock tick: it comes from /proc */
	bool pinned : 1; /* in use: not released although it may look idle */

	/* the model's */
	bool birth_told : 1; /* its fork or process fact is out */
	bool exit_told : 1; /* its exit fact is out */
	bool hole : 1; /* something of its history is missing: its facts are unsure */
	bool comm_known : 1; /* it may be empty all the same */
	bool kthread : 1;
	bool leader_dead : 1;
	bool leader_status_known : 1;
	bool status_known : 1;
	bool exit_signal_known : 1;
	bool autoreap : 1; /* PT_EXIT_AUTOREAP and not traced: never counts as a zombie */
	bool traced : 1; /* at its exit */
	bool oom : 1;
	bool oom_cgroup_known : 1; /* then cgroup is the one whose memory its own counted for */
	bool zombie_older : 1; /* was one already when the tracer came */
	bool zombie_assumed : 1; /* no signal tells of it: its exit stands for the zombie instant */
	bool children_die : 1; /* init of a nested pid namespace, dying: its children do not move */
	bool namespace_dies : 1; /* its parent is or was such an init */
	uint16_t ns_level;

	struct pt_identity birth_parent;
	uint64_t exit_ns; /* 0 = not seen */
	uint64_t zombie_ns; /* 0 = not told of */
	uint64_t reaped_ns;
	struct signal_note *note; /* the signal that may have killed it: few lives ever get one */
	uint32_t status, leader_status;
	uint32_t exit_signal;
	uint32_t uid, gid;
	uint64_t cgroup_id; /* where it was born or found */
	uint32_t cgroup_hierarchy;
	uint32_t login_uid, session;
	uint32_t pid_ns, ns_pid, parent_ns_pid;
	char comm[PT_COMM_BYTES]; /* terminated */
};

/* The budget is 400 bytes for each live process, the buckets of the hashes (some 20) included. */
_Static_assert(sizeof(struct process) <= 320, "a process must stay small");

struct table {
	struct process *by_id, *by_pid;
	struct nested_number *by_number;
	struct slab processes, numbers;
	size_t processes_max; /* 0 = no bound */
	size_t rounded_cnt;
	size_t known_cnt, alive_cnt, reaped_cnt; /* of them */
	uint64_t seed;
};

/* table_init - an empty one. `seed` keys the hashes: who can choose pids must not choose buckets. */
void table_init(struct table *table, size_t processes_max, uint64_t seed);
void table_release(struct table *table);

struct process *table_find(const struct table *table, struct pt_identity id);

/*
 * table_sight - the process that an event shows, or NULL. The first exact sight of one that is known
 * by a rounded start replaces it. `rounded`: the event's own start_ns is (PT_TASK_START_ROUNDED).
 */
struct process *table_sight(struct table *table, struct pt_identity id, bool rounded);

/* table_find_pid - the one that holds the pid, or held it last; a younger one takes it over. */
struct process *table_find_pid(const struct table *table, uint32_t pid);

/* table_find_number - the unreaped one with that number in the nested namespace of that inode. */
struct process *table_find_number(const struct table *table, uint32_t pid_ns, uint32_t number);

/* table_enter - a new entry, in state NEW; NULL when full or out of memory. */
struct process *table_enter(struct table *table, struct pt_identity id, bool rounded);

/* table_remove - forgets it; its children keep their parent by value. The note is not freed. */
void table_remove(struct table *table, struct process *process);

/* table_release_idle - removes it if it is only a name that nothing uses. */
void table_release_idle(struct table *table, struct process *process);

/* table_set_state - REAPED gives its nested number up: the kernel may hand it out again at once. */
void table_set_state(struct table *table, struct process *process, enum process_state state);

/*
 * table_set_parent - hangs it below `parent`, which is entered by name if it is not there. `rounded`
 * as in table_sight().
 */
void table_set_parent(struct table *table, struct process *process, struct pt_identity parent,
		      bool rounded);

/* table_clear_parent - its parent is not known any more. */
void table_clear_parent(struct table *table, struct process *process);

/* table_set_numbers - where it lives; from then on table_find_number() finds it. 0 or -ENOMEM. */
int table_set_numbers(struct table *table, struct process *process, const struct pt_place *place);

/* process_known - described by a record of its own, not only named. */
static inline bool process_known(const struct process *process)
{
	return process->state != PROCESS_NEW;
}

static inline bool identity_equal(struct pt_identity a, struct pt_identity b)
{
	return a.start_ns == b.start_ns && a.tgid == b.tgid;
}

/* identity_none - no process at all. */
static inline bool identity_none(struct pt_identity id)
{
	return !id.start_ns && !id.tgid;
}
