/*
 * Text files of /proc that consist of lines and have no useful upper bound (a process may be in
 * 65,536 groups): read through one fixed buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES_MAX                                                                             \
	8192 /* a cgroup's path takes up to PATH_MAX; longer lines are passed over                 \
	      */

/* One line without its newline, lent for the call. Anything but 0 ends the reading. */
typedef int (*line_visit)(void *context, const char *line, size_t len);

/*
 * lines_each - visits the complete lines of `text`; bytes behind the last newline are none. What
 * `visit` returned if not 0, else 0.
 */
int lines_each(const char *text, size_t len, line_visit visit, void *context);

/* lines_read - the same for the file `path` below `dirfd`; -errno when it cannot be read. */
int lines_read(int dirfd, const char *path, line_visit visit, void *context);

/*
 * lines_number - the unsigned number in `base` at *`text`, which ends before `end`, and moves
 * *`text` behind it; blanks before it are passed over. False if there is none or it overflows.
 */
bool lines_number(const char **text, const char *end, int base, uint64_t *ret_number);
