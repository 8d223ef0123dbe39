#include "probe/wake_bound.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

void wake_bound_init(struct wake_bound *bound, uint64_t now_ns)
{
	*bound = (struct wake_bound){
		.fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC),
		.looked_ns = now_ns,
	};
}

void wake_bound_release(struct wake_bound *bound)
{
	if (bound->fd >= 0)
		close(bound->fd);
	bound->fd = -1;
}

/* "RUN_NS DELAY_NS SLICES\n" (fs/proc/base.c, proc_pid_schedstat). The first is only as of the last tick. */
static bool run_delay(int fd, uint64_t *ret_ns)
{
	char text[96], *end;
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;

	if (n <= 0)
		return false;
	text[n] = '\0';
	strtoull(text, &end, 10);
	if (*end != ' ')
		return false;
	*ret_ns = strtoull(end, NULL, 10);
	return true;
}

static bool awake(const struct wake_bound *bound, uint64_t *ret_ns)
{
	struct timespec cpu;

	if (!run_delay(bound->fd, ret_ns) || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu))
		return false;
	*ret_ns += cpu.tv_sec * NS_PER_S + cpu.tv_nsec;
	return true;
}

void wake_bound_before(struct wake_bound *bound, uint64_t now_ns)
{
	bound->sampled = awake(bound, &bound->awake_ns);
	bound->working_ns = now_ns - bound->looked_ns;
}

uint64_t wake_bound_after(struct wake_bound *bound, uint64_t now_ns, bool all)
{
	uint64_t width_ns = now_ns - bound->looked_ns, awake_ns;

	if (bound->sampled && awake(bound, &awake_ns)) {
		uint64_t late_ns = bound->working_ns + (awake_ns - bound->awake_ns);

		width_ns = late_ns < width_ns ? late_ns : width_ns;
	}
	bound->sampled = false;
	if (all)
		bound->looked_ns = now_ns;
	return width_ns;
}
