#include "cmd/doctor_check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the lines say, and which number each life has there. */
struct told {
	const char *lines;
	size_t len;
	long long pids[DOCTOR_LIVES_CNT];
};

/* A piece of the lines: a line, or the value of a key in it; bytes NULL: there is none. */
struct piece {
	const char *bytes;
	size_t len;
};

enum value_form { VALUE_NUM, VALUE_TEXT, VALUE_LIFE, VALUE_ABSENT };

/* One line of `type` about `life` must have `key` with that value. */
struct expectation {
	enum doctor_life life;
	const char *type, *key;
	enum value_form form;
	int num; /* or enum doctor_life */
	const char *text;
};

#define NUM(life, type, key, value)                                                                \
	{                                                                                          \
		life, type, key, VALUE_NUM, value, NULL                                            \
	}
#define TEXT(life, type, key, value)                                                               \
	{                                                                                          \
		life, type, key, VALUE_TEXT, 0, value                                              \
	}
#define WHO(life, type, key, who)                                                                  \
	{                                                                                          \
		life, type, key, VALUE_LIFE, who, NULL                                             \
	}
#define REAPED_BY_PATIENT(life)                                                                    \
	WHO(life, "reap", "ppid", LIFE_PATIENT), TEXT(life, "reap", "how", "wait"),                \
		WHO(life, "reap", "reaper_pid", LIFE_PATIENT)

static const struct expectation expectations[] = {
	WHO(LIFE_PATIENT, "process", "pid", LIFE_PATIENT),
	NUM(LIFE_PATIENT, "exit", "exit_code", 0),
	WHO(LIFE_PATIENT, "reap", "pid", LIFE_PATIENT),
	WHO(LIFE_EXIT, "fork", "ppid", LIFE_PATIENT),
	NUM(LIFE_EXIT, "exit", "exit_code", 7),
	REAPED_BY_PATIENT(LIFE_EXIT),
	WHO(LIFE_EXEC, "fork", "ppid", LIFE_PATIENT),
	TEXT(LIFE_EXEC, "exec", "filename", DOCTOR_EXEC_PATH),
	NUM(LIFE_EXEC, "exec", "args_count", 2),
	NUM(LIFE_EXEC, "exit", "exit_code", 0),
	REAPED_BY_PATIENT(LIFE_EXEC),
	WHO(LIFE_KILLED, "fork", "ppid", LIFE_PATIENT),
	NUM(LIFE_KILLED, "exit", "signal", 9),
	TEXT(LIFE_KILLED, "exit", "killer", "process"),
	WHO(LIFE_KILLED, "exit", "killer_pid", LIFE_PATIENT),
	REAPED_BY_PATIENT(LIFE_KILLED),
	WHO(LIFE_DEAD_PARENT, "fork", "ppid", LIFE_PATIENT),
	NUM(LIFE_DEAD_PARENT, "exit", "exit_code", 0),
	REAPED_BY_PATIENT(LIFE_DEAD_PARENT),
	WHO(LIFE_ORPHAN, "fork", "ppid", LIFE_DEAD_PARENT),
	WHO(LIFE_ORPHAN, "reparent", "from_pid", LIFE_DEAD_PARENT),
	WHO(LIFE_ORPHAN, "reparent", "to_pid", LIFE_PATIENT),
	TEXT(LIFE_ORPHAN, "reparent", "kind", "subreaper"),
	NUM(LIFE_ORPHAN, "exit", "exit_code", 3),
	REAPED_BY_PATIENT(LIFE_ORPHAN),
	WHO(LIFE_IGNORED, "fork", "ppid", LIFE_PATIENT),
	NUM(LIFE_IGNORED, "exit", "exit_code", 5),
	TEXT(LIFE_IGNORED, "reap", "how", "auto"),
	{LIFE_IGNORED, "reap", "latency_ns", VALUE_ABSENT, 0, NULL},
};
#define EXPECTATIONS_CNT (sizeof(expectations) / sizeof(*expectations))

static const struct {
	const char *name, *note;
} lives[DOCTOR_LIVES_CNT] = {
	[LIFE_PATIENT] = {"patient", "the parent of them all"},
	[LIFE_EXIT] = {"exit", "forked, exited with 7, was waited for"},
	[LIFE_EXEC] = {"exec", "forked, executed a program, was waited for"},
	[LIFE_KILLED] = {"kill", "killed with SIGKILL, and by whom"},
	[LIFE_DEAD_PARENT] = {"dead parent", "left a child behind"},
	[LIFE_ORPHAN] = {"orphan", "was inherited by a subreaper, which reaped it"},
	[LIFE_IGNORED] = {"auto-reap", "SIGCHLD ignored: never a zombie, reaped by itself"},
};

static struct piece next_line(const struct told *told, const struct piece *line)
{
	const char *end = told->lines + told->len;
	const char *at = line->bytes ? line->bytes + line->len + 1 : told->lines;
	const char *stop = at < end ? memchr(at, '\n', end - at) : NULL;

	/* One without an end is not a whole one. */
	return stop ? (struct piece){at, stop - at} : (struct piece){0};
}

/*
 * The value of a key in a flat object. A quote inside a string is written with a backslash before it, so
 * that `"key":` never occurs there.
 */
static struct piece value_of(struct piece line, const char *key)
{
	char head[64];
	int len = snprintf(head, sizeof(head), "\"%s\":", key);
	const char *at = memmem(line.bytes, line.len, head, len), *end = line.bytes + line.len;
	struct piece value = {at ? at + len : NULL, 0};

	if (!at || value.bytes == end)
		return (struct piece){0};
	if (*value.bytes != '"') {
		while (value.bytes + value.len < end && !strchr(",}", value.bytes[value.len]))
			value.len++;
		return value;
	}
	for (at = value.bytes + 1; at < end && *at != '"'; at++)
		at += *at == '\\';
	value.len = at < end ? at + 1 - value.bytes : 0;
	return value;
}

static bool is_text(struct piece value, const char *text)
{
	size_t len = strlen(text);

	return value.bytes && value.len == len + 2 && !memcmp(value.bytes + 1, text, len);
}

static bool is_num(struct piece value, long long num)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", num);

	return value.bytes && value.len == (size_t)len && !memcmp(value.bytes, text, len);
}

/* The one line of that type and pid; how many there are in `ret_cnt`. */
static struct piece find(const struct told *told, const char *type, long long pid, size_t *ret_cnt)
{
	struct piece line = {0}, found = {0};

	*ret_cnt = 0;
	while ((line = next_line(told, &line)).bytes) {
		if (!is_text(value_of(line, "type"), type))
			continue;
		if (pid && !is_num(value_of(line, "pid"), pid))
			continue;
		if (!(*ret_cnt)++)
			found = line;
	}
	return found;
}

/* In a nested pid namespace the lines have two numbers: ours is the one called ns_pid. */
static long long told_pid(const struct told *told, pid_t pid)
{
	struct piece line = {0};

	while ((line = next_line(told, &line)).bytes)
		if (is_num(value_of(line, "ns_pid"), pid))
			return strtoll(value_of(line, "pid").bytes ?: "0", NULL, 10);
	return pid;
}

/* Sources that only learn that a reap happened may leave open whose doing it was. */
static bool is_blind(struct piece line, const char *key)
{
	struct piece source = value_of(line, "source");

	if (strcmp(key, "how") && strcmp(key, "reaper_pid"))
		return false;
	return is_text(value_of(line, "how"), "unseen") &&
	       (is_text(source, "free") || is_text(source, "pidfd"));
}

static bool holds(const struct told *told, const struct expectation *want, struct piece line,
		  char *ret_want, size_t size)
{
	struct piece value = value_of(line, want->key);
	long long num = want->form == VALUE_LIFE ? told->pids[want->num] : want->num;

	switch (want->form) {
	case VALUE_TEXT:
		snprintf(ret_want, size, "\"%s\"", want->text);
		return is_text(value, want->text) || is_blind(line, want->key);
	case VALUE_ABSENT:
		snprintf(ret_want, size, "none");
		return !value.bytes;
	default:
		snprintf(ret_want, size, "%lld", num);
		return is_num(value, num) || is_blind(line, want->key);
	}
}

/* 0, or what is wrong in `ret_note`. */
static int check_one(const struct told *told, const struct expectation *want, char *ret_note,
		     size_t size)
{
	char expected[64];
	size_t cnt;
	struct piece line = find(told, want->type, told->pids[want->life], &cnt), value;

	if (cnt != 1) {
		snprintf(ret_note, size, "pid %lld: %s was told %zu times instead of once",
			 told->pids[want->life], want->type, cnt);
		return -1;
	}
	if (holds(told, want, line, expected, sizeof(expected)))
		return 0;
	value = value_of(line, want->key);
	snprintf(ret_note, size, "pid %lld: %s: %s should be %s, was told as %.*s",
		 told->pids[want->life], want->type, want->key, expected,
		 value.bytes ? (int)value.len : 4, value.bytes ?: "none");
	return -1;
}

static void check_life(const struct told *told, enum doctor_life life, struct doctor_report *report)
{
	char note[256];

	for (size_t i = 0; i < EXPECTATIONS_CNT; i++) {
		if (expectations[i].life != life ||
		    !check_one(told, &expectations[i], note, sizeof(note)))
			continue;
		doctor_say(report, DOCTOR_SELF_TEST, lives[life].name, DOCTOR_NO, "%s", note);
		return;
	}
	doctor_say(report, DOCTOR_SELF_TEST, lives[life].name, DOCTOR_OK, "%s", lives[life].note);
}

static void check_accounts(const struct told *told, struct doctor_report *report)
{
	size_t cnt;
	struct piece end = find(told, "end", 0, &cnt);
	struct piece verdict = cnt ? value_of(end, "verdict") : (struct piece){0};
	struct piece seen = cnt ? value_of(end, "seen") : (struct piece){0};

	if (cnt == 1 && is_text(verdict, "complete"))
		doctor_say(report, DOCTOR_SELF_TEST, "accounts", DOCTOR_OK,
			   "%.*s events seen, all delivered; /proc agrees", (int)seen.len,
			   seen.bytes ?: "");
	else if (cnt)
		doctor_say(report, DOCTOR_SELF_TEST, "accounts", DOCTOR_NO,
			   "the tracer's own verdict is %.*s", (int)verdict.len,
			   verdict.bytes ?: "");
	else
		doctor_say(report, DOCTOR_SELF_TEST, "accounts", DOCTOR_NO,
			   "the tracer did not come to its end");
}

void doctor_check(const char *lines, size_t len, const pid_t pids[DOCTOR_LIVES_CNT],
		  struct doctor_report *report)
{
	struct told told = {.lines = lines, .len = len};

	for (int life = 0; life < DOCTOR_LIVES_CNT; life++)
		told.pids[life] = told_pid(&told, pids[life]);
	for (int life = 0; life < DOCTOR_LIVES_CNT; life++)
		check_life(&told, life, report);
	check_accounts(&told, report);
}
