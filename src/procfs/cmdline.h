/* /proc/PID/cmdline: the arguments of a process as they are in its memory now (man 5
 * proc_pid_cmdline). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proctrace/event.h"
#include "procfs/proc.h"

/*
 * cmdline_read - up to `size` bytes of the arguments of `who`, NUL-separated; the program may have
 * written anything there. 0 with the length (0: a kernel thread, or a dead process) and whether
 * more was there; -ESRCH when the number belongs to no process, or to one that started at another
 * time; other -errno. `who` is numbered as `root` numbers.
 */
int cmdline_read(const struct proc_root *root, struct pt_identity who, char *ret_bytes, size_t size,
		 size_t *ret_len, bool *ret_cut);
