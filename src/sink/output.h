/*
 * Whole lines on their way to a descriptor: gathered in memory, written in one write(2) per batch.
 *
 * What a write refused (full disk, closed pipe) stays in memory and is tried again by the next
 * output_flush(); when memory is full, lines are dropped whole and counted. A regular file never
 * keeps a piece of a line: what was written of it is taken back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

/* As write(2), but -errno. */
typedef ssize_t (*output_write)(void *context, const char *bytes, size_t len);

struct output {
	struct buffer lines; /* append a line to it between output_begin() and output_end() */
	size_t line_start;
	size_t pending_cnt; /* lines in `lines` */
	uint64_t dropped;
	int fd;
	bool patient; /* not a file: written as its reader reads, as far as POLL_MS goes */
	int error; /* of the last write; 0 once one has succeeded */
	output_write write;
	void *context;
};

/* output_init - lines go to `fd` (lent), or to `write` where that is not NULL. */
void output_init(struct output *output, int fd, output_write write, void *context);
void output_release(struct output *output);

/* output_begin - where a line begins: append it to the buffer that is returned. */
static inline struct buffer *output_begin(struct output *output)
{
	output->line_start = output->lines.len;
	return &output->lines;
}

/*
 * output_end - the line, '\n' included, is there. Writes when a batch has come together. 0 or
 * -errno, also of an earlier write; a line that found no memory is dropped.
 */
int output_end(struct output *output);

/* output_flush - writes everything out. 0, or -errno and what is left stays for the next time. */
int output_flush(struct output *output);

/* output_lost - lines dropped, and after a failed write also those that still wait. */
uint64_t output_lost(const struct output *output);
