/* What holds of every whole run on a subtree, whatever was lived in it. */
#include "e2e/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_type(const struct record *fact, const char *type)
{
	return !strcmp(fact->type, type);
}

/* 2026-01-02T03:04:05.123456789Z */
static bool is_time(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";

	if (strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == 'd' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

/* "<pid>-<start_boottime_ns>"; the start, or -1 where the id is not this pid's. */
static json_int_t start_of(const char *id, json_int_t pid)
{
	long long id_pid, start;
	char end;

	if (sscanf(id, "%lld-%lld%c", &id_pid, &start, &end) != 2 || id_pid != pid)
		return -1;
	return start;
}

static void judge_envelope(const struct records *facts, struct report *report)
{
	static const char *const same[] = {"schema", "host", "run"};
	const struct record *first = &facts->list[0];

	report_check(report, first->seq == 0 || first->seq == 1, "the first seq is %lld",
		     (long long)first->seq);
	for (size_t i = 0; i < facts->cnt; i++) {
		const struct record *fact = &facts->list[i];

		report_check(report, fact->seq == first->seq + (json_int_t)i,
			     "line %zu: seq: expected %lld, told %lld", i + 1,
			     (long long)first->seq + (long long)i, (long long)fact->seq);
		report_check(report, is_time(record_text(fact, "time")), "line %zu: time: \"%s\"",
			     i + 1, record_text(fact, "time"));
		report_check(report, fact->boot_ns > 0, "line %zu: no boot_ns", i + 1);
		for (size_t k = 0; k < 3; k++)
			report_check(report,
				     record_has(fact, same[k]) &&
					     json_equal(json_object_get(fact->json, same[k]),
							json_object_get(first->json, same[k])),
				     "line %zu: %s is not that of the first line", i + 1, same[k]);
	}
}

/* A clean run has no holes, and says of nothing that it rests on one. */
static void judge_trust(const struct records *facts, struct report *report)
{
	static const char *const never[] = {"lost", "mismatch", "resync"};

	for (size_t i = 0; i < facts->cnt; i++) {
		const struct record *fact = &facts->list[i];

		for (size_t k = 0; k < 3; k++)
			report_check(report, !is_type(fact, never[k]), "line %zu: a %s fact", i + 1,
				     never[k]);
		report_check(report, !json_is_true(json_object_get(fact->json, "unsure")),
			     "line %zu: %s of pid %lld is unsure", i + 1, fact->type,
			     (long long)fact->pid);
	}
}

/* Where in the stream a life's facts of a type stand. */
struct places {
	size_t cnt;
	const struct record *first;
};

static struct places places_of(const struct records *facts, const struct record *life,
			       const char *type)
{
	struct places places = {0};

	for (size_t i = 0; i < facts->cnt; i++) {
		const struct record *fact = &facts->list[i];

		if (fact->pid != life->pid || fact->life != life->life || !is_type(fact, type))
			continue;
		places.first = places.cnt++ ? places.first : fact;
	}
	return places;
}

/* A free comes when the kernel is done with the memory: one that is late is counted at the end. */
static void judge_once(const struct record *birth, const char *type, struct places places,
		       struct report *report)
{
	bool late = !places.cnt && !strcmp(type, "free");

	report_check(report, places.cnt == 1 || late,
		     "pid %lld (life %u): %zu %s facts, expected 1", (long long)birth->pid,
		     birth->life, places.cnt, type);
}

/* Each later step stands later in the stream. */
static void judge_order(const struct record *birth, const struct record *const *steps, size_t cnt,
			struct report *report)
{
	for (size_t i = 1; i < cnt; i++) {
		if (!steps[i] || !steps[i - 1])
			continue;
		report_check(report, steps[i - 1]->seq < steps[i]->seq,
			     "pid %lld (life %u): %s (seq %lld) before %s (seq %lld)",
			     (long long)birth->pid, birth->life, steps[i]->type,
			     (long long)steps[i]->seq, steps[i - 1]->type,
			     (long long)steps[i - 1]->seq);
	}
}

/* fork <= exit <= zombie <= reap, and the durations are the distances between them. */
static void judge_durations(const struct record *birth, const struct record *death,
			    const struct record *reap, struct report *report)
{
	json_int_t lifetime = record_num(death, "lifetime_ns", -1);
	json_int_t start = start_of(birth->id, birth->pid);
	json_int_t latency = record_num(reap, "latency_ns", -1);
	json_int_t teardown = record_num(reap, "teardown_ns", -1);
	json_int_t zombie = reap->boot_ns - latency;
	json_int_t pid = birth->pid;

	report_check(report, birth->boot_ns <= death->boot_ns && death->boot_ns <= reap->boot_ns,
		     "pid %lld: times run backwards from fork to exit to reap", (long long)pid);
	report_check(report,
		     lifetime >= death->boot_ns - birth->boot_ns &&
			     lifetime <= death->boot_ns - start,
		     "pid %lld: lifetime_ns: told %lld, fork to exit is %lld", (long long)pid,
		     (long long)lifetime, (long long)(death->boot_ns - birth->boot_ns));
	if (latency < 0)
		return;
	report_check(report, zombie >= death->boot_ns, "pid %lld: a zombie %lld ns before its exit",
		     (long long)pid, (long long)(death->boot_ns - zombie));
	report_check(report, teardown < 0 || teardown == zombie - death->boot_ns,
		     "pid %lld: teardown_ns: told %lld, exit to zombie is %lld", (long long)pid,
		     (long long)teardown, (long long)(zombie - death->boot_ns));
	report_check(report, record_num(reap, "error_ns", 0) <= latency,
		     "pid %lld: error_ns %lld is wider than latency_ns %lld", (long long)pid,
		     (long long)record_num(reap, "error_ns", 0), (long long)latency);
}

static void judge_life(const struct records *facts, const struct record *birth,
		       struct report *report)
{
	static const char *const types[] = {"fork", "exit", "reap", "free"};
	const struct record *steps[4];

	for (size_t i = 0; i < 4; i++) {
		struct places places = places_of(facts, birth, types[i]);

		judge_once(birth, types[i], places, report);
		steps[i] = places.first;
	}
	judge_order(birth, steps, 4, report);
	if (steps[1] && steps[2])
		judge_durations(birth, steps[1], steps[2], report);
}

static void judge_lives(const struct records *facts, struct report *report)
{
	for (size_t i = 0; i < facts->cnt; i++)
		if (is_type(&facts->list[i], "fork"))
			judge_life(facts, &facts->list[i], report);
}

/* A life's first fact is its birth: nobody else's process is in a subtree. */
static void judge_subject(const struct records *facts, size_t at, struct report *report)
{
	const struct record *fact = &facts->list[at];

	report_check(report, start_of(fact->id, fact->pid) >= 0,
		     "line %zu: id \"%s\" with pid %lld", at + 1, fact->id, (long long)fact->pid);
	for (size_t i = 0; i <= at; i++) {
		const struct record *birth = &facts->list[i];

		if (birth->pid == fact->pid && birth->life == fact->life && is_type(birth, "fork"))
			return;
	}
	report_fail(report, "line %zu: %s of pid %lld, whose birth was not told before", at + 1,
		    fact->type, (long long)fact->pid);
}

/* An id that names a pid of this stream is the id of one of its lives, told before. */
static void judge_named(const struct records *facts, size_t at, const char *pid_key,
			const char *id_key, struct report *report)
{
	const struct record *fact = &facts->list[at];
	const char *id = record_text(fact, id_key);
	json_int_t pid = record_num(fact, pid_key, -1);
	bool pid_told = false;

	if (!id[0])
		return;
	report_check(report, start_of(id, pid) >= 0, "line %zu: %s \"%s\" with %s %lld", at + 1,
		     id_key, id, pid_key, (long long)pid);
	for (size_t i = 0; i <= at; i++) {
		if (facts->list[i].pid != pid)
			continue;
		pid_told = true;
		if (!strcmp(facts->list[i].id, id))
			return;
	}
	report_check(report, !pid_told, "line %zu: %s \"%s\" is nobody's", at + 1, id_key, id);
}

static void judge_ids(const struct records *facts, struct report *report)
{
	static const char *const named[][2] = {
		{"ppid", "parent_id"},	     {"birth_pid", "birth_id"}, {"reaper_pid", "reaper_id"},
		{"killer_pid", "killer_id"}, {"from_pid", "from_id"},	{"to_pid", "to_id"},
	};

	for (size_t i = 0; i < facts->cnt; i++) {
		if (facts->list[i].pid < 0)
			continue;
		judge_subject(facts, i, report);
		for (size_t k = 0; k < sizeof(named) / sizeof(named[0]); k++)
			judge_named(facts, i, named[k][0], named[k][1], report);
	}
}

static json_int_t count_type(const struct records *facts, const char *type)
{
	json_int_t cnt = 0;

	for (size_t i = 0; i < facts->cnt; i++)
		cnt += is_type(&facts->list[i], type);
	return cnt;
}

static void judge_totals(const struct records *facts, const struct record *end,
			 struct report *report)
{
	static const char *const totals[][2] = {
		{"forks", "fork"}, {"execs", "exec"},	      {"exits", "exit"},
		{"reaps", "reap"}, {"reparents", "reparent"},
	};
	static const char *const zero[] = {"dropped",	   "malformed",	 "output_dropped",
					   "zombies_left", "alive_left", "verify_mismatches"};

	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		json_int_t told = record_num(end, totals[i][0], -1);
		json_int_t lines = count_type(facts, totals[i][1]);

		report_check(report, told == lines, "end: %s: told %lld, lines %lld", totals[i][0],
			     (long long)told, (long long)lines);
	}
	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		report_check(report, record_num(end, zero[i], -1) == 0,
			     "end: %s: expected 0, told %lld", zero[i],
			     (long long)record_num(end, zero[i], -1));
	report_check(report,
		     count_type(facts, "fork") - count_type(facts, "free") ==
			     record_num(end, "late_frees", 0),
		     "end: late_frees: told %lld, %lld forks and %lld frees",
		     (long long)record_num(end, "late_frees", 0),
		     (long long)count_type(facts, "fork"), (long long)count_type(facts, "free"));
	json_int_t seen = record_num(end, "seen", -1);
	json_int_t delivered = record_num(end, "delivered", -1);

	report_check(report, seen > 0 && seen == delivered, "end: seen %lld, delivered %lld",
		     (long long)seen, (long long)delivered);
	report_check(report, !strcmp(record_text(end, "verdict"), "complete"),
		     "end: verdict: expected complete, told %s", record_text(end, "verdict"));
}

void judge_stream(const struct records *facts, struct report *report)
{
	report_check(report, facts->cnt >= 2, "%zu lines", facts->cnt);
	if (facts->cnt < 2)
		return;
	const struct record *last = &facts->list[facts->cnt - 1];

	report_check(report, is_type(&facts->list[0], "start"), "the first line is a %s",
		     facts->list[0].type);
	report_check(report, is_type(last, "end"), "the last line is a %s", last->type);
	judge_envelope(facts, report);
	judge_trust(facts, report);
	judge_lives(facts, report);
	judge_ids(facts, report);
	if (is_type(last, "end"))
		judge_totals(facts, last, report);
}
