/*
 * The truth as JSON lines on stdout: what a right tracer must have told of this scenario.
 *
 * One line is one expectation: {"expect": TYPE, "pid": N, ...}. TYPE is the `type` of a fact, and
 * the k-th line of a TYPE and pid speaks of the k-th such fact. A key is either a field of the
 * fact, which must then be equal, or one of the words that tests/e2e/README.md lists (bounds, wait
 * status, ...). The world is closed: a birth, exec, death, reap or reparenting that no line expects
 * is an error.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Between these two readings of CLOCK_BOOTTIME it happened. 0 = no bound on that side. */
struct span {
	uint64_t after_ns;
	uint64_t before_ns;
};

struct truth {
	size_t len;
	char text[16384];
};

/* truth_begin .. truth_end - one line, written whole by the end. A line that does not fit breaks
 * the run. */
void truth_begin(struct truth *line, const char *expect, pid_t pid);
void truth_num(struct truth *line, const char *key, uint64_t value);
void truth_flag(struct truth *line, const char *key);
void truth_text(struct truth *line, const char *key, const char *value);
void truth_list(struct truth *line, const char *key, char *const *values);
void truth_span(struct truth *line, struct span span);
void truth_end(struct truth *line);

/* truth_count - there are exactly `count` facts of that type about `pid` (0: of anybody). */
void truth_count(const char *type, pid_t pid, uint64_t count);

/* truth_reparent - `pid` was handed from its dead parent to another. kind: a word of the fact. */
void truth_reparent(pid_t pid, pid_t from, pid_t to, const char *kind, struct span when);

/* One successful exec, as seen from outside. */
struct image {
	const char *filename; /* what execve was given */
	const char *exe; /* what runs */
	char *const *args; /* NULL-terminated, as the program got them */
	const char *comm; /* NULL: from filename */
	pid_t tid; /* of a caller that was not the leader; 0 */
};
void truth_exec(pid_t pid, const struct image *image, struct span when);

/* truth_skip - this kernel or these privileges cannot live the scenario. Ends the process. */
void truth_skip(const char *reason) __attribute__((noreturn));

/* truth_broken - the scenario itself failed: `what` with errno. Ends the process, whoever calls. */
void truth_broken(const char *what) __attribute__((noreturn));
