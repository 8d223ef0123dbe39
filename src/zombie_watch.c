#include "zombie_watch.h"

#include <errno.h>

#include "procfs/stat.h"
#include "run.h"

#define DESCRIPTORS_MAX 512 /* of ours; COMMAND's limit is left as it was */
#define EVENTS_MAX	64

static bool find(void *context, struct pt_identity who, struct process_view *ret_view)
{
	struct zombie_watch *watch = context;

	return model_find(watch->model, who, ret_view);
}

static bool holds(void *context, struct pt_identity who, pid_t pid)
{
	struct zombie_watch *watch = context;
	struct stat_line stat;

	return stat_read(watch->root, pid, &stat) == 0 &&
	       proc_start_matches(watch->root, who.start_ns, stat.start_ticks);
}

/* Only its parent can have reaped it; whether that waited or ignored SIGCHLD is not seen. */
static void reaped(void *context, struct pt_identity who, uint64_t time_ns, uint64_t error_ns)
{
	struct zombie_watch *watch = context;

	model_reaped(watch->model, who, time_ns, error_ns, SOURCE_PIDFD, (struct pt_identity){0},
		     NULL);
}

int zombie_watch_init(struct zombie_watch *watch, int epoll_fd, struct model *model,
		      const struct proc_root *root, uint64_t now_ns)
{
	struct pidfd_watch_config config = {
		.epoll_fd = epoll_fd,
		.descriptors_max = DESCRIPTORS_MAX,
		.now_ns = now_ns,
		.context = watch,
		.find = find,
		.holds = holds,
		.reaped = reaped,
	};

	watch->model = model;
	watch->root = root;
	watch->watch = pidfd_watch_new(&config);
	return watch->watch ? 0 : -ENOMEM;
}

void zombie_watch_release(struct zombie_watch *watch)
{
	pidfd_watch_free(watch->watch);
	watch->watch = NULL;
}

void zombie_watch_take(struct zombie_watch *watch, const struct fact *fact)
{
	struct pt_identity who = {.tgid = fact->who.pid, .start_ns = fact->who.start_ns};

	if (!watch->watch)
		return;
	if (fact->type == FACT_EXIT)
		pidfd_watch_died(watch->watch, who, fact->who.pid, fact->boot_ns);
	else if (fact->type == FACT_PROCESS && fact->process.state == STATE_ZOMBIE)
		pidfd_watch_died(watch->watch, who, fact->who.pid, 0);
	else if (fact->type == FACT_FREE)
		pidfd_watch_gone(watch->watch, who);
}

uint64_t zombie_watch_next_ns(const struct zombie_watch *watch)
{
	return watch->watch ? pidfd_watch_next(watch->watch) : UINT64_MAX;
}

void zombie_watch_tick(struct zombie_watch *watch, uint64_t now_ns)
{
	if (watch->watch && now_ns >= pidfd_watch_next(watch->watch))
		pidfd_watch_tick(watch->watch, now_ns);
}

int zombie_watch_wait(struct zombie_watch *watch, int epoll_fd, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int cnt;

	if (watch->watch)
		pidfd_watch_before_wait(watch->watch, run_now_ns());
	cnt = epoll_wait(epoll_fd, events, EVENTS_MAX, timeout_ms);
	if (!watch->watch)
		return cnt;
	pidfd_watch_after_wait(watch->watch, run_now_ns(), cnt < EVENTS_MAX);
	for (int i = 0; i < cnt; i++)
		if (pidfd_watch_owns(events[i].data.u64))
			pidfd_watch_ready(watch->watch, events[i].data.u64);
	return cnt;
}
