#include "probe/pidfd_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "probe/wake_bound.h"

#define OPENS_PER_TICK 256

/* An exit that is not old enough yet. Due times rise: the threshold is the same for all. */
struct death {
	struct pt_identity who;
	pid_t pid;
	uint64_t due_ns;
};

struct watched {
	struct pt_identity who;
	int fd;
	uint32_t generation; /* of the slot: tells an event of its last watch from one of this */
	uint64_t opened_ns;
	TAILQ_ENTRY(watched) in_list; /* free, or open in order of age */
	UT_hash_handle hh;
};

TAILQ_HEAD(watched_list, watched);

struct pidfd_watch {
	struct pidfd_watch_config config;
	struct wake_bound bound;
	uint64_t waited_ns, late_ns; /* end of the last wait, and its bound */
	struct death *queue; /* ring of PIDFD_WATCH_QUEUE_MAX */
	size_t queue_first, queue_cnt;
	struct watched *slots; /* config.descriptors_max */
	struct watched_list unused, open;
	struct watched *by_id;
	struct pidfd_watch_totals totals;
};

struct pidfd_watch *pidfd_watch_new(const struct pidfd_watch_config *config)
{
	struct pidfd_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->config = *config;
	if (!watch->config.older_than_ns)
		watch->config.older_than_ns = PIDFD_WATCH_OLDER_THAN_NS;
	TAILQ_INIT(&watch->unused);
	TAILQ_INIT(&watch->open);
	wake_bound_init(&watch->bound, config->now_ns);
	watch->queue = calloc(PIDFD_WATCH_QUEUE_MAX, sizeof(*watch->queue));
	watch->slots = calloc(config->descriptors_max, sizeof(*watch->slots));
	if (!watch->queue || !watch->slots) {
		pidfd_watch_free(watch);
		return NULL;
	}
	for (size_t i = 0; i < config->descriptors_max; i++)
		TAILQ_INSERT_TAIL(&watch->unused, &watch->slots[i], in_list);
	return watch;
}

/* Closing takes it out of epoll, too: nobody else has this descriptor. */
static void unwatch(struct pidfd_watch *watch, struct watched *watched)
{
	close(watched->fd);
	watched->generation++;
	HASH_DEL(watch->by_id, watched);
	TAILQ_REMOVE(&watch->open, watched, in_list);
	TAILQ_INSERT_HEAD(&watch->unused, watched, in_list);
}

void pidfd_watch_free(struct pidfd_watch *watch)
{
	if (!watch)
		return;
	while (!TAILQ_EMPTY(&watch->open))
		unwatch(watch, TAILQ_FIRST(&watch->open));
	wake_bound_release(&watch->bound);
	free(watch->queue);
	free(watch->slots);
	free(watch);
}

static void enqueue(struct pidfd_watch *watch, struct pt_identity who, pid_t pid, uint64_t due_ns)
{
	size_t at = (watch->queue_first + watch->queue_cnt) % PIDFD_WATCH_QUEUE_MAX;

	if (watch->queue_cnt == PIDFD_WATCH_QUEUE_MAX) {
		watch->totals.overflowed++;
		return;
	}
	who.pad = 0;
	watch->queue[at] = (struct death){.who = who, .pid = pid, .due_ns = due_ns};
	watch->queue_cnt++;
}

void pidfd_watch_died(struct pidfd_watch *watch, struct pt_identity who, pid_t pid,
		      uint64_t exit_ns)
{
	if (pid > 0)
		enqueue(watch, who, pid, exit_ns + watch->config.older_than_ns);
}

static struct watched *watched_find(const struct pidfd_watch *watch, struct pt_identity who)
{
	struct watched *watched;

	who.pad = 0;
	HASH_FIND(hh, watch->by_id, &who, sizeof(who), watched);
	return watched;
}

/* One that still queues is found gone when its turn comes. */
void pidfd_watch_gone(struct pidfd_watch *watch, struct pt_identity who)
{
	struct watched *watched = watched_find(watch, who);

	if (watched)
		unwatch(watch, watched);
}

uint64_t pidfd_watch_next(const struct pidfd_watch *watch)
{
	return watch->queue_cnt ? watch->queue[watch->queue_first].due_ns : UINT64_MAX;
}

static uint64_t tag_of(const struct pidfd_watch *watch, const struct watched *watched)
{
	return PIDFD_WATCH_TAG | (uint64_t)(watched->generation & INT32_MAX) << 32 |
	       (uint64_t)(watched - watch->slots);
}

/* Hang-up needs no asking for; nothing else is wanted, because a zombie is readable all the time. */
static int listen_to(struct pidfd_watch *watch, struct watched *watched)
{
	struct epoll_event event = {.data.u64 = tag_of(watch, watched)};

	return epoll_ctl(watch->config.epoll_fd, EPOLL_CTL_ADD, watched->fd, &event) ? -errno : 0;
}

/* Takes `fd` over. */
static void start_watching(struct pidfd_watch *watch, const struct death *death, int fd,
			   uint64_t now_ns)
{
	struct watched *watched;

	if (TAILQ_EMPTY(&watch->unused)) {
		unwatch(watch, TAILQ_FIRST(&watch->open));
		watch->totals.evicted++;
	}
	watched = TAILQ_FIRST(&watch->unused);
	watched->who = death->who;
	watched->fd = fd;
	watched->opened_ns = now_ns;
	HASH_ADD(hh, watch->by_id, who, sizeof(watched->who), watched);
	if (!watched->hh.tbl || listen_to(watch, watched)) {
		if (watched->hh.tbl)
			HASH_DEL(watch->by_id, watched);
		close(fd);
		watch->totals.refused++;
		return;
	}
	TAILQ_REMOVE(&watch->unused, watched, in_list);
	TAILQ_INSERT_TAIL(&watch->open, watched, in_list);
	watch->totals.opened++;
}

/* A pidfd is readable when no thread of the process lives: what exit has only begun is not yet. */
static bool is_zombie(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static void look_at(struct pidfd_watch *watch, const struct death *death, uint64_t now_ns)
{
	const struct pidfd_watch_config *config = &watch->config;
	struct process_view view;
	int fd;

	if (!config->find(config->context, death->who, &view) ||
	    (view.state != PROCESS_ZOMBIE && view.state != PROCESS_DYING) ||
	    watched_find(watch, death->who))
		return;
	fd = syscall(SYS_pidfd_open, death->pid, 0);
	if (fd < 0) {
		watch->totals.refused += errno != ESRCH;
	} else if (!config->holds(config->context, death->who, death->pid)) {
		close(fd);
	} else if (!is_zombie(fd)) {
		close(fd);
		enqueue(watch, death->who, death->pid, now_ns + config->older_than_ns);
	} else {
		start_watching(watch, death, fd, now_ns);
	}
}

void pidfd_watch_tick(struct pidfd_watch *watch, uint64_t now_ns)
{
	if (!watch->config.descriptors_max)
		watch->queue_cnt = 0;
	for (int i = 0; i < OPENS_PER_TICK && pidfd_watch_next(watch) <= now_ns; i++) {
		struct death death = watch->queue[watch->queue_first];

		watch->queue_first = (watch->queue_first + 1) % PIDFD_WATCH_QUEUE_MAX;
		watch->queue_cnt--;
		look_at(watch, &death, now_ns);
	}
}

void pidfd_watch_before_wait(struct pidfd_watch *watch, uint64_t now_ns)
{
	if (watch->by_id)
		wake_bound_before(&watch->bound, now_ns);
}

void pidfd_watch_after_wait(struct pidfd_watch *watch, uint64_t now_ns, bool all)
{
	watch->waited_ns = now_ns;
	if (watch->by_id)
		watch->late_ns = wake_bound_after(&watch->bound, now_ns, all);
	else
		watch->bound.looked_ns = now_ns;
}

void pidfd_watch_ready(struct pidfd_watch *watch, uint64_t tag)
{
	size_t slot = tag & UINT32_MAX;
	struct watched *watched = &watch->slots[slot];
	uint64_t error_ns = watch->late_ns;
	struct pt_identity who;

	if (slot >= watch->config.descriptors_max || tag != tag_of(watch, watched))
		return;
	who = watched->who;
	/* It had not hung up when it was opened. */
	if (watch->waited_ns - watched->opened_ns < error_ns)
		error_ns = watch->waited_ns - watched->opened_ns;
	watch->totals.hung_up++;
	unwatch(watch, watched);
	watch->config.reaped(watch->config.context, who, watch->waited_ns, error_ns);
}

size_t pidfd_watch_count(const struct pidfd_watch *watch)
{
	return HASH_COUNT(watch->by_id);
}

struct pidfd_watch_totals pidfd_watch_totals(const struct pidfd_watch *watch)
{
	return watch->totals;
}
