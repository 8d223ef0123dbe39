/*
 * The command line as one const struct. Options come from one table, from which help, the man page's
 * list and the shell completion derive. This module opens nothing, connects to nothing and prints no
 * data; names (users, pids, cgroups) are resolved because a wrong one is a usage error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/fact.h"

/* Exit codes of the program. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_RUNTIME = 1,	/* failed while running */
	EXIT_USAGE = 2,		/* typed wrong */
	EXIT_REFUSED = 3,	/* the kernel or the privileges do not allow it */
	EXIT_FOUND = 4,		/* zombies: some found */
	EXIT_CANNOT_RUN = 126,	/* COMMAND found but not executable */
	EXIT_NOT_FOUND = 127,	/* no COMMAND of that name */
};

/* Not TIME_UTC: <time.h> has a macro of that name (C11, 7.27.1). */
enum time_style { TIME_STYLE_LOCAL, TIME_STYLE_UTC, TIME_STYLE_RELATIVE };
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
/* Best first: what --reap-source names; REAP_AUTO tries in order. */
enum reap_choice { REAP_AUTO, REAP_FENTRY, REAP_KPROBE, REAP_SYSCALL, REAP_PIDFD, REAP_FREE };

#define FILTERS_MAX 16 /* repeated filters of one kind */

struct filters {
	pid_t pids[FILTERS_MAX]; /* -p: as the user's pid namespace numbers them; with descendants */
	size_t pids_cnt;
	uid_t uids[FILTERS_MAX]; /* -u */
	size_t uids_cnt;
	char comms[FILTERS_MAX][PT_COMM_BYTES]; /* -c: exact, zero-padded, at most 15 bytes */
	size_t comms_cnt;
	uint64_t cgroup_ids[FILTERS_MAX]; /* -g: inode of the cgroup v2 directory; with descendants */
	uint32_t cgroup_levels[FILTERS_MAX]; /* its depth below the root of the hierarchy */
	size_t cgroups_cnt;
	uint32_t types;		/* -e: bit 1 << enum fact_type; 0 = all */
	bool failed;		/* --failed: lives that end with a code other than 0, or by a signal */
	uint64_t slower_than_ns; /* --slower-than: reaps; 0 = all */
};

struct options {
	struct filters filters;
	const char *output;	/* -o FILE, "-" = stdout; NULL = none */
	bool json;		/* -j */
	bool quiet;		/* -q: no summary */
	bool tree;		/* --tree */
	bool threads;		/* --threads */
	bool wait_all;		/* --wait-all */
	bool no_args;		/* --no-args */
	uint64_t duration_ns;	/* -d; 0 = until a signal */
	uint64_t verify_ns;	/* --verify; 0 = never but at start and end */
	size_t tree_max;	/* --tree-max */
	uint64_t ring_bytes;	/* --ring; 0 = chosen */
	enum reap_choice reap;	/* --reap-source */
	enum time_style time;	/* -t, --utc */
	enum color_when color;	/* --color */
	char *const *argv;	/* all that was typed behind the program's name, NULL-terminated */
	char *const *command;	/* COMMAND ARG... NULL, a part of argv; NULL = none */
};

/* What to do, as parsed: a subcommand or one of the options that end at once. */
enum action { ACTION_TRACE, ACTION_DOCTOR, ACTION_HELP, ACTION_VERSION };

/*
 * options_parse - argv to `ret_options` and `ret_action`. 0; EXIT_USAGE with one line in `ret_error`
 * (size bytes) that says what is wrong and what to do. Strings are lent from argv.
 */
int options_parse(int argc, char **argv, struct options *ret_options, enum action *ret_action,
		  char *ret_error, size_t size);

/* options_help - the text of --help, generated from the table, for `columns` columns (0 = 80). Caller frees. */
char *options_help(unsigned columns);
