/*
 * Which source of the reap instant this kernel allows. There is no tracepoint at the reap, so there
 * are alternatives, best first; design and costs: man page, REAP SOURCES. Asked of BTF and by trying to
 * load and attach, never of a version string: a refused trampoline or kprobe means "not here".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct btf;

/*
 * reap_source_function - the kernel function that runs once for each released task, or NULL where
 * BTF names none: cgroup_release, later cgroup_task_release (kernel/cgroup/cgroup.c).
 */
const char *reap_source_function(const struct btf *vmlinux);

/* Each: 0, or -errno and one line of why not in `ret_why`. */
int reap_source_try_fentry(const struct btf *vmlinux, char *ret_why, size_t size);
int reap_source_try_kprobe(const char *function, char *ret_why, size_t size);
int reap_source_try_pidfd(char *ret_why, size_t size); /* does a pidfd hang up at the reap (6.15+)? */

/* Is tracefs there for the per-call tracepoints of wait4 and waitid? Else the one of all calls is used. */
bool reap_source_has_call_tracepoints(void);
