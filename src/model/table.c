#include "model/table.h"

#include <errno.h>
#include <string.h>

/* Of /proc/PID/stat, field 22: 1 s / USER_HZ, which is 100 on every architecture that we build for. */
#define TICK_NS 10000000u

struct number_key {
	uint32_t pid_ns;
	uint32_t number;
};

struct nested_number {
	UT_hash_handle hh;
	struct number_key key;
	struct process *process;
};

/* The finaliser of SplitMix64: every bit of the input reaches every bit of the result. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static unsigned hash_id(const struct table *table, struct pt_identity id)
{
	return (unsigned)mix(mix(id.start_ns ^ table->seed) + id.tgid);
}

static unsigned hash_number(const struct table *table, uint32_t high, uint32_t low)
{
	return (unsigned)mix(table->seed ^ ((uint64_t)high << 32 | low));
}

void table_init(struct table *table, size_t processes_max, uint64_t seed)
{
	*table = (struct table){.processes_max = processes_max, .seed = mix(seed)};
	slab_init(&table->processes, sizeof(struct process));
	slab_init(&table->numbers, sizeof(struct nested_number));
}

void table_release(struct table *table)
{
	HASH_CLEAR(by_id, table->by_id);
	HASH_CLEAR(by_pid, table->by_pid);
	HASH_CLEAR(hh, table->by_number);
	slab_release(&table->processes);
	slab_release(&table->numbers);
	table->known_cnt = table->alive_cnt = table->reaped_cnt = 0;
}

struct process *table_find(const struct table *table, struct pt_identity id)
{
	struct process *process;

	id.pad = 0;
	HASH_FIND_BYHASHVALUE(by_id, table->by_id, &id, sizeof(id), hash_id(table, id), process);
	return process;
}

struct process *table_find_pid(const struct table *table, uint32_t pid)
{
	struct process *process;

	HASH_FIND_BYHASHVALUE(by_pid, table->by_pid, &pid, sizeof(pid), hash_number(table, 0, pid),
			      process);
	return process;
}

static struct nested_number *find_number(const struct table *table, struct number_key key)
{
	struct nested_number *entry;

	HASH_FIND_BYHASHVALUE(hh, table->by_number, &key, sizeof(key),
			      hash_number(table, key.pid_ns, key.number), entry);
	return entry;
}

struct process *table_find_number(const struct table *table, uint32_t pid_ns, uint32_t number)
{
	struct nested_number *entry =
		find_number(table, (struct number_key){.pid_ns = pid_ns, .number = number});

	return entry ? entry->process : NULL;
}

static void pid_index_drop(struct table *table, struct process *process)
{
	if (!process->in_pid_index)
		return;
	HASH_DELETE(by_pid, table->by_pid, process);
	process->in_pid_index = false;
}

/* Pids are reused before the free of their last holder is told: the younger one holds it. */
static int pid_index_take(struct table *table, struct process *process)
{
	struct process *holder = table_find_pid(table, process->id.tgid);

	if (holder && holder->id.start_ns > process->id.start_ns)
		return 0;
	if (holder)
		pid_index_drop(table, holder);
	HASH_ADD_KEYPTR_BYHASHVALUE(by_pid, table->by_pid, &process->id.tgid,
				    sizeof(process->id.tgid),
				    hash_number(table, 0, process->id.tgid), process);
	process->in_pid_index = process->by_pid.tbl != NULL;
	return process->in_pid_index ? 0 : -ENOMEM;
}

static bool full(const struct table *table)
{
	return table->processes_max && HASH_CNT(by_id, table->by_id) >= table->processes_max;
}

static int id_index_add(struct table *table, struct process *process)
{
	HASH_ADD_KEYPTR_BYHASHVALUE(by_id, table->by_id, &process->id, sizeof(process->id),
				    hash_id(table, process->id), process);
	return process->by_id.tbl ? 0 : -ENOMEM;
}

struct process *table_enter(struct table *table, struct pt_identity id, bool rounded)
{
	struct process *process = full(table) ? NULL : slab_new(&table->processes);

	if (!process)
		return NULL;
	process->id = id;
	process->id.pad = 0;
	process->rounded = rounded;
	if (id_index_add(table, process))
		goto out_slab;
	if (pid_index_take(table, process))
		goto out_id;
	table->rounded_cnt += rounded;
	return process;
out_id:
	HASH_DELETE(by_id, table->by_id, process);
out_slab:
	slab_put(&table->processes, process);
	return NULL;
}

/* Cut to a tick, and one more at the edge of a time namespace's offset (procfs/snapshot.h). */
static bool may_be_one(uint64_t rounded_ns, uint64_t exact_ns)
{
	return rounded_ns < exact_ns + TICK_NS && exact_ns < rounded_ns + 2 * TICK_NS;
}

/* The last entry of a hash cannot leave it and be sure of memory to come back: it stays as it is. */
static void make_exact(struct table *table, struct process *process, struct pt_identity id)
{
	if (HASH_CNT(by_id, table->by_id) < 2)
		return;
	HASH_DELETE(by_id, table->by_id, process);
	process->id.start_ns = id.start_ns;
	(void)id_index_add(table, process);
	process->rounded = false;
	table->rounded_cnt--;
	for (struct process *child = process->children; child; child = child->sibling_next)
		child->parent = process->id;
}

struct process *table_sight(struct table *table, struct pt_identity id, bool rounded)
{
	struct process *process = table_find(table, id);

	if (process || !(rounded || table->rounded_cnt))
		return process;
	process = table_find_pid(table, id.tgid);
	if (!process || process->rounded == rounded)
		return NULL;
	if (!may_be_one(rounded ? id.start_ns : process->id.start_ns,
			rounded ? process->id.start_ns : id.start_ns))
		return NULL;
	if (process->rounded)
		make_exact(table, process, id);
	return process;
}

static void number_drop(struct table *table, struct process *process)
{
	if (!process->number)
		return;
	HASH_DELETE(hh, table->by_number, process->number);
	slab_put(&table->numbers, process->number);
	process->number = NULL;
}

static struct nested_number *number_new(struct table *table, struct number_key key)
{
	struct nested_number *entry = slab_new(&table->numbers);

	if (!entry)
		return NULL;
	entry->key = key;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->by_number, &entry->key, sizeof(entry->key),
				    hash_number(table, key.pid_ns, key.number), entry);
	if (entry->hh.tbl)
		return entry;
	slab_put(&table->numbers, entry);
	return NULL;
}

/* As with pids, a newcomer with the number proves that its last holder gave it up. */
static int number_take(struct table *table, struct process *process, struct number_key key)
{
	struct nested_number *entry = find_number(table, key);

	if (entry)
		entry->process->number = NULL;
	else
		entry = number_new(table, key);
	if (!entry)
		return -ENOMEM;
	entry->process = process;
	process->number = entry;
	return 0;
}

int table_set_numbers(struct table *table, struct process *process, const struct pt_place *place)
{
	process->pid_ns = place->pid_ns;
	process->ns_pid = place->ns_tgid;
	process->parent_ns_pid = place->parent_ns_tgid;
	process->ns_level = place->ns_level > UINT16_MAX ? UINT16_MAX : place->ns_level;
	number_drop(table, process);
	if (!place->ns_level || process->state == PROCESS_REAPED)
		return 0;
	return number_take(table, process,
			   (struct number_key){.pid_ns = place->pid_ns, .number = place->ns_tgid});
}

/* by is 1 for a process that comes, -1 for one that goes. */
static void count(struct table *table, const struct process *process, int by)
{
	table->known_cnt += process_known(process) ? by : 0;
	table->alive_cnt += process->state == PROCESS_ALIVE ? by : 0;
	table->reaped_cnt += process->state == PROCESS_REAPED ? by : 0;
}

void table_set_state(struct table *table, struct process *process, enum process_state state)
{
	if (process->state == state)
		return;
	count(table, process, -1);
	process->state = state;
	count(table, process, 1);
	if (state == PROCESS_REAPED)
		number_drop(table, process);
}

static void link_below(struct process *process, struct process *parent)
{
	process->up = parent;
	process->sibling_prev = NULL;
	process->sibling_next = parent->children;
	if (parent->children)
		parent->children->sibling_prev = process;
	parent->children = process;
	parent->children_cnt++;
}

static void unlink_from(struct process *process, struct process *parent)
{
	if (process->sibling_prev)
		process->sibling_prev->sibling_next = process->sibling_next;
	else
		parent->children = process->sibling_next;
	if (process->sibling_next)
		process->sibling_next->sibling_prev = process->sibling_prev;
	process->up = process->sibling_next = process->sibling_prev = NULL;
	parent->children_cnt--;
}

static void leave_parent(struct table *table, struct process *process)
{
	struct process *parent = process->up;

	if (!parent)
		return;
	unlink_from(process, parent);
	table_release_idle(table, parent);
}

static struct process *see_or_enter(struct table *table, struct pt_identity id, bool rounded)
{
	struct process *process = table_sight(table, id, rounded);

	return process ? process : table_enter(table, id, rounded);
}

void table_set_parent(struct table *table, struct process *process, struct pt_identity parent,
		      bool rounded)
{
	struct process *up = parent.start_ns ? see_or_enter(table, parent, rounded) : NULL;

	/* No kernel says so, but a record can: nobody is his own child. */
	if (up == process)
		up = NULL;
	process->parent = up ? up->id : parent;
	process->parent.pad = 0;
	process->parent_known = true;
	if (up && up == process->up)
		return;
	leave_parent(table, process);
	if (!up)
		return;
	link_below(process, up);
	process->namespace_dies |= up->children_die;
}

void table_clear_parent(struct table *table, struct process *process)
{
	leave_parent(table, process);
	process->parent = (struct pt_identity){0};
	process->parent_known = false;
}

/* forget - takes it out of everything; returns the parent it hung below, or NULL. */
static struct process *forget(struct table *table, struct process *process)
{
	struct process *parent = process->up;

	while (process->children)
		unlink_from(process->children, process);
	if (parent)
		unlink_from(process, parent);
	count(table, process, -1);
	table->rounded_cnt -= process->rounded;
	number_drop(table, process);
	pid_index_drop(table, process);
	HASH_DELETE(by_id, table->by_id, process);
	slab_put(&table->processes, process);
	return parent;
}

static bool idle(const struct process *process)
{
	return !process_known(process) && !process->pinned && !process->children && !process->note;
}

void table_remove(struct table *table, struct process *process)
{
	do
		process = forget(table, process);
	while (process && idle(process));
}

void table_release_idle(struct table *table, struct process *process)
{
	if (idle(process))
		table_remove(table, process);
}
