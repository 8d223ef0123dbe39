#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procfs/proc.h"

#define NS_PER_S 1000000000ll
#define STEP_NS	 50000000ll

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t run_now_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

/* The boot clock is read before and after: the middle of the narrowest of a few looks is the
 * offset. */
static int64_t offset_ns(void)
{
	int64_t best = 0, width = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before < width) {
			width = after - before;
			best = wall - before - width / 2;
		}
	}
	return best;
}

void run_init(struct run *run)
{
	struct proc_root proc;

	memset(run, 0, sizeof(*run));
	uname(&run->uts);
	if (proc_root_init(&proc, NULL) == 0)
		proc_boot_id(&proc, run->boot_id);
	proc_root_release(&proc);
	run->context.start_ns = run_now_ns();
	run->context.boot_to_wall_ns = offset_ns();
	snprintf(run->run, sizeof(run->run), "%s-%" PRIu64, run->boot_id, run->context.start_ns);
	run->context.host = run->uts.nodename;
	run->context.run = run->run;
}

bool run_clock_check(struct run *run, uint64_t now_ns, struct fact *ret_fact)
{
	int64_t now = offset_ns(), moved = now - run->context.boot_to_wall_ns;

	run->context.boot_to_wall_ns = now;
	if (moved < STEP_NS && moved > -STEP_NS)
		return false;
	fact_clear(ret_fact, FACT_CLOCK, now_ns);
	ret_fact->clock.step_ns = moved < 0 ? -moved : moved;
	ret_fact->clock.backwards = moved < 0;
	return true;
}
