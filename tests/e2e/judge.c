#include "e2e/judge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* One expectation beside the fact it speaks of. */
struct pairing {
	const struct record *truth;
	const struct record *fact;
	const char *reap_source; /* of the run */
	struct report *report;
};

static const char *seen_kinds[] = {"fork", "exec", "exit", "reap", "reparent"};

static void fail_at(const struct pairing *pair, const char *key, const char *expected,
		    const char *actual)
{
	report_fail(pair->report, "%s of pid %lld (life %u): %s: expected %s, told %s",
		    pair->truth->type, (long long)pair->truth->pid, pair->truth->life, key,
		    expected, actual);
}

static void check_at(const struct pairing *pair, bool holds, const char *key, const char *relation,
		     json_int_t expected, json_int_t actual)
{
	pair->report->checks++;
	if (!holds)
		report_fail(pair->report,
			    "%s of pid %lld (life %u): %s: expected %s %lld, told %lld (by %lld)",
			    pair->truth->type, (long long)pair->truth->pid, pair->truth->life, key,
			    relation, (long long)expected, (long long)actual,
			    (long long)(actual - expected));
}

/* A text of any value, absent ones included; the caller frees. */
static char *show(const json_t *value)
{
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("no such field");
}

/* Equal, or one of an array of strings where the fact is a string: a kernel's choice. */
static bool agrees(const json_t *expected, const json_t *actual)
{
	if (!json_is_array(expected) || !json_is_string(actual))
		return json_equal((json_t *)expected, (json_t *)actual);
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)expected, i,
			   one) if (json_equal(one, (json_t *)actual)) return true;
	return false;
}

static void compare_field(const struct pairing *pair, const char *key, const json_t *expected)
{
	const json_t *actual = json_object_get(pair->fact->json, key);

	pair->report->checks++;
	if (agrees(expected, actual))
		return;
	char *want = show(expected), *got = show(actual);

	fail_at(pair, key, want, got);
	free(want);
	free(got);
}

static void compare_absent(const struct pairing *pair, const char *key)
{
	const json_t *actual = json_object_get(pair->fact->json, key);

	pair->report->checks++;
	if (!actual)
		return;
	char *got = show(actual);

	fail_at(pair, key, "no such field", got);
	free(got);
}

static void compare_after(const struct pairing *pair, const char *key, const json_t *expected)
{
	json_int_t bound = json_integer_value(expected);

	check_at(pair, pair->fact->boot_ns >= bound, "boot_ns", "at or after", bound,
		 pair->fact->boot_ns);
}

/* An instant that is error_ns too late at most: its earliest possible reading has to be in time. */
static void compare_before(const struct pairing *pair, const char *key, const json_t *expected)
{
	json_int_t bound = json_integer_value(expected);
	json_int_t earliest = pair->fact->boot_ns - record_num(pair->fact, "error_ns", 0);

	check_at(pair, earliest <= bound, "boot_ns - error_ns", "at or before", bound, earliest);
}

/* The zombie's first instant lies latency_ns before its reap, whatever the error of the reap is. */
static json_int_t zombie_ns(const struct pairing *pair)
{
	json_int_t latency = record_num(pair->fact, "latency_ns", -1);

	return latency < 0 ? -1 : pair->fact->boot_ns - latency;
}

static void compare_zombie_after(const struct pairing *pair, const char *key,
				 const json_t *expected)
{
	json_int_t bound = json_integer_value(expected), at = zombie_ns(pair);

	check_at(pair, at >= bound, "boot_ns - latency_ns", "at or after", bound, at);
}

static void compare_zombie_before(const struct pairing *pair, const char *key,
				  const json_t *expected)
{
	json_int_t bound = json_integer_value(expected), at = zombie_ns(pair);

	check_at(pair, at >= 0 && at <= bound, "boot_ns - latency_ns", "at or before", bound, at);
}

static void compare_never_zombie(const struct pairing *pair, const char *key,
				 const json_t *expected)
{
	compare_absent(pair, "latency_ns");
	compare_absent(pair, "latency_min_ns");
}

/* As wait4 encodes it. A death by its own will has neither signal nor killer. */
static void compare_status(const struct pairing *pair, const char *key, const json_t *expected)
{
	int status = (int)json_integer_value(expected);

	if (WIFEXITED(status)) {
		json_int_t told = record_num(pair->fact, "exit_code", -1);

		check_at(pair, told == WEXITSTATUS(status), "exit_code", "=", WEXITSTATUS(status),
			 told);
		compare_absent(pair, "signal");
		compare_absent(pair, "core_dumped");
		compare_absent(pair, "killer");
		compare_absent(pair, "killer_pid");
		return;
	}
	json_int_t told = record_num(pair->fact, "signal", -1);
	const json_t *dumped = json_object_get(pair->fact->json, "core_dumped");

	check_at(pair, told == WTERMSIG(status), "signal", "=", WTERMSIG(status), told);
	check_at(pair, json_is_boolean(dumped) && json_is_true(dumped) == !!WCOREDUMP(status),
		 "core_dumped", "=", !!WCOREDUMP(status), dumped ? json_is_true(dumped) : -1);
	compare_absent(pair, "exit_code");
}

/* These learn of a reap only that it happened: whose doing it was may stay unseen. */
static bool source_is_blind(const struct record *fact)
{
	const char *source = record_text(fact, "source");

	return !strcmp(source, "free") || !strcmp(source, "pidfd");
}

/* And a source inside the kernel sees a wait whose result no system call shows. */
static bool source_is_in_kernel(const struct record *fact)
{
	const char *source = record_text(fact, "source");

	return !strcmp(source, "fentry") || !strcmp(source, "kprobe");
}

static void compare_how(const struct pairing *pair, const char *key, const json_t *expected)
{
	const char *want = json_string_value(expected), *told = record_text(pair->fact, "how");
	bool holds = !strcmp(want, told);

	if (source_is_blind(pair->fact))
		holds = holds || !strcmp(told, "unseen");
	else if (!strcmp(want, "unseen"))
		holds = !strcmp(told, "wait") || (holds && !source_is_in_kernel(pair->fact));
	pair->report->checks++;
	if (!holds)
		report_fail(pair->report,
			    "reap of pid %lld (life %u): how: expected %s, told %s (source %s)",
			    (long long)pair->truth->pid, pair->truth->life, want, told,
			    record_text(pair->fact, "source"));
}

static void compare_reaper(const struct pairing *pair, const char *key, const json_t *expected)
{
	json_int_t told = record_num(pair->fact, "reaper_pid", -1);
	bool unseen = !strcmp(record_text(pair->fact, "how"), "unseen");

	if (unseen && told == -1)
		return;
	check_at(pair, told == json_integer_value(expected), "reaper_pid", "=",
		 json_integer_value(expected), told);
}

/* A source that sees waits has seen this one; that it fell to the free is a miss, however mild. */
static void compare_wait_call(const struct pairing *pair, const char *key, const json_t *expected)
{
	const char *told = record_text(pair->fact, "source");

	if (!strcmp(pair->reap_source, "free") || !strcmp(pair->reap_source, "pidfd"))
		return;
	pair->report->checks++;
	if (strcmp(told, pair->reap_source))
		fail_at(pair, "source", pair->reap_source, told);
}

static void compare_nothing(const struct pairing *pair, const char *key, const json_t *expected)
{
}

/* The words of the truth that are no fields of a fact. */
static const struct word {
	const char *key;
	void (*compare)(const struct pairing *pair, const char *key, const json_t *expected);
} words[] = {
	{"expect", compare_nothing},
	{"life", compare_nothing},
	{"after_ns", compare_after},
	{"before_ns", compare_before},
	{"zombie_after_ns", compare_zombie_after},
	{"zombie_before_ns", compare_zombie_before},
	{"never_zombie", compare_never_zombie},
	{"status", compare_status},
	{"how", compare_how},
	{"reaper_pid", compare_reaper},
	{"wait_call", compare_wait_call},
};

static void compare_key(const struct pairing *pair, const char *key, const json_t *expected)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].key, key)) {
			words[i].compare(pair, key, expected);
			return;
		}
	compare_field(pair, key, expected);
}

/* The first of its type, pid and life that no earlier line spoke of. */
static struct record *find_untold(struct records *facts, const struct record *truth)
{
	for (size_t i = 0; i < facts->cnt; i++) {
		struct record *fact = &facts->list[i];

		if (!fact->told && fact->pid == truth->pid && fact->life == truth->life &&
		    !strcmp(fact->type, truth->type))
			return fact;
	}
	return NULL;
}

static void judge_fact(struct records *facts, const struct record *truth, struct report *report)
{
	struct record *fact = find_untold(facts, truth);
	struct pairing pair = {
		.truth = truth,
		.fact = fact,
		.reap_source = facts->cnt ? record_text(&facts->list[0], "reap_source") : "",
		.report = report,
	};
	const char *key;
	json_t *expected;

	report_check(report, fact, "%s of pid %lld (life %u): expected, not told", truth->type,
		     (long long)truth->pid, truth->life);
	if (!fact)
		return;
	fact->told = true;
	json_object_foreach(truth->json, key, expected) compare_key(&pair, key, expected);
}

static void judge_count(const struct records *facts, const struct record *truth,
			struct report *report)
{
	json_int_t expected = record_num(truth, "count", -1), told = 0;
	const char *type = record_text(truth, "type");

	for (size_t i = 0; i < facts->cnt; i++)
		if (!strcmp(facts->list[i].type, type) &&
		    (truth->pid < 0 || facts->list[i].pid == truth->pid))
			told++;
	report_check(report, told == expected, "count of %s of pid %lld: expected %lld, told %lld",
		     type, (long long)truth->pid, (long long)expected, (long long)told);
}

static void judge_untold(const struct records *facts, struct report *report)
{
	for (size_t i = 0; i < facts->cnt; i++) {
		const struct record *fact = &facts->list[i];

		if (fact->told)
			continue;
		for (size_t k = 0; k < sizeof(seen_kinds) / sizeof(seen_kinds[0]); k++)
			report_check(report, strcmp(fact->type, seen_kinds[k]),
				     "%s of pid %lld (life %u, seq %lld): told, and never happened",
				     fact->type, (long long)fact->pid, fact->life,
				     (long long)fact->seq);
	}
}

void judge_truth(struct records *facts, const struct records *truth, struct report *report)
{
	for (size_t i = 0; i < truth->cnt; i++) {
		const struct record *line = &truth->list[i];

		if (!strcmp(line->type, "broken"))
			report_fail(report, "the workload broke: %s", record_text(line, "what"));
		else if (!strcmp(line->type, "count"))
			judge_count(facts, line, report);
		else
			judge_fact(facts, line, report);
	}
	judge_untold(facts, report);
}
