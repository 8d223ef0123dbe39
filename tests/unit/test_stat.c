#include "procfs/stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "procfs/cmdline.h"

#define FIXTURE "tests/fixtures/proc/plain"

static int open_fixture(void **state)
{
	static struct proc_root root;

	*state = &root;
	return proc_root_init(&root, FIXTURE);
}

static int close_fixture(void **state)
{
	proc_root_release(*state);
	return 0;
}

static struct stat_line read_stat(void **state, uint32_t pid)
{
	struct stat_line stat = {0};

	assert_int_equal(stat_read(*state, pid, &stat), 0);
	assert_int_equal(stat.pid, pid);
	return stat;
}

static void test_plain(void **state)
{
	struct stat_line stat = read_stat(state, 1);

	assert_string_equal(stat.comm, "systemd");
	assert_int_equal(stat.comm_len, 7);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.ppid, 0);
	assert_int_equal(stat.start_ticks, 24);
	assert_int_equal(stat.threads_cnt, 1);
	assert_int_equal(stat.exit_signal, 17);
	assert_int_equal(stat_life(&stat), STAT_ALIVE);
}

static void test_hostile_name(void **state)
{
	struct stat_line stat = read_stat(state, 100);

	assert_string_equal(stat.comm, "a) Z 1 (b");
	assert_int_equal(stat.state, 'R');
	assert_int_equal(stat.ppid, 1);
	assert_int_equal(stat.start_ticks, 5000);
}

static void test_newline_in_name(void **state)
{
	struct stat_line stat = read_stat(state, 101);

	assert_string_equal(stat.comm, "x\n7 (y) S 3");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.ppid, 100);
}

static void test_kernel_thread(void **state)
{
	struct stat_line stat = read_stat(state, 2);

	assert_string_equal(stat.comm, "kthreadd");
	assert_true(stat.flags & STAT_FLAG_KTHREAD);
	stat = read_stat(state, 30);
	assert_string_equal(stat.comm, "kworker/u8:1-events_freezable_power_");
	assert_int_equal(stat.state, 'I');
	assert_int_equal(stat.ppid, 2);
}

static void test_dead_ones(void **state)
{
	struct stat_line stat = read_stat(state, 102);

	assert_int_equal(stat_life(&stat), STAT_ZOMBIE);
	assert_int_equal(stat.exit_code, 7 << 8);
	stat = read_stat(state, 103);
	assert_int_equal(stat.threads_cnt, 3);
	assert_int_equal(stat_life(&stat), STAT_LEADER_ZOMBIE);
	stat = read_stat(state, 104);
	assert_int_equal(stat.state, 'D');
	assert_int_equal(stat_life(&stat), STAT_EXITING);
}

static void test_life_of_a_released_one(void **state)
{
	struct stat_line stat = {.state = 'S', .threads_cnt = 0};

	assert_int_equal(stat_life(&stat), STAT_GONE);
	stat = (struct stat_line){.state = 'X', .threads_cnt = 1};
	assert_int_equal(stat_life(&stat), STAT_GONE);
}

static void test_nobody(void **state)
{
	struct stat_line stat;

	assert_int_equal(stat_read(*state, 999, &stat), -ENOENT);
	assert_true(stat_gone(-ENOENT));
	assert_true(stat_gone(-ESRCH));
	assert_false(stat_gone(-EACCES));
	assert_false(stat_gone(0));
}

/* Every prefix is refused, and read from memory of just its size so that a sanitizer sees a step
 * beyond. */
static void test_truncated(void **state)
{
	static const uint32_t pids[] = {1, 30, 100, 101, 103};

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		char text[STAT_BYTES_MAX];
		int len = proc_read_pid(*state, pids[i], "stat", text, sizeof(text));
		struct stat_line stat;

		assert_true(len > 0);
		for (int cut = 0; cut <= len; cut++) {
			char *copy = malloc((size_t)cut + 1);

			memcpy(copy + 1, text, (size_t)cut);
			assert_int_equal(stat_parse(copy + 1, (size_t)cut, &stat),
					 cut == len ? 0 : -EBADMSG);
			free(copy);
		}
	}
}

static void refuse(const char *text)
{
	struct stat_line stat;

	if (stat_parse(text, strlen(text), &stat) != -EBADMSG)
		fail_msg("taken: %s", text);
}

static void test_malformed(void **state)
{
	refuse("\n");
	refuse("1\n");
	refuse("1 ()\n");
	refuse("1 (a)\n");
	refuse("1 )(\n");
	refuse(") 1 (a S\n");
	refuse("x (a) S 1\n");
	refuse("1 (a) S - 1 1 1\n");
	refuse("99999999999999999999999 (a) S 1\n");
}

static void test_number_too_large(void **state)
{
	char text[STAT_BYTES_MAX] = "1 (a) S";
	struct stat_line stat;

	for (int i = 4; i <= 52; i++)
		strcat(text, " 18446744073709551615");
	strcat(text, "\n");
	assert_int_equal(stat_parse(text, strlen(text), &stat), 0);
	strcpy(text + strlen(text) - 1, "0\n");
	assert_int_equal(stat_parse(text, strlen(text), &stat), -EBADMSG);
}

static void test_root(void **state)
{
	const struct proc_root *root = *state;
	char boot_id[PROC_BOOT_ID_BYTES];
	struct proc_root none = {0};
	uint32_t max;
	uint64_t btime;

	assert_int_equal(root->self_pid, 105);
	assert_true(proc_root_initial(root));
	assert_int_equal(root->boot_offset_ns, 0);
	assert_int_equal(proc_boot_id(root, boot_id), 0);
	assert_string_equal(boot_id, "0d1f8a3c-5b7e-4c22-9a41-6e2f7b90c1d5");
	assert_int_equal(proc_pid_max(root, &max), 0);
	assert_int_equal(max, 4194304);
	assert_int_equal(proc_btime(root, &btime), 0);
	assert_int_equal(btime, 1700000000);
	assert_int_equal(proc_root_init(&none, FIXTURE "/none"), -ENOENT);
	/* Not descriptor 0, which a release would close. */
	assert_int_equal(none.fd, -1);
	proc_root_release(&none);
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void test_walk(void **state)
{
	static const uint32_t want[] = {1, 2, 30, 100, 101, 102, 103, 104, 105, 106};
	struct proc_walk walk;

	assert_int_equal(proc_walk_init(&walk, *state), 0);
	for (int round = 0; round < 2; round++) {
		uint32_t pids[16], cnt = 0;

		while (cnt < 16 && proc_walk_next(&walk, &pids[cnt]) == 1)
			cnt++;
		qsort(pids, cnt, sizeof(pids[0]), compare_pids);
		assert_int_equal(cnt, sizeof(want) / sizeof(want[0]));
		assert_memory_equal(pids, want, sizeof(want));
		proc_walk_rewind(&walk);
	}
	proc_walk_release(&walk);
	proc_walk_release(&walk);
}

static void test_start_within_a_tick(void **state)
{
	struct proc_root root = {.tick_ns = 10000000};

	assert_true(proc_start_matches(&root, 50000000, 5));
	assert_true(proc_start_matches(&root, 59999999, 5));
	assert_true(proc_start_matches(&root, 40000000, 5));
	assert_true(proc_start_matches(&root, 69999999, 5));
	assert_false(proc_start_matches(&root, 39999999, 5));
	assert_false(proc_start_matches(&root, 70000000, 5));
	assert_int_equal(proc_start_ns(&root, 5), 50000000);
}

static void test_time_namespace(void **state)
{
	struct proc_root root = {.tick_ns = 10000000, .boot_offset_ns = -3000000000};

	assert_true(proc_start_matches(&root, 4000000000, 100));
	assert_false(proc_start_matches(&root, 1000000000, 100));
	assert_int_equal(proc_start_ns(&root, 100), 4000000000);
	root.boot_offset_ns = 3000000000;
	assert_true(proc_start_matches(&root, 1000000000, 400));
	assert_int_equal(proc_start_ns(&root, 100), 0);
}

static void test_time_namespace_is_read(void **state)
{
	struct proc_root root;

	assert_int_equal(proc_root_init(&root, "tests/fixtures/proc/nested"), 0);
	assert_int_equal(root.boot_offset_ns, -86399500000000);
	assert_false(proc_root_initial(&root));
	assert_int_equal(root.pid_ns, 4026532200);
	proc_root_release(&root);
}

static void test_cmdline(void **state)
{
	const struct proc_root *root = *state;
	struct pt_identity who = {.tgid = 100, .start_ns = 5000 * root->tick_ns + 1};
	char args[64];
	size_t len;
	bool cut;

	assert_int_equal(cmdline_read(root, who, args, sizeof(args), &len, &cut), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(args, "sh\0-c\0\xff\n", 9);
	assert_false(cut);
	assert_int_equal(cmdline_read(root, who, args, 9, &len, &cut), 0);
	assert_false(cut);
	assert_int_equal(cmdline_read(root, who, args, 8, &len, &cut), 0);
	assert_int_equal(len, 8);
	assert_true(cut);
	who.start_ns += 2 * root->tick_ns;
	assert_int_equal(cmdline_read(root, who, args, sizeof(args), &len, &cut), -ESRCH);
	who.tgid = 999;
	assert_int_equal(cmdline_read(root, who, args, sizeof(args), &len, &cut), -ESRCH);
}

/* The kernel we run on: every process has a line that we understand. */
static void test_live(void **state)
{
	struct proc_root root;
	struct proc_walk walk;
	struct stat_line stat;
	uint32_t pid;
	bool found = false;

	assert_int_equal(proc_root_init(&root, NULL), 0);
	assert_int_equal(proc_walk_init(&walk, &root), 0);
	while (proc_walk_next(&walk, &pid) == 1) {
		int ret = stat_read(&root, pid, &stat);

		assert_true(!ret || stat_gone(ret));
		if (!ret)
			assert_true(stat.pid == pid && stat.exit_signal >= 0);
		found |= !ret && pid == (uint32_t)getpid() && stat.ppid == (uint32_t)getppid();
	}
	assert_true(found);
	assert_int_equal(root.self_pid, getpid());
	proc_walk_release(&walk);
	proc_root_release(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_hostile_name),
		cmocka_unit_test(test_newline_in_name),
		cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_dead_ones),
		cmocka_unit_test(test_life_of_a_released_one),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_number_too_large),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_start_within_a_tick),
		cmocka_unit_test(test_time_namespace),
		cmocka_unit_test(test_time_namespace_is_read),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
