/*
 * Data for a terminal: the one place where bytes of unknown content become safe to show. No control
 * byte of the data passes (C0, DEL, C1 also where encoded as UTF-8), nor a character that turns or
 * hides text (bidirectional and other format controls, line separators): they are shown as \n, \x1b
 * or \u202e; bytes that are not valid UTF-8 as \xNN; a backslash as \\. One line in, one line out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define PRINTABLE_WHOLE SIZE_MAX /* as columns_max: never cut */

/*
 * printable_add - appends the text in at most `columns_max` columns, and returns how many it took.
 * What does not fit is cut and ends in "...", never inside an escape or a wide character. `ascii`:
 * the terminal is not in UTF-8, and everything beyond ASCII is escaped.
 */
size_t printable_add(struct buffer *out, const char *bytes, size_t len, size_t columns_max,
		     bool ascii);

/*
 * printable_args - NUL-separated arguments as a command line, one space between two: as they are,
 * 'quoted' where a shell would see more than a word, and $'...' where something had to be escaped.
 */
size_t printable_args(struct buffer *out, const char *bytes, size_t len, size_t columns_max,
		      bool ascii);
