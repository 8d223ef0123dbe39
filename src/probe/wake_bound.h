/*
 * How late a reader can be told: an event that epoll_wait(2) returns became ready between the end of the
 * wait before and now, but not while this one slept, because it would have ended the sleep. So what counts is
 * the time since then less the time asleep: work between the waits, plus what the thread ran (CPU
 * clock) and stood in a run queue (/proc/thread-self/schedstat, second number) within this wait.
 *
 * Without schedstats in the kernel the whole time since the wait before counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Embedded by its owner; of one thread. */
struct wake_bound {
	int fd;		      /* schedstat; -1 = this kernel has none */
	uint64_t looked_ns;   /* all that was ready by then has been returned */
	uint64_t working_ns;  /* looked_ns to the begin of the wait */
	uint64_t awake_ns;    /* CPU and run queue so far, at the begin of the wait */
	bool sampled;	      /* awake_ns holds */
};

/* `now_ns`: boot clock, as everywhere below. */
void wake_bound_init(struct wake_bound *bound, uint64_t now_ns);
void wake_bound_release(struct wake_bound *bound);

/* wake_bound_before - right before epoll_wait. */
void wake_bound_before(struct wake_bound *bound, uint64_t now_ns);

/*
 * wake_bound_after - right after it. `all`: it returned fewer events than there was room for, so none is
 * left. Returns how long before `now_ns` what it returned can have become ready, at most.
 */
uint64_t wake_bound_after(struct wake_bound *bound, uint64_t now_ns, bool all);
