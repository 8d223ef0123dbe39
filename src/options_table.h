/*
 * The table of options, shared by what parses (options.c), what the filters mean
 * (options_filters.c) and what explains them (options_help.c). Private to these files.
 */
#pragma once

#include "options.h"

/* A command line while it is parsed. */
struct parse {
	struct options *options;
	enum action *action;
	char typed[32]; /* the option at hand, as the user wrote it: "-p", "--pid" */
	char *error;
	size_t error_size;
};

/* One option. Either `take` receives its value, or the bool at `flag` in struct options is set. */
struct option_row {
	const char *section; /* set in the first row of a section: its heading in the help */
	const char *name;
	char letter; /* 0 = it has a long name only */
	const char *value; /* what the help calls its value; NULL = it takes none */
	const char *help;
	int (*take)(struct parse *parse, const char *value); /* 0 or EXIT_USAGE */
	size_t flag;
};

extern const struct option_row option_rows[];
extern const size_t option_rows_cnt;

/* options_refuse - writes the one line of what was typed wrong; returns EXIT_USAGE. */
int options_refuse(struct parse *parse, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The filters: each adds one value to the list of its kind. */
int filter_take_pid(struct parse *parse, const char *value);
int filter_take_user(struct parse *parse, const char *value);
int filter_take_comm(struct parse *parse, const char *value);
int filter_take_cgroup(struct parse *parse, const char *value);
int filter_take_types(struct parse *parse, const char *value);
