/*
 * What is one and the same for all lines of a run: host, boot, start, and the offset of the wall clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "procfs/proc.h"
#include "sink/sink.h"

struct run {
	struct run_context context; /* lent to the sinks; points into this struct */
	struct utsname uts;
	char boot_id[PROC_BOOT_ID_BYTES];
	char run[64];
};

/* run_init - reads host, boot id and clocks. The run starts now. */
void run_init(struct run *run);

/* Nanoseconds of CLOCK_BOOTTIME, the clock of all events. */
uint64_t run_now_ns(void);

/*
 * run_clock_check - follows the wall clock. True and the `clock` fact if it has stepped against the boot
 * clock since the last call, by 50 ms and more; small drifts are taken over silently.
 */
bool run_clock_check(struct run *run, uint64_t now_ns, struct fact *ret_fact);
