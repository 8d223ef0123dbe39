/*
 * Who is there, from /proc alone: the fallback where the kernel refuses the task iterator.
 *
 * It tells less than the iterator: /proc is read one process after the other, so it is no picture
 * of one instant, and what lived and died meanwhile is missing. Above all a start is known to a
 * clock tick only (10 ms), so that the identities in these records equal none in the records of the
 * kernel. Each is flagged PT_TASK_START_ROUNDED: it is the same process as an exact identity with
 * the same tgid and with start_ns <= exact < start_ns + 1 tick (proc_root.tick_ns; one more tick
 * early or late at the edge of a time namespace's offset). The first exact sight of it replaces the
 * rounded start. exec_id is not known and 0.
 */
#pragma once

#include <stdint.h>

#include "proctrace/event.h"
#include "procfs/cgroup.h"
#include "procfs/proc.h"

/* One process, lent for the call. Anything but 0 ends the snapshot. */
typedef int (*snapshot_visit)(void *context, const struct pt_event_task *task);

/*
 * snapshot_take - reads every process but the tracer below `root`, then hands each to `visit`, by
 * number. `now_ns` becomes the time of the records: CLOCK_BOOTTIME of the kernel, taken before the
 * call. `cgroups` may be NULL: cgroups are then not known; those of v1 never are. Of terminals only
 * ptys have a name. parent.start_ns is 0 where the parent was gone.
 *
 * The number of records; what `visit` returned if not 0; -ENOMEM; -errno of the directory; -EXDEV
 * when `root` does not show the initial pid namespace: its numbers are not those of the kernel
 * half.
 */
int snapshot_take(const struct proc_root *root, const struct cgroups *cgroups, uint64_t now_ns,
		  snapshot_visit visit, void *context);

/*
 * snapshot_one - the same for one process that the iterator did not tell of. Its parent's start is
 * left 0. 0; -ESRCH when it is gone; -ENOMEM; -EXDEV as above.
 */
int snapshot_one(const struct proc_root *root, uint32_t pid, uint64_t now_ns,
		 struct pt_event_task *ret_task);
