/*
 * Live text: one event a line, for somebody who never saw it.
 *
 *   TIME             EVENT        PID  PARENT  WHO              WHAT
 *   12:34:56.123456  fork       12345   12300  bash             child of bash(12300)
 *   12:34:56.124001  exec       12345   12300  make             make -j2 all
 *   12:34:57.000001  exit       12345   12300  make             code 2, lived 876ms, cpu 12.3ms
 *   12:34:57.000100  reap       12345   12300  make             after 93.1us by bash(12300), wait
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "sink/output.h"
#include "sink/sink.h"

struct text_sink_config {
	const struct run_context *run; /* lent */
	int fd; /* lent; or: */
	output_write write;
	void *write_context;
	size_t columns; /* of the terminal: argv is cut to it; 0 = never cut */
	enum time_style time;
	bool color;
	bool ascii; /* the terminal is not in UTF-8 */
	bool show_free; /* lines for `free` facts, too */
	bool show_processes; /* lines for `process` facts, too */
};

/* text_sink_new - NULL when out of memory. The header is the first line. start and end make no
 * line. */
struct sink *text_sink_new(const struct text_sink_config *config);

/* text_sink_lost - lines that could not be written: final after the last flush. */
uint64_t text_sink_lost(const struct sink *sink);

/* text_sink_resize - the terminal has a new width; 0 = none. */
void text_sink_resize(struct sink *sink, size_t columns);
