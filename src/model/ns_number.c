#include "model/ns_number.h"

static bool is_number_one_up(const struct process *child, const struct process *parent,
			     uint32_t number)
{
	return child->parent_ns_pid == number && child->ns_level == parent->ns_level + 1 &&
	       child->state != PROCESS_REAPED;
}

static struct process *find_among_children(const struct process *observer, uint32_t number)
{
	for (struct process *child = observer->children; child; child = child->sibling_next)
		if (is_number_one_up(child, observer, number))
			return child;
	return NULL;
}

struct process *ns_number_resolve(const struct table *table, uint32_t pid_ns, uint32_t number,
				  struct pt_identity observer)
{
	struct process *found, *parent;

	if (!pid_ns || pid_ns == PID_NS_INITIAL)
		return table_find_pid(table, number);
	found = table_find_number(table, pid_ns, number);
	if (found)
		return found;
	parent = table_find(table, observer);
	return parent ? find_among_children(parent, number) : NULL;
}
