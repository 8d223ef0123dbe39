/*
 * The pidfd source of reaps, bound to what it rests on: the model, which knows who is a zombie, and /proc,
 * which knows whose a number is. Only where the kernel tells reaps neither by function nor by call.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "model/model.h"
#include "probe/pidfd_watch.h"
#include "procfs/proc.h"

/* Public because the session embeds it. */
struct zombie_watch {
	struct pidfd_watch *watch; /* NULL: not in use, and every call does nothing */
	struct model *model;
	const struct proc_root *root;
};

/* zombie_watch_init - 0, or -ENOMEM. `root` must show the numbers that pidfd_open(2) takes: our own. */
int zombie_watch_init(struct zombie_watch *watch, int epoll_fd, struct model *model,
		      const struct proc_root *root, uint64_t now_ns);
void zombie_watch_release(struct zombie_watch *watch);

/* zombie_watch_take - each fact, in order: deaths are remembered, frees forget them. */
void zombie_watch_take(struct zombie_watch *watch, const struct fact *fact);

/* zombie_watch_next_ns - when something is due; UINT64_MAX = nothing. */
uint64_t zombie_watch_next_ns(const struct zombie_watch *watch);

/* zombie_watch_tick - does what is due. */
void zombie_watch_tick(struct zombie_watch *watch, uint64_t now_ns);

/* zombie_watch_wait - epoll_wait, with hang-ups taken out and told to the model; the number of events. */
int zombie_watch_wait(struct zombie_watch *watch, int epoll_fd, int timeout_ms);
