/* What a life cost, as wait4's rusage would say it. */
#pragma once

#include "model/fact.h"

/*
 * costs_of - the facts of a record's costs. The exact run time is split in proportion to the
 * sampled user and system times (kernel/sched/cputime.c, cputime_adjust). `partial`: not every
 * thread was summed, so that only the peak memory, which is the group's, is known.
 */
struct fact_costs costs_of(const struct pt_costs *costs, bool partial);

/* costs_unknown - nobody saw the end. */
struct fact_costs costs_unknown(void);
