/*
 * Builds the records that a kernel would write, gives them to a model, and writes down what the
 * model says: one short line per fact, so that a test reads as the story of a life.
 *
 *	fork 100<10 fork		process 100<10 alive
 *	exec 100<10 true		exit 100<10 code 7 | signal 9 by process 20
 *	reap 100<10 wait by 10 latency 40 idle 30 wake 10
 *	reparent 100<1 from 10 init predicted		free 100<1
 *
 * "<" is the parent; "-" is none, "?" is unknown; a line of an unsure fact ends in " unsure".
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"

#define START_NS  1000000000u /* when the tracer attached; record times count from here */
#define NS_INODE  0xF0000001u /* of a nested pid namespace */
#define NS_INODE2 0xF0000002u /* of one inside it */
#define NS_ROOT	  0xEFFFFFFCu
#define LINES_MAX 2048
#define LINE_SIZE 160

struct story {
	struct model *model;
	char lines[LINES_MAX][LINE_SIZE];
	struct fact facts[LINES_MAX]; /* texts in them are not valid any more */
	size_t cnt, read;
};

/* Born before the tracer attached, and after. */
static inline struct pt_identity old(uint32_t pid)
{
	return (struct pt_identity){.tgid = pid, .start_ns = 1000 + pid};
}

static inline struct pt_identity young(uint32_t pid)
{
	return (struct pt_identity){.tgid = pid, .start_ns = START_NS};
}

/* The n-th holder of the pid. */
static inline struct pt_identity again(uint32_t pid, uint32_t n)
{
	return (struct pt_identity){.tgid = pid, .start_ns = START_NS + n};
}

static inline void write_line(struct story *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void write_line(struct story *s, const char *format, ...)
{
	char *line = s->lines[s->cnt];
	size_t len = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, LINE_SIZE - len, format, args);
	va_end(args);
}

static inline void write_id(struct story *s, const char *before, struct fact_id id)
{
	if (id.pid == FACT_PID_ABSENT)
		write_line(s, "%s-", before);
	else if (id.pid == FACT_PID_UNKNOWN)
		write_line(s, "%s?", before);
	else
		write_line(s, "%s%u", before, id.pid);
}

/* Nothing for an absent number. */
static inline void write_num(struct story *s, const char *before, fact_num num)
{
	if (num == FACT_UNKNOWN)
		write_line(s, " %s ?", before);
	else if (num != FACT_ABSENT)
		write_line(s, " %s %llu", before, (unsigned long long)num);
}

static inline void write_word(struct story *s, fact_num num, const char *const *words)
{
	write_line(s, " %s", fact_num_known(num) ? words[num] : "?");
}

static inline void write_text(struct story *s, const char *before, struct fact_text text)
{
	if (text.len == FACT_TEXT_UNKNOWN)
		write_line(s, " %s?", before);
	else if (text.len != FACT_TEXT_ABSENT)
		write_line(s, " %s%.*s", before, (int)text.len, text.bytes);
}

static inline void write_exit(struct story *s, const struct fact *fact)
{
	write_num(s, "code", fact->exit.exit_code);
	write_num(s, "signal", fact->exit.signal);
	if (fact->exit.core_dumped == 1)
		write_line(s, " core");
	if (fact->exit.killer != FACT_ABSENT) {
		write_line(s, " by");
		write_word(s, fact->exit.killer, fact_killer_words);
		if (fact->exit.killer_id.pid != FACT_PID_ABSENT)
			write_id(s, " ", fact->exit.killer_id);
	}
	if (fact->exit.oom == 1)
		write_line(s, " oom");
	if (fact->exit.exit_seen == 0)
		write_line(s, " unseen");
}

static inline void write_reap(struct story *s, const struct fact *fact)
{
	write_word(s, fact->reap.how, fact_how_words);
	if (fact->reap.reaper.pid != FACT_PID_ABSENT)
		write_id(s, " by ", fact->reap.reaper);
	write_num(s, "latency", fact->reap.latency_ns);
	write_num(s, "min", fact->reap.latency_min_ns);
	write_num(s, "idle", fact->reap.not_waiting_ns);
	write_num(s, "wake", fact->reap.waking_ns);
	if (fact->reap.error_ns)
		write_num(s, "error", fact->reap.error_ns);
}

static inline void write_reparent(struct story *s, const struct fact *fact)
{
	assert_int_equal(fact->reparent.to.pid, fact->parent.pid);
	write_id(s, " from ", fact->reparent.from);
	write_word(s, fact->reparent.kind, fact_adopter_words);
	write_word(s, fact->reparent.certainty, fact_certainty_words);
}

static inline void write_body(struct story *s, const struct fact *fact)
{
	switch (fact->type) {
	case FACT_FORK:
		write_word(s, fact->fork.kind, fact_fork_kind_words);
		if (fact->fork.birth.pid != FACT_PID_ABSENT)
			write_id(s, " by ", fact->fork.birth);
		write_num(s, "exit signal", fact->fork.exit_signal);
		write_num(s, "number", fact->fork.place.ns_pid);
		break;
	case FACT_PROCESS:
		write_word(s, fact->process.state, fact_state_words);
		break;
	case FACT_EXEC:
		write_text(s, "", fact->comm);
		write_num(s, "tid", fact->exec.tid);
		break;
	case FACT_EXIT:
		write_exit(s, fact);
		break;
	case FACT_REAP:
		write_reap(s, fact);
		break;
	case FACT_REPARENT:
		write_reparent(s, fact);
		break;
	case FACT_THREAD:
	case FACT_THREAD_EXIT:
		write_num(s, "tid", fact->thread.tid);
		write_num(s, "code", fact->thread.exit_code);
		if (fact->thread.leader == 1)
			write_line(s, " leader");
		break;
	default:
		break;
	}
}

static inline void write_fact(void *context, const struct fact *fact)
{
	struct story *s = context;

	assert_true(s->cnt < LINES_MAX);
	s->facts[s->cnt] = *fact;
	s->lines[s->cnt][0] = '\0';
	write_line(s, "%s", fact_layouts[fact->type].word);
	write_id(s, " ", fact->who);
	write_id(s, "<", fact->parent);
	write_body(s, fact);
	if (fact->unsure)
		write_line(s, " unsure");
	s->cnt++;
}

static inline struct story *story_new(const struct model_config *config)
{
	struct story *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->model = model_new(config, write_fact, s);
	assert_non_null(s->model);
	return s;
}

/* The usual one: no filter, exact reaps. */
static inline struct story *story_begin(void)
{
	const struct model_config config = {.start_ns = START_NS,
					    .reap_source = SOURCE_FENTRY,
					    .complete = true};

	return story_new(&config);
}

/* What was told since the last look must be these lines and no others. */
static inline void story_told_(struct story *s, const char *const *lines, size_t cnt,
			       const char *file, int at)
{
	for (size_t i = 0; i < cnt || s->read < s->cnt; i++) {
		const char *want = i < cnt ? lines[i] : "(nothing more)";
		const char *got = s->read < s->cnt ? s->lines[s->read] : "(nothing more)";

		if (strcmp(want, got)) {
			print_error("%s:%d: line %zu\n  want: %s\n  told: %s\n", file, at, i + 1,
				    want, got);
			_fail(file, at);
		}
		s->read++;
	}
}

#define story_told(s, ...)                                                                         \
	story_told_(s, (const char *const[]){__VA_ARGS__},                                         \
		    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), __FILE__,         \
		    __LINE__)
#define story_told_nothing(s) story_told_(s, NULL, 0, __FILE__, __LINE__)

static inline const struct fact *story_last(const struct story *s)
{
	assert_true(s->cnt > 0);
	return &s->facts[s->cnt - 1];
}

static inline void story_end(struct story *s)
{
	story_told_nothing(s);
	model_free(s->model);
	free(s);
}

/* --- records ------------------------------------------------------------------------------------- */

#define HEAD(kind_, size_, t)                                                                      \
	{                                                                                          \
		.kind = (kind_), .size = (size_), .time_ns = START_NS + (t)                        \
	}

static inline struct event event_of(const struct pt_event *head)
{
	struct event event = {.kind = head->kind,
			      .flags = head->flags,
			      .time_ns = head->time_ns,
			      .head = head};

	memcpy(&event.who, head + 1, sizeof(event.who));
	return event;
}

static inline int send(struct story *s, const void *record)
{
	const struct event event = event_of(record);

	return model_event(s->model, &event);
}

static inline struct pt_place place_at(struct pt_identity who)
{
	return (struct pt_place){.cgroup_id = 77,
				 .uid = 1000,
				 .gid = 100,
				 .pid_ns = NS_ROOT,
				 .ns_tgid = who.tgid,
				 .parent_ns_tgid = who.tgid};
}

static inline struct pt_event_fork fork_record(uint64_t t, struct pt_identity who,
					       struct pt_identity parent)
{
	return (struct pt_event_fork){.head = HEAD(PT_KIND_FORK, sizeof(struct pt_event_fork), t),
				      .who = who,
				      .parent = parent,
				      .creator = parent,
				      .place = place_at(who),
				      .exit_signal = 17,
				      .comm = "sh"};
}

static inline struct pt_event_exec exec_record(uint64_t t, struct pt_identity who,
					       struct pt_identity parent, const char *comm)
{
	struct pt_event_exec r = {.head = HEAD(PT_KIND_EXEC, sizeof(r), t),
				  .who = who,
				  .parent = parent,
				  .old_tid = who.tgid,
				  .uid = 1000,
				  .euid = 1000};

	snprintf(r.comm, sizeof(r.comm), "%s", comm);
	return r;
}

static inline struct pt_event_exit exit_record(uint64_t t, struct pt_identity who,
					       struct pt_identity parent, uint32_t status)
{
	return (struct pt_event_exit){.head = HEAD(PT_KIND_EXIT, sizeof(struct pt_event_exit), t),
				      .who = who,
				      .parent = parent,
				      .status = status,
				      .exit_signal = 17,
				      .tid = who.tgid,
				      .uid = 1000,
				      .comm = "sh"};
}

static inline struct pt_event_zombie zombie_record(uint64_t t, struct pt_identity who,
						   struct pt_identity receiver, uint32_t flags)
{
	struct pt_event_zombie r = {.head = HEAD(PT_KIND_ZOMBIE, sizeof(r), t),
				    .who = who,
				    .receiver = receiver,
				    .receiver_pid_ns = NS_ROOT,
				    .signal = 17};

	r.head.flags = flags;
	return r;
}

static inline struct pt_event_reap reap_record(uint64_t t, struct pt_identity who,
					       struct pt_identity reaper, uint32_t flags)
{
	struct pt_event_reap r = {.head = HEAD(PT_KIND_REAP, sizeof(r), t),
				  .who = who,
				  .reaper = reaper,
				  .reaper_tid = reaper.tgid,
				  .reaper_pid_ns = NS_ROOT,
				  .source = PT_REAP_FENTRY,
				  .reaper_comm = "reaper"};

	r.head.flags = flags;
	return r;
}

/* What a wait call of `reaper` returned. */
static inline struct pt_event_reap wait_record(uint64_t t, uint32_t number,
					       struct pt_identity reaper)
{
	struct pt_event_reap r =
		reap_record(t, (struct pt_identity){.tgid = number}, reaper, PT_REAP_BY_NUMBER);

	r.source = PT_REAP_SYSCALL;
	return r;
}

static inline struct pt_event_free free_record(uint64_t t, struct pt_identity who, uint32_t status)
{
	return (struct pt_event_free){.head = HEAD(PT_KIND_FREE, sizeof(struct pt_event_free), t),
				      .who = who,
				      .status = status,
				      .comm = "sh"};
}

static inline struct pt_event_signal signal_record(uint64_t t, struct pt_identity who,
						   struct pt_identity sender, uint32_t signal,
						   uint32_t flags)
{
	struct pt_event_signal r = {.head = HEAD(PT_KIND_SIGNAL, sizeof(r), t),
				    .who = who,
				    .sender = sender,
				    .signal = signal,
				    .sender_uid = 5};

	r.head.flags = flags;
	return r;
}

static inline struct pt_event_task task_record(uint64_t t, struct pt_identity who,
					       struct pt_identity parent, uint32_t flags)
{
	struct pt_event_task r = {.head = HEAD(PT_KIND_TASK, sizeof(r), t),
				  .who = who,
				  .parent = parent,
				  .place = place_at(who),
				  .exit_signal = 17,
				  .threads_cnt = 1,
				  .comm = "task"};

	r.head.flags = flags;
	return r;
}

static inline struct pt_event_thread thread_record(uint64_t t, struct pt_identity who, uint32_t tid)
{
	return (struct pt_event_thread){.head = HEAD(PT_KIND_THREAD, sizeof(struct pt_event_thread),
						     t),
					.who = who,
					.tid = tid,
					.comm = "worker"};
}

static inline struct pt_event_thread_exit thread_exit_record(uint64_t t, struct pt_identity who,
							     uint32_t tid, uint32_t status)
{
	struct pt_event_thread_exit r = {.head = HEAD(PT_KIND_THREAD_EXIT, sizeof(r), t),
					 .who = who,
					 .tid = tid,
					 .status = status,
					 .comm = "worker"};

	r.head.flags = tid == who.tgid ? PT_THREAD_EXIT_LEADER : 0;
	return r;
}

/* --- sentences
 * ------------------------------------------------------------------------------------ */

static inline void is_there(struct story *s, struct pt_identity who, struct pt_identity parent,
			    uint32_t flags)
{
	struct pt_event_task r = task_record(0, who, parent, flags);

	assert_int_equal(send(s, &r), 0);
}

static inline void is_born(struct story *s, uint64_t t, struct pt_identity who,
			   struct pt_identity parent)
{
	struct pt_event_fork r = fork_record(t, who, parent);

	assert_int_equal(send(s, &r), 0);
}

static inline void runs(struct story *s, uint64_t t, struct pt_identity who,
			struct pt_identity parent, const char *comm)
{
	struct pt_event_exec r = exec_record(t, who, parent, comm);

	assert_int_equal(send(s, &r), 0);
}

static inline void exits(struct story *s, uint64_t t, struct pt_identity who,
			 struct pt_identity parent, uint32_t status)
{
	struct pt_event_exit r = exit_record(t, who, parent, status);

	assert_int_equal(send(s, &r), 0);
}

static inline void exits_to(struct story *s, uint64_t t, struct pt_identity who,
			    struct pt_identity parent, uint16_t kind, struct pt_identity adopter)
{
	struct pt_event_exit r = exit_record(t, who, parent, 0);

	r.adopter_kind = kind;
	r.adopter = adopter;
	assert_int_equal(send(s, &r), 0);
}

static inline void exits_with(struct story *s, uint64_t t, struct pt_identity who,
			      struct pt_identity parent, uint32_t flags)
{
	struct pt_event_exit r = exit_record(t, who, parent, 0);

	r.head.flags = flags;
	assert_int_equal(send(s, &r), 0);
}

static inline void is_told(struct story *s, uint64_t t, struct pt_identity who,
			   struct pt_identity receiver, uint32_t flags)
{
	struct pt_event_zombie r = zombie_record(t, who, receiver, flags);

	assert_int_equal(send(s, &r), 0);
}

static inline void is_reaped(struct story *s, uint64_t t, struct pt_identity who,
			     struct pt_identity reaper, uint32_t flags)
{
	struct pt_event_reap r = reap_record(t, who, reaper, flags);

	assert_int_equal(send(s, &r), 0);
}

static inline void waits_for(struct story *s, uint64_t t, uint32_t number,
			     struct pt_identity reaper)
{
	struct pt_event_reap r = wait_record(t, number, reaper);

	assert_int_equal(send(s, &r), 0);
}

static inline void is_freed(struct story *s, uint64_t t, struct pt_identity who)
{
	struct pt_event_free r = free_record(t, who, 0);

	assert_int_equal(send(s, &r), 0);
}

static inline void is_signalled(struct story *s, uint64_t t, struct pt_identity who,
				struct pt_identity sender, uint32_t signal, uint32_t flags)
{
	struct pt_event_signal r = signal_record(t, who, sender, signal, flags);

	assert_int_equal(send(s, &r), 0);
}
