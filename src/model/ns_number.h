/* Numbers of nested pid namespaces to processes. */
#pragma once

#include "model/table.h"

/*
 * ns_number_resolve - the process whose number is `number` in the pid namespace `pid_ns`, as seen by
 * `observer` (who was told of it, waited for it or received its signal). In this order:
 *
 *  1. the initial namespace: the number is the pid;
 *  2. a nested one: the process that lives there under that number;
 *  3. else a child of the observer that lives one level deeper and has that number one level up:
 * the init of a nested namespace, or a child made after unshare(CLONE_NEWPID).
 *
 * NULL if there is none. O(1) but for the last, which looks through the observer's children, and
 * only where the observer itself is nested.
 */
struct process *ns_number_resolve(const struct table *table, uint32_t pid_ns, uint32_t number,
				  struct pt_identity observer);
