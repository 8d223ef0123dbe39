/* Which hooks and which source of reap times this kernel gives, found by loading and attaching. */
#pragma once

#include <stdint.h>

#include "cmd/doctor_report.h"
#include "options.h"

/*
 * doctor_hooks - loads and attaches everything once and takes it off again; the items of DOCTOR_HOOKS and
 * DOCTOR_SOURCES. 0 and the size of the ring; else EXIT_REFUSED or EXIT_RUNTIME, as tracing would end.
 */
int doctor_hooks(const struct options *options, struct doctor_report *report,
		 uint64_t *ret_ring_bytes);
