/*
 * The judge of the end-to-end tests is itself tried: a right stream passes, and each way in which a
 * stream can be wrong fails for its own reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "e2e/judge.h"

/*
 * Fixtures write ' where JSON has ": see dup_json().
 *
 * P forks C and is killed by 99; C goes from P to 1 as a zombie (O: the orphan); 1 reaps both, and
 * C's reap is told 50 ns late at most.
 */
/* clang-format off */
#define LINE(type, seq, boot) \
	"{'type':'" type "','schema':1,'host':'h','run':'r','seq':" #seq \
	",'time':'2026-01-02T03:04:05.123456789Z','boot_ns':" #boot
#define P ",'pid':10,'id':'10-900','ppid':1,'parent_id':'1-5','comm':'p'"
#define C ",'pid':11,'id':'11-1900','ppid':10,'parent_id':'10-900','comm':'c'"
#define O ",'pid':11,'id':'11-1900','ppid':1,'parent_id':'1-5','comm':'c'"

static const char *const stream[] = {
	LINE("start", 0, 500) ",'reap_source':'syscall'}",
	LINE("fork", 1, 1000) P ",'kind':'fork','uid':0}",
	LINE("exec", 2, 1100) P ",'args':['p','x y'],'args_count':2}",
	LINE("fork", 3, 2000) C ",'kind':'vfork','uid':0}",
	LINE("exit", 4, 3000) C ",'exit_code':7,'lifetime_ns':1000}",
	LINE("exit", 5, 4000) P ",'signal':9,'core_dumped':false,'killer':'process','killer_pid':99"
		",'lifetime_ns':3000}",
	LINE("reparent", 6, 4000) O ",'from_pid':10,'from_id':'10-900','to_pid':1,'kind':'init'}",
	LINE("reap", 7, 5000) P ",'how':'wait','reaper_pid':1,'latency_ns':900,'teardown_ns':100"
		",'source':'syscall'}",
	LINE("reap", 8, 6000) O ",'how':'unseen','reaper_pid':null,'latency_ns':2950,'error_ns':50"
		",'source':'free'}",
	LINE("free", 9, 6100) O "}",
	LINE("free", 10, 6200) P "}",
	LINE("end", 11, 7000) ",'forks':2,'execs':1,'exits':2,'reaps':2,'reparents':1"
		",'zombies_left':0,'alive_left':0,'seen':12,'delivered':12,'dropped':0"
		",'malformed':0,'output_dropped':0,'verify_mismatches':0,'verdict':'complete'}",
};

static const char right_truth[] =
	"{'expect':'fork','pid':10,'ppid':1,'after_ns':990,'before_ns':1010}\n"
	"{'expect':'exec','pid':10,'args':['p','x y'],'args_count':2}\n"
	"{'expect':'fork','pid':11,'life':0,'ppid':10,'kind':['fork','vfork'],'uid':0}\n"
	"{'expect':'exit','pid':11,'status':1792,'after_ns':2990,'before_ns':3010}\n"
	"{'expect':'exit','pid':10,'status':9,'killer':'process','killer_pid':99}\n"
	"{'expect':'reparent','pid':11,'from_pid':10,'to_pid':1,'kind':'init'}\n"
	"{'expect':'reap','pid':10,'how':'wait','wait_call':true,'reaper_pid':1,'after_ns':4990,'before_ns':5010"
	",'zombie_after_ns':4090,'zombie_before_ns':4110}\n"
	"{'expect':'reap','pid':11,'how':'wait','reaper_pid':1,'after_ns':5940,'before_ns':5960"
	",'zombie_after_ns':3040,'zombie_before_ns':3060}\n"
	"{'expect':'count','type':'exec','pid':11,'count':0}\n"
	"{'expect':'count','type':'fork','count':2}\n";
/* clang-format on */

#define STREAM_CNT (sizeof(stream) / sizeof(stream[0]))

/*
 * A text that replaces the first `from` of line `line`; from NULL: the whole line (to NULL: none).
 */
struct flaw {
	const char *name;
	size_t line;
	const char *from, *to;
	const char *reason; /* what the report must say */
};

/* A copy in which each ' is a "; the caller frees. */
static char *dup_json(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = copy; (at = strchr(at, '\''));)
		*at = '"';
	return copy;
}

static int add_line(struct records *records, const char *line)
{
	char *json = dup_json(line);
	int ret = records_add(records, json, strlen(json), "type");

	free(json);
	return ret;
}

static int add_text(struct records *records, const char *text, const char *key, size_t *ret_line)
{
	char *json = dup_json(text);
	int ret = records_add_text(records, json, strlen(json), key, ret_line);

	free(json);
	return ret;
}

static void add_flawed(struct records *facts, const char *line, const struct flaw *flaw)
{
	const char *at = strstr(line, flaw->from);
	char *flawed = NULL;

	assert_non_null(at);
	assert_true(asprintf(&flawed, "%.*s%s%s", (int)(at - line), line, flaw->to,
			     at + strlen(flaw->from)) > 0);
	assert_int_equal(add_line(facts, flawed), 0);
	free(flawed);
}

static void load(struct records *facts, const struct flaw *flaw)
{
	for (size_t i = 0; i < STREAM_CNT; i++) {
		if (!flaw || flaw->line != i)
			assert_int_equal(add_line(facts, stream[i]), 0);
		else if (flaw->from)
			add_flawed(facts, stream[i], flaw);
		else if (flaw->to)
			assert_int_equal(add_line(facts, flaw->to), 0);
	}
}

/* The judges' report on the stream with that flaw; the caller frees. */
static char *judge_with(const struct flaw *flaw, const char *truth_text, size_t *ret_failures)
{
	struct records facts = {0}, truth = {0};
	struct report report = {.scenario = "test"};
	size_t line, len;
	char *text = NULL;

	report.out = open_memstream(&text, &len);
	load(&facts, flaw);
	assert_int_equal(add_text(&truth, truth_text, "expect", &line), 0);
	judge_truth(&facts, &truth, &report);
	judge_stream(&facts, &report);
	fclose(report.out);
	*ret_failures = report.failures;
	records_release(&facts);
	records_release(&truth);
	return text;
}

static void test_right_stream_passes(void **state)
{
	size_t failures;
	char *text = judge_with(NULL, right_truth, &failures);

	assert_string_equal(text, "");
	assert_int_equal(failures, 0);
	free(text);
}

static const struct flaw flaws[] = {
	/* against the truth */
	{"wrong parent", 3, "'ppid':10", "'ppid':12", "ppid: expected 10, told 12"},
	{"wrong word", 3, "vfork", "clone", "kind: expected"},
	{"wrong args", 2, "x y", "x z", "args: expected"},
	{"too few args", 2, ",'x y'", "", "args: expected"},
	{"field missing", 3, ",'uid':0", "", "uid: expected 0, told no such field"},
	{"birth too early", 1, ":1000", ":989", "at or after 990"},
	{"birth too late", 1, ":1000", ":1011", "at or before 1010"},
	{"wrong code", 4, "'exit_code':7", "'exit_code':6", "exit_code: expected = 7"},
	{"code and signal", 4, "'exit_code':7", "'exit_code':7,'signal':7",
	 "signal: expected no such field"},
	{"killer without signal", 4, "'exit_code':7", "'exit_code':7,'killer':'process'",
	 "killer: expected no such field"},
	{"wrong signal", 5, "'signal':9", "'signal':15", "signal: expected = 9"},
	{"signal as code", 5, "'signal':9", "'exit_code':9", "signal: expected = 9"},
	{"core where none", 5, "'core_dumped':false", "'core_dumped':true",
	 "core_dumped: expected = 0"},
	{"core not said", 5, "'core_dumped':false,", "", "core_dumped: expected = 0"},
	{"wrong killer", 5, "'killer_pid':99", "'killer_pid':98",
	 "killer_pid: expected 99, told 98"},
	{"wrong heir", 6, "'to_pid':1", "'to_pid':2", "to_pid: expected 1, told 2"},
	{"no reparent", 6, "'reparent'", "'clock'", "reparent of pid 11 (life 0): expected, not"},
	{"missed wait", 7, "'source':'syscall'", "'source':'free'",
	 "source: expected syscall, told free"},
	{"wrong how", 7, "'wait'", "'auto'", "how: expected wait, told auto"},
	{"unseen where it could be seen", 7, "'wait'", "'unseen'", "expected wait, told unseen"},
	{"wrong reaper", 7, "'reaper_pid':1", "'reaper_pid':2", "reaper_pid: expected = 1"},
	{"reaper not said", 7, "'reaper_pid':1", "'reaper_pid':null", "reaper_pid: expected"},
	{"reap too early", 7, ":5000", ":4989", "at or after 4990"},
	{"reap too late", 7, ":5000", ":5011", "at or before 5010"},
	{"zombie too early", 7, "'latency_ns':900", "'latency_ns':911", "at or after 4090"},
	{"zombie too late", 7, "'latency_ns':900", "'latency_ns':889", "at or before 4110"},
	{"no latency", 7, "'latency_ns':900,", "", "at or before 4110"},
	{"late by more than it says", 8, "'error_ns':50", "'error_ns':30", "at or before 5960"},
	{"wrong how of a blind source", 8, "'unseen'", "'auto'", "expected wait, told auto"},
	{"a birth that was none", 10, NULL, LINE("fork", 10, 6200) P "}",
	 "told, and never happened"},
	{"a count", 4, "'exit'", "'exec'", "count of exec of pid 11: expected 0, told 1"},
	/* against any stream */
	{"a line lost", 9, NULL, NULL, "seq: expected 9, told 10"},
	{"a late begin", 0, "'seq':0", "'seq':2", "the first seq is 2"},
	{"no start", 0, "'start'", "'clock'", "the first line is a clock"},
	{"no end", 11, "'end'", "'clock'", "the last line is a clock"},
	{"a bad time", 3, "05.123456789Z", "05.123456Z", "time: "},
	{"another host", 3, "'host':'h'", "'host':'i'", "host is not that"},
	{"no schema", 3, "'schema':1,", "", "schema is not that"},
	{"no boot_ns", 9, ",'boot_ns':6100", "", "no boot_ns"},
	{"lost", 2, "'exec'", "'lost'", "a lost fact"},
	{"unsure", 3, "'uid':0", "'uid':0,'unsure':true", "is unsure"},
	{"two exits", 9, "'free'", "'exit'", "2 exit facts, expected 1"},
	{"no free", 10, "'free'", "'clock'", "late_frees: told 0, 2 forks and 1 frees"},
	{"exit before fork", 4, "'seq':4", "'seq':2", "exit (seq 2) before fork (seq 3)"},
	{"time runs back", 4, ":3000", ":1999", "times run backwards"},
	{"lifetime too short", 4, "'lifetime_ns':1000", "'lifetime_ns':999", "lifetime_ns: told"},
	{"lifetime too long", 4, "'lifetime_ns':1000", "'lifetime_ns':1101", "lifetime_ns: told"},
	{"teardown", 7, "'teardown_ns':100", "'teardown_ns':99", "teardown_ns: told 99"},
	{"zombie before exit", 7, "'latency_ns':900", "'latency_ns':1001", "before its exit"},
	{"error beyond latency", 8, "'error_ns':50", "'error_ns':2951", "is wider than"},
	{"id of another pid", 4, "'id':'11-", "'id':'12-", "with pid 11"},
	{"id that changes", 4, "11-1900", "11-1901", "whose birth was not told"},
	{"parent of no life", 3, "10-900", "10-901", "10-901\" is nobody's"},
	{"heir's id", 6, "'from_id':'10-", "'from_id':'11-", "from_id"},
	{"total", 11, "'forks':2", "'forks':3", "forks: told 3, lines 2"},
	{"dropped", 11, "'dropped':0", "'dropped':1", "dropped: expected 0"},
	{"not accounted", 11, "'seen':12", "'seen':13", "seen 13, delivered 12"},
	{"verdict", 11, "complete", "lossy", "expected complete, told lossy"},
};

static void test_each_flaw_is_found(void **state)
{
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		size_t failures;
		char *text = judge_with(&flaws[i], right_truth, &failures);

		if (!failures || !strstr(text, flaws[i].reason))
			fail_msg("%s: the report says: %s", flaws[i].name, text);
		free(text);
	}
}

static void test_never_zombie(void **state)
{
	static const char truth[] = "{'expect':'reap','pid':10,'never_zombie':true}\n";
	size_t failures;
	char *text = judge_with(NULL, truth, &failures);

	assert_non_null(strstr(text, "latency_ns: expected no such field, told 900"));
	free(text);
}

static void test_broken_workload_fails(void **state)
{
	static const char truth[] = "{'expect':'broken','pid':10,'what':'fork: no'}\n";
	size_t failures;
	char *text = judge_with(NULL, truth, &failures);

	assert_non_null(strstr(text, "the workload broke: fork: no"));
	free(text);
}

static bool refuses_how(const char *source, const char *told)
{
	static const char truth[] = "{'expect':'reap','pid':8,'how':'unseen'}\n";
	struct records facts = {0}, expected = {0};
	struct report report = {0};
	char *line = NULL;
	size_t number;

	assert_true(asprintf(&line, "{'type':'reap','pid':8,'id':'8-1','how':'%s','source':'%s'}",
			     told, source) > 0);
	assert_int_equal(add_line(&facts, line), 0);
	assert_int_equal(add_text(&expected, truth, "expect", &number), 0);
	judge_truth(&facts, &expected, &report);
	records_release(&facts);
	records_release(&expected);
	free(line);
	return report.failures > 0;
}

/* A wait whose result no system call shows: who sees it says so, and who does not must not. */
static void test_unseen_result(void **state)
{
	assert_false(refuses_how("kprobe", "wait"));
	assert_true(refuses_how("kprobe", "unseen"));
	assert_false(refuses_how("syscall", "wait"));
	assert_false(refuses_how("syscall", "unseen"));
	assert_true(refuses_how("syscall", "auto"));
	assert_false(refuses_how("free", "unseen"));
	assert_true(refuses_how("free", "wait"));
}

static void test_second_life_of_a_pid(void **state)
{
	static const char lines[] = "{'type':'fork','pid':5,'id':'5-1'}\n"
				    "{'type':'fork','pid':5,'id':'5-2'}\n"
				    "{'type':'free','pid':5,'id':'5-1'}\n";
	struct records facts = {0};
	size_t line;

	assert_int_equal(add_text(&facts, lines, "type", &line), 0);
	assert_int_equal(facts.list[0].life, 0);
	assert_int_equal(facts.list[1].life, 1);
	assert_int_equal(facts.list[2].life, 0);
	records_release(&facts);
}

static void test_malformed_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{'type':1}",
		"{'type':'fork'",
		"{'type':'fork'} x",
		"{'type':'a','type':'b'}",
		"{'type':'fork','x':{}}",
		"{'type':'\xff'}",
	};
	struct records facts = {0};
	size_t line = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(add_line(&facts, bad[i]), 0);
	/* the second line has no end */
	assert_int_not_equal(add_text(&facts, "{'type':'a'}\n{'type':'b'}", "type", &line), 0);
	assert_int_equal(line, 2);
	records_release(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_stream_passes),
		cmocka_unit_test(test_each_flaw_is_found),
		cmocka_unit_test(test_never_zombie),
		cmocka_unit_test(test_broken_workload_fails),
		cmocka_unit_test(test_unseen_result),
		cmocka_unit_test(test_second_life_of_a_pid),
		cmocka_unit_test(test_malformed_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
