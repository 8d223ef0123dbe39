#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/select.h"

/* What has passed: a letter for the type, the pid, and the exec's text: "F1 E1:sh X1". */
static char passed[4096];
static uint64_t passed_cnt, last_ns; /* how many, and the time of the newest */
static char last_comm[5];
static struct select *selection;

static void emit(void *context, const struct fact *fact)
{
	static const char letters[] = "S.PFEXZLRDTtAlrmc"; /* by enum fact_type */
	size_t at = strlen(passed);

	assert_ptr_equal(context, passed);
	passed_cnt++;
	last_ns = fact->boot_ns;
	snprintf(last_comm, sizeof(last_comm), "%.*s", (int)fact->comm.len, fact->comm.bytes);
	if (at > sizeof(passed) - 64)
		return;
	at += sprintf(passed + at, "%s%c", at ? " " : "", letters[fact->type]);
	if (fact_id_known(fact->who))
		at += sprintf(passed + at, "%u", fact->who.pid);
	if (fact->type == FACT_EXEC)
		sprintf(passed + at, ":%.*s", (int)(fact->exec.args.len % 16),
			fact->exec.args.bytes);
}

static void begin(bool failed, uint64_t slower_than_ns, uint32_t types)
{
	struct filters filters = {.failed = failed,
				  .slower_than_ns = slower_than_ns,
				  .types = types};

	passed[0] = '\0';
	passed_cnt = 0;
	selection = select_new(&filters, emit, passed);
	memset(&filters, 0xaa, sizeof(filters));
	assert_non_null(selection);
}

static void end(void)
{
	select_free(selection);
}

static uint64_t now_ns;

/* Gives a fact whose texts are gone right after. */
static void give(struct fact *fact)
{
	char comm[8] = "comm";

	fact->boot_ns = ++now_ns;
	fact->comm = (struct fact_text){comm, 4};
	select_take(selection, fact);
	memset(comm, '#', sizeof(comm));
}

static struct fact of(enum fact_type type, uint32_t pid)
{
	struct fact fact;

	fact_clear(&fact, type, 0);
	if (pid)
		fact.who = (struct fact_id){.pid = pid, .start_ns = 1000 + pid, .pad = pid};
	return fact;
}

static void plain(enum fact_type type, uint32_t pid)
{
	struct fact fact = of(type, pid);

	give(&fact);
}

static void gives_exec(uint32_t pid, const char *args, size_t len)
{
	struct fact fact = of(FACT_EXEC, pid);
	char *gone = malloc(len ? len : 1);

	memcpy(gone, args, len);
	fact.exec.args = (struct fact_text){gone, len};
	give(&fact);
	free(gone);
}

static void exec(uint32_t pid, const char *args)
{
	gives_exec(pid, args, strlen(args));
}

static void exits(uint32_t pid, fact_num code, fact_num signal)
{
	struct fact fact = of(FACT_EXIT, pid);

	fact.exit.exit_code = code;
	fact.exit.signal = signal;
	give(&fact);
}

static void reaped(uint32_t pid, fact_num latency_ns, fact_num latency_min_ns, fact_num status)
{
	struct fact fact = of(FACT_REAP, pid);

	fact.reap.latency_ns = latency_ns;
	fact.reap.latency_min_ns = latency_min_ns;
	fact.reap.status = status;
	give(&fact);
}

static void zombie(uint32_t pid, uint64_t age_ns)
{
	struct fact fact = of(FACT_ZOMBIE, pid);

	fact.zombie.age_ns = age_ns;
	give(&fact);
}

static void expect(const char *expected)
{
	assert_string_equal(passed, expected);
	passed[0] = '\0';
}

static void nothing_kept(void)
{
	assert_int_equal(select_lives(selection), 0);
	assert_int_equal(select_bytes(selection), 0);
}

static void whole_life(uint32_t pid, fact_num code, fact_num latency_ns)
{
	plain(FACT_FORK, pid);
	exec(pid, "sh");
	exits(pid, code, FACT_ABSENT);
	reaped(pid, latency_ns, FACT_ABSENT, code << 8);
	plain(FACT_FREE, pid);
}

static void test_pass_through(void **state)
{
	begin(false, 0, 0);
	plain(FACT_START, 0);
	whole_life(1, 0, 5);
	plain(FACT_LOST, 0);
	plain(FACT_END, 0);
	expect("S F1 E1:sh X1 R1 D1 l .");
	nothing_kept();
	end();
}

static void test_types(void **state)
{
	begin(false, 0, 1u << FACT_EXIT | 1u << FACT_CLOCK);
	plain(FACT_START, 0);
	whole_life(1, 0, 5);
	plain(FACT_LOST, 0);
	plain(FACT_CLOCK, 0);
	plain(FACT_END, 0);
	expect("S X1 c .");
	end();
}

static void test_failed(void **state)
{
	begin(true, 0, 0);
	plain(FACT_START, 0);
	plain(FACT_FORK, 1);
	plain(FACT_FORK, 2);
	exec(1, "false");
	exec(2, "true");
	plain(FACT_REPARENT, 1);
	expect("S");
	exits(2, 0, FACT_ABSENT);
	expect("");
	exits(1, 1, FACT_ABSENT);
	expect("F1 E1:false A1 X1");
	reaped(2, 5, FACT_ABSENT, 0);
	reaped(1, 5, FACT_ABSENT, 256);
	expect("R1");
	plain(FACT_FREE, 2);
	plain(FACT_FREE, 1);
	expect("D1");
	nothing_kept();
	assert_int_equal(select_lost(selection), 0);
	plain(FACT_MISMATCH, 1);
	plain(FACT_RESYNC, 0);
	expect("m1 r");
	end();
}

static void test_failed_by_signal(void **state)
{
	begin(true, 0, 0);
	plain(FACT_PROCESS, 1);
	exits(1, FACT_ABSENT, 9);
	expect("P1 X1");
	end();
}

static void test_exit_not_seen(void **state)
{
	begin(true, 0, 0);
	plain(FACT_FORK, 1);
	exits(1, FACT_UNKNOWN, FACT_ABSENT);
	expect("");
	reaped(1, 5, FACT_ABSENT, 9);
	expect("F1 X1 R1");
	plain(FACT_FORK, 2);
	exits(2, FACT_UNKNOWN, FACT_UNKNOWN);
	reaped(2, 5, FACT_ABSENT, FACT_ABSENT);
	expect("");
	plain(FACT_FREE, 2);
	plain(FACT_FREE, 1);
	expect("D1");
	nothing_kept();
	end();
}

static void test_slower_than(void **state)
{
	begin(false, 100, 0);
	whole_life(1, 1, 99);
	whole_life(2, 0, FACT_ABSENT);
	expect("");
	whole_life(3, 0, 100);
	expect("F3 E3:sh X3 R3 D3");
	plain(FACT_PROCESS, 4);
	reaped(4, FACT_ABSENT, 99, 0);
	plain(FACT_PROCESS, 5);
	reaped(5, FACT_ABSENT, 101, 0);
	expect("P5 R5");
	plain(FACT_FREE, 5);
	nothing_kept();
	end();
}

static void test_zombie_need_not_be_reaped(void **state)
{
	begin(false, 100, 0);
	plain(FACT_FORK, 1);
	exits(1, 0, FACT_ABSENT);
	zombie(1, 99);
	expect("");
	zombie(1, 100);
	expect("F1 X1 Z1 Z1");
	end();
}

static void test_both_must_hold(void **state)
{
	begin(true, 100, 0);
	whole_life(1, 0, 500);
	whole_life(2, 1, 50);
	expect("");
	nothing_kept();
	whole_life(3, 1, 500);
	expect("F3 E3:sh X3 R3 D3");
	nothing_kept();
	end();
}

static void test_types_of_a_wanted_life(void **state)
{
	begin(true, 0, 1u << FACT_EXEC | 1u << FACT_REAP);
	whole_life(1, 1, 5);
	whole_life(2, 0, 5);
	expect("E1:sh R1");
	end();
}

static void test_reused_pid(void **state)
{
	struct fact second = of(FACT_FORK, 1);

	begin(true, 0, 0);
	plain(FACT_FORK, 1);
	second.who.start_ns++;
	give(&second);
	exits(1, 1, FACT_ABSENT);
	expect("F1 X1");
	assert_int_equal(select_lives(selection), 2);
	end();
}

static void test_no_identity(void **state)
{
	struct fact fact = of(FACT_EXIT, 1);

	begin(true, 0, 0);
	fact.who.start_ns = 0;
	fact.exit.exit_code = 0;
	give(&fact);
	expect("");
	assert_int_equal(select_lost(selection), 1);
	fact.exit.exit_code = 2;
	give(&fact);
	expect("X1");
	nothing_kept();
	end();
}

static void test_texts_and_times_are_kept(void **state)
{
	begin(true, 0, 1u << FACT_FORK);
	plain(FACT_FORK, 1);
	exits(2, 0, FACT_ABSENT);
	exits(1, 1, FACT_ABSENT);
	assert_int_equal(passed_cnt, 1);
	assert_int_equal(last_ns, now_ns - 2);
	assert_string_equal(last_comm, "comm");
	end();
}

/* A shell that runs for long: its birth and its last execs are kept, and what went is counted. */
static void test_bound_of_a_life(void **state)
{
	const size_t len = 4000;
	char *args = malloc(len);

	memset(args, 'x', len);
	begin(true, 0, 0);
	plain(FACT_FORK, 1);
	plain(FACT_REPARENT, 1);
	for (int i = 0; i < 20; i++) {
		sprintf(args, "%d", i);
		gives_exec(1, args, len);
		assert_true(select_bytes(selection) <= SELECT_LIFE_BYTES + 1024);
	}
	assert_true(select_lost(selection) >= 20 - SELECT_LIFE_BYTES / len);
	assert_true(select_lost(selection) < 20);
	exits(1, 1, FACT_ABSENT);
	assert_int_equal(passed_cnt + select_lost(selection), 23);
	assert_int_equal(strncmp(passed, "F1 A1 E1:", 9), 0);
	free(args);
	end();
}

static void test_bound_of_a_life_without_execs(void **state)
{
	begin(true, 0, 0);
	plain(FACT_FORK, 1);
	for (int i = 0; i < 1000; i++)
		plain(FACT_REPARENT, 1);
	assert_true(select_bytes(selection) <= SELECT_LIFE_BYTES + 1024);
	exits(1, 1, FACT_ABSENT);
	assert_int_equal(strncmp(passed, "F1 A1", 5), 0);
	assert_int_equal(passed_cnt + select_lost(selection), 1002);
	end();
}

static void test_bound_of_all(void **state)
{
	const size_t len = 16000;
	const uint32_t lives = SELECT_TOTAL_BYTES / len + 100;
	const uint32_t kept_min = SELECT_TOTAL_BYTES / (len + 3 * sizeof(struct fact));
	char *args = calloc(1, len);

	begin(true, 0, 0);
	for (uint32_t pid = 1; pid <= lives; pid++) {
		plain(FACT_FORK, pid);
		gives_exec(pid, args, len);
		assert_true(select_bytes(selection) <= SELECT_TOTAL_BYTES);
	}
	assert_true(select_lost(selection) >= 100 && select_lost(selection) <= lives - kept_min);
	assert_int_equal(select_lives(selection), lives);
	exits(1, 1, FACT_ABSENT);
	exits(lives, 1, FACT_ABSENT);
	assert_int_equal(passed_cnt, 2 + 3);
	free(args);
	end();
}

/* Frees that never come do not grow the table for ever. */
static void test_bound_of_frees_to_come(void **state)
{
	begin(true, 0, 0);
	for (uint32_t pid = 1; pid <= 1000000; pid++) {
		exits(pid, 1, FACT_ABSENT);
		reaped(pid, 5, FACT_ABSENT, 256);
	}
	assert_true(select_bytes(selection) <= SELECT_TOTAL_BYTES);
	assert_int_equal(passed_cnt, 2000000);
	assert_int_equal(select_lives(selection) + select_lost(selection), 1000000);
	passed[0] = '\0';
	plain(FACT_FREE, 1);
	plain(FACT_FREE, 1000000);
	expect("D1000000");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass_through),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_failed_by_signal),
		cmocka_unit_test(test_exit_not_seen),
		cmocka_unit_test(test_slower_than),
		cmocka_unit_test(test_zombie_need_not_be_reaped),
		cmocka_unit_test(test_both_must_hold),
		cmocka_unit_test(test_types_of_a_wanted_life),
		cmocka_unit_test(test_reused_pid),
		cmocka_unit_test(test_no_identity),
		cmocka_unit_test(test_texts_and_times_are_kept),
		cmocka_unit_test(test_bound_of_a_life),
		cmocka_unit_test(test_bound_of_a_life_without_execs),
		cmocka_unit_test(test_bound_of_all),
		cmocka_unit_test(test_bound_of_frees_to_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
