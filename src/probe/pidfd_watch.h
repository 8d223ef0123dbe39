/*
 * The reap of long-lived zombies, from pidfds: since 6.15 a pidfd hangs up when its process is reaped, for
 * no cost to anybody but the watcher. A zombie that is older than a threshold gets one.
 *
 * Whose pidfd it is: a number belongs to its zombie until the reap, so a descriptor opened before that is the
 * zombie's. Opened after, it may be of whoever got the number next. Hence the number's start time is read
 * from /proc *after* the open: it still being the zombie's proves that the number has not changed hands since its
 * birth, and with that the open too. What is left is a successor born within the same clock tick as the
 * zombie. A reap between the open and the look at /proc is left to the other sources; one after it hangs up.
 *
 * A watch that finds itself at its bound gives up its oldest descriptor: who has been a zombie for longest is
 * least likely to be reaped next, and what `free` says of it is, measured by its age, nearly exact.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/model.h"

#define PIDFD_WATCH_OLDER_THAN_NS 100000000ull
#define PIDFD_WATCH_QUEUE_MAX	  16384 /* deaths of the last threshold */
#define PIDFD_WATCH_TAG		  (1ull << 63) /* in epoll_event.data.u64 of every event that is ours */

struct pidfd_watch;

struct pidfd_watch_config {
	int epoll_fd;
	size_t descriptors_max;
	uint64_t older_than_ns; /* counted from the exit; 0 = PIDFD_WATCH_OLDER_THAN_NS */
	uint64_t now_ns;
	void *context;
	/* find - what the model knows (model_find). */
	bool (*find)(void *context, struct pt_identity who, struct process_view *ret_view);
	/* holds - whether the process that now has the number `pid` started when `who` did (/proc/PID/stat). */
	bool (*holds)(void *context, struct pt_identity who, pid_t pid);
	/* reaped - seen at `time_ns`, at most `error_ns` late. It may call the functions below. */
	void (*reaped)(void *context, struct pt_identity who, uint64_t time_ns, uint64_t error_ns);
};

struct pidfd_watch_totals {
	uint64_t opened, hung_up;
	uint64_t overflowed; /* deaths that the queue had no room for */
	uint64_t evicted;    /* gave their descriptor to a younger zombie */
	uint64_t refused;    /* could not be opened or added to epoll */
};

/* pidfd_watch_new - NULL when out of memory. `config` is copied. */
struct pidfd_watch *pidfd_watch_new(const struct pidfd_watch_config *config);
void pidfd_watch_free(struct pidfd_watch *watch);

/*
 * pidfd_watch_died - for each exit, and each zombie found at the start (exit_ns 0). `pid`: its number in the
 * tracer's own pid namespace, which pidfd_open(2) takes.
 */
void pidfd_watch_died(struct pidfd_watch *watch, struct pt_identity who, pid_t pid,
		      uint64_t exit_ns);

/* pidfd_watch_gone - its free has come: whatever is kept of it goes. */
void pidfd_watch_gone(struct pidfd_watch *watch, struct pt_identity who);

/* pidfd_watch_next - when to call tick (may be past already); UINT64_MAX = nothing is due. */
uint64_t pidfd_watch_next(const struct pidfd_watch *watch);

/* pidfd_watch_tick - opens what has become old enough. A bounded number each call: ask next() again. */
void pidfd_watch_tick(struct pidfd_watch *watch, uint64_t now_ns);

/*
 * Around epoll_wait, so that it is known how late a hang-up can have been seen. `all`: it returned fewer
 * events than there was room for. Free of cost while nothing is watched.
 */
void pidfd_watch_before_wait(struct pidfd_watch *watch, uint64_t now_ns);
void pidfd_watch_after_wait(struct pidfd_watch *watch, uint64_t now_ns, bool all);

/* pidfd_watch_owns - whether an event of epoll_wait is the watch's. */
static inline bool pidfd_watch_owns(uint64_t tag)
{
	return tag & PIDFD_WATCH_TAG;
}

/* pidfd_watch_ready - one event that is: calls `reaped`, unless its watch has ended meanwhile. */
void pidfd_watch_ready(struct pidfd_watch *watch, uint64_t tag);

size_t pidfd_watch_count(const struct pidfd_watch *watch); /* descriptors open */
struct pidfd_watch_totals pidfd_watch_totals(const struct pidfd_watch *watch);
