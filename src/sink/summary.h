/*
 * The summary at the end of a run, or of a recording: at most 80 columns, one subject a line, on
 * stderr. "at most" stands before latencies that are upper bounds, because the kernel let only the
 * end of a life's memory be seen and not its reap.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "model/stats.h"

struct summary_options {
	bool utf8; /* the terminal's, for names */
};

/*
 * summary_print - what `stats` gathered and what the `end` fact says of losses, verdict and cost.
 * `end` NULL: the recording broke off; said, and the rest printed. 0; -ENOMEM; the error of
 * writing.
 */
int summary_print(struct stats *stats, const struct fact *end,
		  const struct summary_options *options, FILE *out);
