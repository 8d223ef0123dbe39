/*
 * A line of text in the making: appends to it, and knows its width on the screen. Used by the text
 * sink's two halves: text.c (the columns) and text_what.c (what matters of each event).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/fact.h"

struct text_line {
	struct buffer *out;
	size_t columns; /* so far */
	size_t columns_max; /* 0 = never cut */
	bool ascii;
};

/* text_line_add - our own words: printable ASCII. */
void text_line_add(struct text_line *line, const char *text);
void text_line_add_u64(struct text_line *line, uint64_t n);
void text_line_add_duration(struct text_line *line, uint64_t ns);
void text_line_add_signal(struct text_line *line, uint64_t signal);

/* text_line_add_data - bytes of any content, escaped; "-" where absent, "?" where unknown. */
void text_line_add_data(struct text_line *line, struct fact_text text);

/* text_line_add_process - "make(123)", or as much of it as is known. */
void text_line_add_process(struct text_line *line, struct fact_text comm, struct fact_id id);

/* text_line_pad - spaces up to that column, and at least one. */
void text_line_pad(struct text_line *line, size_t column);

/*
 * text_line_cut - where the line is too wide, cuts what stands from byte `start` of the buffer, which is
 * at `column` or further right, and ends it in "...".
 */
void text_line_cut(struct text_line *line, size_t start, size_t column);

/* text_what - the last column: what matters of this fact. */
void text_what(struct text_line *line, const struct fact *fact);
