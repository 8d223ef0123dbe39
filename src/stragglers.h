/*
 * Dead ones whose end nobody told: the free of a life comes a grace period after its reap, which may be
 * seconds, and where the kernel runs its callbacks on top of a task that BPF programs may not look at, never.
 * What can be known without it is told; the table does not keep them for ever.
 */
#pragma once

#include <stdint.h>

#include "model/model.h"
#include "procfs/proc.h"

/*
 * stragglers_close - tells the reap of each dead life that /proc no longer has, with the time since it was a
 * zombie as its error; only of those dead since before `before_ns`.
 */
void stragglers_close(struct model *model, const struct proc_root *root, uint64_t before_ns,
		      uint64_t now_ns);
