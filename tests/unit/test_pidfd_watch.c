#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/pidfd_watch.h"
#include "probe/reap_source.h"
#include "procfs/stat.h"

#define ZOMBIES_MAX 8
#define LATER_NS    1000000000ull

/* What stands for the model: a process, and the state it is told to be in. */
static struct known {
	struct pt_identity who;
	enum process_state state;
} known[ZOMBIES_MAX];
static size_t known_cnt;

static struct {
	struct pt_identity who;
	uint64_t time_ns, error_ns;
} reaps[ZOMBIES_MAX];
static size_t reaps_cnt;

static struct proc_root proc;
static struct pidfd_watch *watch;
static int epoll_fd;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static bool find(void *context, struct pt_identity who, struct process_view *ret_view)
{
	assert_ptr_equal(context, known);
	for (size_t i = 0; i < known_cnt; i++) {
		if (known[i].who.tgid != who.tgid || known[i].who.start_ns != who.start_ns)
			continue;
		*ret_view = (struct process_view){.id = who, .state = known[i].state};
		return true;
	}
	return false;
}

static bool holds(void *context, struct pt_identity who, pid_t pid)
{
	struct stat_line stat;

	return !stat_read(&proc, pid, &stat) &&
	       proc_start_matches(&proc, who.start_ns, stat.start_ticks);
}

static void reaped(void *context, struct pt_identity who, uint64_t time_ns, uint64_t error_ns)
{
	assert_true(reaps_cnt < ZOMBIES_MAX);
	reaps[reaps_cnt].who = who;
	reaps[reaps_cnt].time_ns = time_ns;
	reaps[reaps_cnt++].error_ns = error_ns;
}

static void begin(size_t descriptors_max)
{
	struct pidfd_watch_config config = {
		.descriptors_max = descriptors_max,
		.now_ns = now_ns(),
		.context = known,
		.find = find,
		.holds = holds,
		.reaped = reaped,
	};

	known_cnt = reaps_cnt = 0;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	config.epoll_fd = epoll_fd;
	watch = pidfd_watch_new(&config);
	assert_non_null(watch);
}

static void end(void)
{
	pidfd_watch_free(watch);
	close(epoll_fd);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static struct pt_identity know(pid_t pid, enum process_state state)
{
	struct stat_line stat;
	struct pt_identity who = {.tgid = pid};

	assert_int_equal(stat_read(&proc, pid, &stat), 0);
	who.start_ns = proc_start_ns(&proc, stat.start_ticks);
	known[known_cnt].who = who;
	known[known_cnt++].state = state;
	return who;
}

static void await_zombie(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

static struct pt_identity zombie(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	await_zombie(pid);
	return know(pid, PROCESS_ZOMBIE);
}

static void died(struct pt_identity who)
{
	pidfd_watch_died(watch, who, who.tgid, now_ns());
}

static void tick_later(void)
{
	pidfd_watch_tick(watch, now_ns() + LATER_NS);
}

static void reap(struct pt_identity who)
{
	assert_int_equal(waitpid(who.tgid, NULL, 0), who.tgid);
}

static int look(struct epoll_event *events)
{
	int cnt;

	pidfd_watch_before_wait(watch, now_ns());
	cnt = epoll_wait(epoll_fd, events, ZOMBIES_MAX, 0);
	pidfd_watch_after_wait(watch, now_ns(), true);
	return cnt;
}

static int look_and_take(void)
{
	struct epoll_event events[ZOMBIES_MAX];
	int cnt = look(events);

	for (int i = 0; i < cnt; i++) {
		assert_true(pidfd_watch_owns(events[i].data.u64));
		pidfd_watch_ready(watch, events[i].data.u64);
	}
	return cnt;
}

static void assert_reap(size_t i, struct pt_identity who)
{
	assert_int_equal(reaps[i].who.tgid, who.tgid);
	assert_int_equal(reaps[i].who.start_ns, who.start_ns);
}

static void test_hangs_up_at_the_reap(void **state)
{
	struct pt_identity first, second;
	uint64_t before_ns, after_ns;

	begin(ZOMBIES_MAX);
	died(first = zombie());
	died(second = zombie());
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 2);
	/* A zombie alone is no event, however often one looks. */
	assert_int_equal(look_and_take(), 0);
	before_ns = now_ns();
	reap(first);
	after_ns = now_ns();
	assert_int_equal(look_and_take(), 1);
	assert_int_equal(reaps_cnt, 1);
	assert_reap(0, first);
	assert_true(reaps[0].time_ns >= before_ns);
	assert_true(reaps[0].time_ns - reaps[0].error_ns <= after_ns);
	assert_int_equal(look_and_take(), 0);
	assert_int_equal(pidfd_watch_count(watch), 1);
	reap(second);
	pidfd_watch_gone(watch, second);
	assert_int_equal(look_and_take(), 0);
	assert_int_equal(pidfd_watch_count(watch), 0);
	assert_int_equal(pidfd_watch_totals(watch).hung_up, 1);
	end();
}

static void test_waits_until_it_is_old(void **state)
{
	struct pt_identity who;

	begin(ZOMBIES_MAX);
	assert_true(pidfd_watch_next(watch) == UINT64_MAX);
	who = zombie();
	pidfd_watch_died(watch, who, who.tgid, 1000);
	assert_int_equal(pidfd_watch_next(watch), 1000 + PIDFD_WATCH_OLDER_THAN_NS);
	pidfd_watch_tick(watch, 999 + PIDFD_WATCH_OLDER_THAN_NS);
	assert_int_equal(pidfd_watch_count(watch), 0);
	pidfd_watch_tick(watch, 1000 + PIDFD_WATCH_OLDER_THAN_NS);
	assert_int_equal(pidfd_watch_count(watch), 1);
	assert_true(pidfd_watch_next(watch) == UINT64_MAX);
	/* Told twice: watched once. */
	died(who);
	tick_later();
	assert_int_equal(pidfd_watch_totals(watch).opened, 1);
	end();
}

static void test_only_what_the_model_holds_for_a_zombie(void **state)
{
	struct pt_identity who;

	begin(ZOMBIES_MAX);
	died(who = zombie());
	known[0].state = PROCESS_REAPED;
	tick_later();
	died(who);
	known_cnt = 0;
	tick_later();
	assert_int_equal(pidfd_watch_totals(watch).opened, 0);
	assert_true(pidfd_watch_next(watch) == UINT64_MAX);
	end();
}

static void test_dying_is_looked_at_again(void **state)
{
	struct pt_identity who;
	uint64_t later_ns = now_ns() + LATER_NS;
	pid_t pid;

	begin(ZOMBIES_MAX);
	pid = fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	died(who = know(pid, PROCESS_DYING));
	pidfd_watch_tick(watch, later_ns);
	assert_int_equal(pidfd_watch_count(watch), 0);
	assert_int_equal(pidfd_watch_next(watch), later_ns + PIDFD_WATCH_OLDER_THAN_NS);
	kill(pid, SIGKILL);
	await_zombie(pid);
	pidfd_watch_tick(watch, pidfd_watch_next(watch));
	assert_int_equal(pidfd_watch_count(watch), 1);
	reap(who);
	assert_int_equal(look_and_take(), 1);
	end();
}

static void test_number_of_another(void **state)
{
	struct pt_identity who, other;

	begin(ZOMBIES_MAX);
	who = zombie();
	/* The number is held by a process that started a second after the one that died. */
	other = who;
	other.start_ns -= 1000000000;
	known[0].who = other;
	died(other);
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 0);
	/* Nobody has the number any more: no error. */
	known[0].who = who;
	died(who);
	reap(who);
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 0);
	assert_int_equal(pidfd_watch_totals(watch).refused, 0);
	end();
}

static void test_oldest_gives_way(void **state)
{
	struct pt_identity who[3];

	begin(2);
	for (int i = 0; i < 3; i++)
		died(who[i] = zombie());
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 2);
	assert_int_equal(pidfd_watch_totals(watch).evicted, 1);
	for (int i = 0; i < 3; i++)
		reap(who[i]);
	assert_int_equal(look_and_take(), 2);
	assert_true(reaps[0].who.tgid != who[0].tgid && reaps[1].who.tgid != who[0].tgid);
	end();
}

static void test_event_of_an_earlier_watch(void **state)
{
	struct pt_identity first, second;
	struct epoll_event events[ZOMBIES_MAX];

	begin(1);
	died(first = zombie());
	tick_later();
	reap(first);
	assert_int_equal(look(events), 1);
	pidfd_watch_gone(watch, first);
	died(second = zombie());
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 1);
	pidfd_watch_ready(watch, events[0].data.u64);
	pidfd_watch_ready(watch, PIDFD_WATCH_TAG | 77);
	assert_int_equal(reaps_cnt, 0);
	assert_int_equal(pidfd_watch_count(watch), 1);
	end();
}

static void test_queue_is_bounded(void **state)
{
	struct pt_identity who = {.tgid = 1, .start_ns = 1};
	int ticks = 0;

	begin(1);
	for (int i = 0; i < PIDFD_WATCH_QUEUE_MAX + 5; i++)
		pidfd_watch_died(watch, who, 1, 0);
	assert_int_equal(pidfd_watch_totals(watch).overflowed, 5);
	for (; pidfd_watch_next(watch) != UINT64_MAX; ticks++)
		pidfd_watch_tick(watch, UINT64_MAX - 1);
	assert_true(ticks > 1); /* no call takes them all */
	/* Around the end of the ring of deaths. */
	died(zombie());
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 1);
	end();
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int cnt = 0;

	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

static void test_descriptors_are_given_back(void **state)
{
	int before = descriptors();

	begin(2);
	for (int i = 0; i < 4; i++)
		died(zombie());
	close(epoll_fd);
	tick_later();
	assert_int_equal(pidfd_watch_totals(watch).refused, 4);
	assert_int_equal(pidfd_watch_count(watch), 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < 4; i++)
		died(known[i].who);
	tick_later();
	assert_int_equal(pidfd_watch_count(watch), 2);
	end();
	assert_int_equal(descriptors(), before);
}

/* --- how late: the reader sleeps, and another process reaps ------------------------------------------ */

static struct shared {
	pid_t zombie;
	uint64_t asleep_ns, before_ns, after_ns;
} * shared;

/* Reaps its zombie once the reader `pid` has been asleep for a while. */
static void reap_late(pid_t pid, int ready_fd, int go_fd)
{
	struct stat_line stat = {0};
	pid_t zombie_pid;
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	zombie_pid = fork();
	if (zombie_pid == 0)
		_exit(0);
	await_zombie(zombie_pid);
	shared->zombie = zombie_pid;
	if (write(ready_fd, &byte, 1) != 1 || read(go_fd, &byte, 1) != 1)
		_exit(1);
	while (stat.state != 'S')
		if (stat_read(&proc, pid, &stat))
			_exit(1);
	shared->asleep_ns = now_ns();
	while (now_ns() < shared->asleep_ns + 50000000)
		usleep(1000);
	shared->before_ns = now_ns();
	waitpid(zombie_pid, NULL, 0);
	shared->after_ns = now_ns();
	_exit(0);
}

static void test_sleep_does_not_count(void **state)
{
	int ready[2], go[2];
	struct epoll_event event;
	uint64_t start_ns, elapsed_ns;
	char byte = 0;
	pid_t reader = getpid(), parent;

	begin(1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_true(!pipe(ready) && !pipe(go));
	parent = fork();
	if (parent == 0)
		reap_late(reader, ready[1], go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	know(shared->zombie, PROCESS_ZOMBIE);
	/* Not at a time to come: the bound is also cut by when the watch began. */
	pidfd_watch_died(watch, known[0].who, shared->zombie, 0);
	pidfd_watch_tick(watch, now_ns());
	assert_int_equal(pidfd_watch_count(watch), 1);
	start_ns = now_ns();
	pidfd_watch_after_wait(watch, start_ns, true);
	assert_int_equal(write(go[1], &byte, 1), 1);
	pidfd_watch_before_wait(watch, now_ns());
	assert_int_equal(epoll_wait(epoll_fd, &event, 1, -1), 1);
	pidfd_watch_after_wait(watch, now_ns(), true);
	pidfd_watch_ready(watch, event.data.u64);
	assert_int_equal(reaps_cnt, 1);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	elapsed_ns = reaps[0].time_ns - start_ns;
	assert_true(reaps[0].time_ns >= shared->before_ns);
	assert_true(reaps[0].time_ns - reaps[0].error_ns <= shared->after_ns);
	if (access("/proc/thread-self/schedstat", R_OK) == 0)
		assert_true(reaps[0].error_ns <=
			    elapsed_ns - (shared->before_ns - shared->asleep_ns));
	munmap(shared, sizeof(*shared));
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	end();
}

static char why_not[128];

static void test_hang_up_of_this_kernel(void **state)
{
	print_message("%s\n", why_not);
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hangs_up_at_the_reap),
		cmocka_unit_test(test_waits_until_it_is_old),
		cmocka_unit_test(test_only_what_the_model_holds_for_a_zombie),
		cmocka_unit_test(test_dying_is_looked_at_again),
		cmocka_unit_test(test_number_of_another),
		cmocka_unit_test(test_oldest_gives_way),
		cmocka_unit_test(test_event_of_an_earlier_watch),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_descriptors_are_given_back),
		cmocka_unit_test(test_sleep_does_not_count),
	};
	const struct CMUnitTest without[] = {cmocka_unit_test(test_hang_up_of_this_kernel)};

	if (reap_source_try_pidfd(why_not, sizeof(why_not)))
		return cmocka_run_group_tests_name("pidfd_watch", without, NULL, NULL);
	if (proc_root_init(&proc, NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
