#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/doctor_check.h"
#include "options.h"

static const pid_t pids[DOCTOR_LIVES_CNT] = {10, 11, 12, 13, 14, 15, 16};

/* What a right tracer tells, as it writes it: flat, type first. */
static const char right[] =
	"{\"type\":\"start\",\"reap_source\":\"syscall\",\"hooks\":[\"sys_exit\"]}\n"
	"{\"type\":\"process\",\"pid\":10,\"ppid\":1,\"comm\":\"proctrace\"}\n"
	"{\"type\":\"fork\",\"pid\":11,\"ppid\":10,\"comm\":\"}\\\"pid\\\":99,\"}\n"
	"{\"type\":\"exit\",\"pid\":11,\"ppid\":10,\"exit_code\":7}\n"
	"{\"type\":\"reap\",\"pid\":11,\"ppid\":10,\"how\":\"wait\",\"reaper_pid\":10,\"latency_"
	"ns\":5,"
	"\"source\":\"syscall\"}\n"
	"{\"type\":\"fork\",\"pid\":12,\"ppid\":10}\n"
	"{\"type\":\"exec\",\"pid\":12,\"ppid\":10,\"filename\":\"/proc/self/"
	"exe\",\"args_count\":2}\n"
	"{\"type\":\"exit\",\"pid\":12,\"ppid\":10,\"exit_code\":0}\n"
	"{\"type\":\"reap\",\"pid\":12,\"ppid\":10,\"how\":\"wait\",\"reaper_pid\":10,\"source\":"
	"\"syscall\"}\n"
	"{\"type\":\"fork\",\"pid\":13,\"ppid\":10}\n"
	"{\"type\":\"exit\",\"pid\":13,\"ppid\":10,\"signal\":9,\"killer\":\"process\",\"killer_"
	"pid\":"
	"10}\n"
	"{\"type\":\"reap\",\"pid\":13,\"ppid\":10,\"how\":\"wait\",\"reaper_pid\":10,\"source\":"
	"\"syscall\"}\n"
	"{\"type\":\"fork\",\"pid\":14,\"ppid\":10}\n"
	"{\"type\":\"fork\",\"pid\":15,\"ppid\":14}\n"
	"{\"type\":\"exit\",\"pid\":14,\"ppid\":10,\"exit_code\":0}\n"
	"{\"type\":\"reparent\",\"pid\":15,\"ppid\":10,\"from_pid\":14,\"to_pid\":10,\"kind\":"
	"\"subreaper\"}\n"
	"{\"type\":\"reap\",\"pid\":14,\"ppid\":10,\"how\":\"wait\",\"reaper_pid\":10,\"source\":"
	"\"syscall\"}\n"
	"{\"type\":\"exit\",\"pid\":15,\"ppid\":10,\"exit_code\":3}\n"
	"{\"type\":\"reap\",\"pid\":15,\"ppid\":10,\"how\":\"wait\",\"reaper_pid\":10,\"source\":"
	"\"syscall\"}\n"
	"{\"type\":\"fork\",\"pid\":16,\"ppid\":10}\n"
	"{\"type\":\"exit\",\"pid\":16,\"ppid\":10,\"exit_code\":5}\n"
	"{\"type\":\"reap\",\"pid\":16,\"ppid\":10,\"how\":\"auto\",\"source\":\"syscall\"}\n"
	"{\"type\":\"exit\",\"pid\":10,\"ppid\":1,\"exit_code\":0}\n"
	"{\"type\":\"reap\",\"pid\":10,\"ppid\":1,\"how\":\"wait\",\"source\":\"syscall\"}\n"
	"{\"type\":\"end\",\"seen\":29,\"delivered\":29,\"verdict\":\"complete\"}\n";

/* From an allocation of exactly that size, so that a sanitizer sees each byte read beyond. */
static struct doctor_report check(const char *lines, size_t len)
{
	struct doctor_report report = {0};
	char *exact = malloc(len ?: 1);

	memcpy(exact, lines, len);
	doctor_check(exact, len, pids, &report);
	free(exact);
	return report;
}

/* `right` with the n-th `from` become `to`. */
static char *changed(const char *from, unsigned n, const char *to)
{
	const char *at = strstr(right, from);
	char *lines = NULL;

	while (at && n--)
		at = strstr(at + 1, from);
	assert_non_null(at);
	assert_true(asprintf(&lines, "%.*s%s%s", (int)(at - right), right, to, at + strlen(from)) >
		    0);
	return lines;
}

/* That one change is found, in that life alone, and the note names both. */
static void wrong(const char *from, unsigned n, const char *to, const char *life, const char *note)
{
	char *lines = changed(from, n, to);
	struct doctor_report report = check(lines, strlen(lines));

	free(lines);
	assert_int_equal(report.cnt, DOCTOR_LIVES_CNT + 1);
	for (size_t i = 0; i < report.cnt; i++) {
		const struct doctor_item *item = &report.items[i];

		if (strcmp(item->name, life)) {
			if (item->state != DOCTOR_OK)
				fail_msg("%s too: %s", item->name, item->note);
			continue;
		}
		assert_int_equal(item->state, DOCTOR_NO);
		if (!strstr(item->note, note))
			fail_msg("'%s' is not in '%s'", note, item->note);
	}
}

static void test_right(void **state)
{
	struct doctor_report report = check(right, strlen(right));

	for (size_t i = 0; i < report.cnt; i++)
		if (report.items[i].state != DOCTOR_OK)
			fail_msg("%s: %s", report.items[i].name, report.items[i].note);
	assert_int_equal(report.cnt, DOCTOR_LIVES_CNT + 1);
}

static void test_wrong_values(void **state)
{
	wrong("\"exit_code\":7", 0, "\"exit_code\":70", "exit",
	      "exit_code should be 7, was told as 70");
	wrong("\"exit_code\":7", 0, "\"exit_code\":null", "exit", "was told as null");
	wrong("11,\"ppid\":10", 0, "11,\"ppid\":1", "exit", "ppid should be 10");
	wrong("\"args_count\":2", 0, "\"args_count\":1", "exec", "args_count");
	wrong("/proc/self/exe", 0, "/proc/self/ex", "exec", "filename");
	wrong("\"signal\":9", 0, "\"signal\":15", "kill", "signal should be 9");
	wrong("\"killer_pid\":10", 0, "\"killer_pid\":13", "kill", "killer_pid should be 10");
	wrong("\"killer\":\"process\"", 0, "\"killer\":\"kernel\"", "kill", "killer");
	wrong("\"to_pid\":10", 0, "\"to_pid\":1", "orphan", "to_pid should be 10");
	wrong("\"subreaper\"", 0, "\"init\"", "orphan", "kind should be \"subreaper\"");
	wrong("\"auto\"", 0, "\"wait\"", "auto-reap", "how should be \"auto\"");
	wrong("\"how\":\"auto\"", 0, "\"how\":\"auto\",\"latency_ns\":4", "auto-reap",
	      "latency_ns should be none, was told as 4");
	wrong("\"reaper_pid\":10", 3, "\"reaper_pid\":14", "dead parent", "reaper_pid");
}

static void test_missing_and_twice(void **state)
{
	wrong("{\"type\":\"fork\",\"pid\":12,\"ppid\":10}\n", 0, "", "exec",
	      "fork was told 0 times");
	wrong("{\"type\":\"exit\",\"pid\":15,\"ppid\":10,\"exit_code\":3}\n", 0, "", "orphan",
	      "exit was told 0 times");
	wrong("{\"type\":\"fork\",\"pid\":16,\"ppid\":10}\n", 0,
	      "{\"type\":\"fork\",\"pid\":16,\"ppid\":10}\n{\"type\":\"fork\",\"pid\":16,\"ppid\":"
	      "10}\n",
	      "auto-reap", "fork was told 2 times");
	wrong("\"reaper_pid\":10,\"latency_ns\"", 0, "\"latency_ns\"", "exit", "was told as none");
}

static void test_accounts(void **state)
{
	wrong("\"complete\"", 0, "\"lossy\"", "accounts", "\"lossy\"");
	wrong("\"type\":\"end\"", 0, "\"type\":\"eno\"", "accounts", "did not come to its end");
}

/* A source that sees reaps only from outside may leave open whose doing they were; no other may. */
static void test_blind_sources(void **state)
{
	static const char seen[] = "\"how\":\"wait\",\"reaper_pid\":10,\"source\":\"syscall\"";
	char *lines = changed(seen, 0, "\"how\":\"unseen\",\"source\":\"free\"");
	struct doctor_report report = check(lines, strlen(lines));

	free(lines);
	assert_int_equal(doctor_cnt(&report, DOCTOR_SELF_TEST, DOCTOR_NO), 0);
	wrong(seen, 0, "\"how\":\"unseen\",\"source\":\"syscall\"", "exec", "how should be");
	wrong(seen, 0, "\"how\":\"auto\",\"source\":\"free\"", "exec", "how should be");
}

/* Inside a nested pid namespace our number is called ns_pid, and all others are the initial one's. */
static void test_nested(void **state)
{
	static const char lines[] =
		"{\"type\":\"fork\",\"pid\":4011,\"ppid\":4010,\"ns_pid\":11}\n"
		"{\"type\":\"process\",\"pid\":4010,\"ns_pid\":10}\n"
		"{\"type\":\"exit\",\"pid\":4011,\"exit_code\":7}\n"
		"{\"type\":\"reap\",\"pid\":4011,\"ppid\":4010,\"how\":\"wait\","
		"\"reaper_pid\":4010}\n";
	struct doctor_report report = check(lines, strlen(lines));

	assert_string_equal(report.items[LIFE_EXIT].name, "exit");
	assert_int_equal(report.items[LIFE_EXIT].state, DOCTOR_OK);
	assert_int_equal(report.items[LIFE_EXEC].state, DOCTOR_NO);
}

/* Cut at every byte: never read beyond, never right but whole. */
static void test_cut(void **state)
{
	for (size_t len = 0; len < strlen(right); len++) {
		struct doctor_report report = check(right, len);

		assert_true(doctor_cnt(&report, DOCTOR_SELF_TEST, DOCTOR_NO) > 0);
	}
}

static void test_print(void **state)
{
	struct doctor_report report = {.exit_code = EXIT_REFUSED};
	struct buffer out;

	doctor_say(&report, DOCTOR_MACHINE, "BTF", DOCTOR_NO, "none \x1b[2J\n%s", "at all");
	doctor_say(&report, DOCTOR_SOURCES, "free", DOCTOR_OK, "late")->taken = true;
	buffer_init(&out, 4096);
	doctor_print_text(&report, true, &out);
	buffer_add_char(&out, '\0');
	assert_non_null(
		strstr(out.bytes, "  no   BTF                    none \\x1b[2J\\nat all\n"));
	assert_non_null(strstr(out.bytes, "(taken) late\n"));
	assert_non_null(strstr(out.bytes, "do not allow tracing.\n"));
	buffer_clear(&out);
	doctor_print_json(&report, &out);
	buffer_add_char(&out, '\0');
	assert_string_equal(
		out.bytes,
		"{\"type\":\"doctor\",\"version\":\"" PROCTRACE_VERSION
		"\",\"verdict\":\"refused\","
		"\"machine\":[{\"name\":\"BTF\",\"state\":\"no\",\"note\":\"none \\u001b[2J\\nat "
		"all\"}],\"hooks\":[],\"reap_sources\":[{\"name\":\"free\",\"state\":\"ok\","
		"\"taken\":"
		"true,\"note\":\"late\"}],\"self_test\":[]}\n");
	buffer_release(&out);
}

static void test_full(void **state)
{
	struct doctor_report report = {0};

	for (int i = 0; i < DOCTOR_ITEMS_MAX; i++)
		assert_non_null(doctor_say(&report, DOCTOR_HOOKS, "x", DOCTOR_OK, "y"));
	assert_null(doctor_say(&report, DOCTOR_HOOKS, "x", DOCTOR_OK, "y"));
	assert_int_equal(report.cnt, DOCTOR_ITEMS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_missing_and_twice),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_blind_sources),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
