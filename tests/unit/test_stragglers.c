#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs/stat.h"
#include "run.h"
#include "stragglers.h"

/* The model told of one real child of ours, whose free never comes. */

static struct fact last_reap;
static int reaps_cnt;

static void on_fact(void *context, const struct fact *fact)
{
	if (fact->type != FACT_REAP)
		return;
	last_reap = *fact;
	reaps_cnt++;
}

static void send(struct model *model, void *record, size_t size, enum pt_kind kind)
{
	struct pt_event *head = record;
	struct event event;

	head->size = size;
	head->kind = kind;
	head->time_ns = run_now_ns();
	assert_int_equal(decode(record, size, &event), 0);
	assert_int_equal(model_event(model, &event), 0);
}

static void only_the_gone_are_closed(void **state)
{
	struct model_config config = {.start_ns = 1, .reap_source = SOURCE_FREE};
	struct model *model = model_new(&config, on_fact, NULL);
	struct pt_event_fork fork_record = {.exit_signal = 17};
	struct pt_event_exit exit_record = {.exit_signal = 17};
	struct proc_root root;
	struct stat_line stat;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_int_equal(proc_root_init(&root, NULL), 0);
	assert_int_equal(waitid(P_PID, child, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(stat_read(&root, child, &stat), 0);
	fork_record.who.tgid = exit_record.who.tgid = child;
	fork_record.who.start_ns = exit_record.who.start_ns =
		proc_start_ns(&root, stat.start_ticks);
	send(model, &fork_record, sizeof(fork_record), PT_KIND_FORK);
	send(model, &exit_record, sizeof(exit_record), PT_KIND_EXIT);

	stragglers_close(model, &root, UINT64_MAX, run_now_ns());
	assert_int_equal(reaps_cnt, 0); /* a zombie is still there */
	assert_int_equal(waitpid(child, NULL, 0), child);
	stragglers_close(model, &root, 1, run_now_ns());
	assert_int_equal(reaps_cnt, 0); /* it has not been dead for long enough */
	stragglers_close(model, &root, UINT64_MAX, run_now_ns());
	assert_int_equal(reaps_cnt, proc_root_initial(&root) ? 1 : 0);
	if (reaps_cnt) {
		assert_int_equal(last_reap.who.pid, child);
		assert_int_equal(last_reap.reap.source, SOURCE_FREE);
		assert_true(fact_num_known(last_reap.reap.error_ns));
	}
	proc_root_release(&root);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_gone_are_closed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
