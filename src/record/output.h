/*
 * The file that -o names. Opened so that a hostile directory cannot point it elsewhere: no symlink is
 * followed, a new file is 0600 and belongs to the user behind sudo, an old one is only appended to if
 * it is a recording of ours.
 */
#pragma once

#include <stddef.h>

/*
 * output_open - opens `path` for whole lines at its end. 0 and `*ret_fd`; -errno and one line that says
 * what is wrong and what to do in `ret_error`: -EEXIST where the file is there and is not a regular file
 * with one link, of this owner, that is empty or begins with a start record.
 */
int output_open(const char *path, int *ret_fd, char *ret_error, size_t size);
