#include "base/printable.h"

#include <stdint.h>
#include <stdio.h>

#include "base/utf8.h"

#define ESCAPE_BYTES_MAX 12 /* \U000e0041 and its NUL */

/* A text on its way to the buffer, and how many columns it takes there. */
struct line {
	struct buffer *out;
	size_t columns, columns_max;
	size_t fit_len, fit_columns; /* up to here "..." still fits behind it */
	bool ascii;
	bool cut;
};

/* Bytes that no reader trips over: shown as they are, whatever surrounds them. */
static const uint8_t plain[256] = {
	[0x20 ... 0x26] = 1,
	[0x28 ... 0x5b] = 1,
	[0x5d ... 0x7e] = 1,
};

/* Bytes of which a word is made that a shell takes as it is. */
static const uint8_t word[256] = {
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['_'] = 1, ['-'] = 1,
	['.'] = 1,	   ['/'] = 1,	      [':'] = 1,	 ['='] = 1, ['@'] = 1,
	['%'] = 1,	   ['+'] = 1,	      [','] = 1,	 ['^'] = 1,
};

static size_t run_of(const uint8_t *wanted, const char *bytes, size_t len)
{
	size_t run = 0;

	while (run < len && wanted[(uint8_t)bytes[run]])
		run++;
	return run;
}

/* What must be escaped of Unicode beyond the controls: general categories Cf, Zl and Zp. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0xad, 0xad},	    {0x600, 0x605},	{0x61c, 0x61c},	    {0x6dd, 0x6dd},
	{0x70f, 0x70f},	    {0x180e, 0x180e},	{0x200b, 0x200f},   {0x2028, 0x202e},
	{0x2060, 0x206f},   {0xfeff, 0xfeff},	{0xfff9, 0xfffb},   {0x13430, 0x13438},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f},
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

static bool must_escape(const struct line *line, uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return true;
	return c >= 0x80 && (line->ascii || is_hidden(c));
}

static struct line line_begin(struct buffer *out, size_t columns_max, bool ascii)
{
	return (struct line){
		.out = out,
		.columns_max = columns_max,
		.fit_len = out->len,
		.ascii = ascii,
	};
}

static void line_cut(struct line *line)
{
	size_t dots = line->columns_max < 3 ? line->columns_max : 3;

	if (line->fit_len < line->out->len && !line->out->error)
		buffer_rewind(line->out, line->fit_len);
	buffer_add(line->out, "...", dots);
	line->columns = line->fit_columns + dots;
	line->cut = true;
}

/* One piece that is shown whole or not at all. */
static void line_add(struct line *line, const char *bytes, size_t len, size_t columns)
{
	if (line->cut)
		return;
	if (columns > line->columns_max - line->columns) {
		line_cut(line);
		return;
	}
	buffer_add(line->out, bytes, len);
	line->columns += columns;
	if (line->columns_max - line->columns >= 3) {
		line->fit_len = line->out->len;
		line->fit_columns = line->columns;
	}
}

static size_t escape(char *ret_text, uint32_t c)
{
	switch (c) {
	case '\n':
		return (size_t)sprintf(ret_text, "\\n");
	case '\t':
		return (size_t)sprintf(ret_text, "\\t");
	case '\r':
		return (size_t)sprintf(ret_text, "\\r");
	}
	if (c < 0x100)
		return (size_t)sprintf(ret_text, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
	return (size_t)sprintf(ret_text, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

/*
 * Everything but a run of plain ASCII: one character, or one byte that is none. Returns its bytes.
 */
static size_t add_special(struct line *line, const char *bytes, size_t len)
{
	char text[ESCAPE_BYTES_MAX];
	size_t step, text_len;
	uint32_t c;

	step = utf8_decode(bytes, len, &c);
	if (step && !must_escape(line, c)) {
		line_add(line, bytes, step, utf8_columns(c));
		return step;
	}
	if (step)
		text_len = escape(text, c);
	else
		text_len = (size_t)sprintf(text, "\\x%02x", (uint8_t)*bytes);
	line_add(line, text, text_len, text_len);
	return step ? step : 1;
}

/* `escaped`: these characters are shown with a backslash before them. */
static void add_text(struct line *line, const char *bytes, size_t len, const char *escaped)
{
	size_t at = 0;

	while (at < len && !line->cut) {
		size_t room = line->columns_max - line->columns;
		size_t uncut = room < 3 ? 0 : room - 3; /* "..." fits behind all of it */
		size_t run = run_of(plain, bytes + at, uncut < len - at ? uncut : len - at);
		char c = bytes[at];

		if (run) {
			line_add(line, bytes + at, run, run);
			at += run;
		} else if (c && strchr(escaped, c)) {
			line_add(line, (const char[]){'\\', c}, 2, 2);
			at++;
		} else if (c >= 0x20 && c < 0x7f) {
			line_add(line, &bytes[at++], 1, 1);
		} else {
			at += add_special(line, bytes + at, len - at);
		}
	}
}

size_t printable_add(struct buffer *out, const char *bytes, size_t len, size_t columns_max,
		     bool ascii)
{
	struct line line = line_begin(out, columns_max, ascii);

	add_text(&line, bytes, len, "\\");
	return line.columns;
}

enum quoting { QUOTE_NONE, QUOTE_PLAIN, QUOTE_ESCAPED };

/* The least that makes the argument one word of a shell again. */
static enum quoting quoting_of(const struct line *line, const char *bytes, size_t len)
{
	enum quoting quoting = len ? QUOTE_NONE : QUOTE_PLAIN;

	for (size_t at = run_of(word, bytes, len); at < len;) {
		uint32_t c;
		size_t step = utf8_decode(bytes + at, len - at, &c);

		if (!step || c == '\'' || must_escape(line, c))
			return QUOTE_ESCAPED;
		if (c < 0x80 && strchr(" \"\\|&;<>()$`*?[]#~!{}", (int)c))
			quoting = QUOTE_PLAIN;
		at += step;
	}
	return quoting;
}

static void add_argument(struct line *line, const char *bytes, size_t len)
{
	switch (quoting_of(line, bytes, len)) {
	case QUOTE_NONE:
		add_text(line, bytes, len, "");
		return;
	case QUOTE_PLAIN:
		line_add(line, "'", 1, 1);
		add_text(line, bytes, len, "");
		line_add(line, "'", 1, 1);
		return;
	case QUOTE_ESCAPED:
		line_add(line, "$'", 2, 2);
		add_text(line, bytes, len, "\\'");
		line_add(line, "'", 1, 1);
		return;
	}
}

size_t printable_args(struct buffer *out, const char *bytes, size_t len, size_t columns_max,
		      bool ascii)
{
	struct line line = line_begin(out, columns_max, ascii);
	size_t at = 0;

	while (at < len && !line.cut) {
		size_t arg_len = strnlen(bytes + at, len - at);

		if (at)
			line_add(&line, " ", 1, 1);
		add_argument(&line, bytes + at, arg_len);
		at += arg_len + 1;
	}
	return line.columns;
}
