/*
 * Where lines go: descriptors, and what the terminal behind them can do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct outputs {
	int json_fd; /* -1 = no JSON */
	int text_fd; /* -1 = no text */
	bool color;  /* of text_fd */
};

/*
 * outputs_open - -o FILE takes JSON and leaves stdout silent; else the stream, text or JSON, goes to
 * stdout, or with COMMAND, whose stdout that is, to stderr. 0, or -errno and one line in `ret_error`.
 */
int outputs_open(struct outputs *ret_outputs, const struct options *options, char *ret_error,
		 size_t size);

/* outputs_width - columns of the terminal that text goes to; 0 = it is none, and nothing is cut. */
unsigned outputs_width(const struct outputs *outputs);
