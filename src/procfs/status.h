/* /proc/PID/status: what stat does not say (man 5 proc_pid_status; fs/proc/array.c,
 * proc_pid_status). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STATUS_NS_MAX                                                                              \
	33 /* numbers in NSpid: 32 nested pid namespaces (MAX_PID_NS_LEVEL) and the mount's */

struct status {
	uint32_t tgid, pid;
	uint32_t ppid; /* real parent's; 0 = outside of the mount's pid namespace */
	uint32_t tracer_pid; /* 0 = not traced */
	uint32_t uid, gid; /* real ids, in the reader's user namespace */
	uint32_t threads_cnt;
	char state;
	uint8_t ns_cnt; /* 1 = lives in the mount's pid namespace itself; 0 = no NSpid line */
	uint32_t ns_pid[STATUS_NS_MAX]; /* from the mount's namespace to the process's own */
	/* Bit n - 1 is signal n. */
	uint64_t pending, shared_pending, blocked, ignored, caught;
	uint64_t cap_effective; /* bit n is capability n */
};

/* status_parse - the whole text. 0, or -EBADMSG when a line that every kernel has is missing or
 * cut. */
int status_parse(const char *text, size_t len, struct status *ret_status);

/* status_read - the file `path` below `dirfd`. 0, -EBADMSG, or -errno (-ENOENT, -ESRCH: gone). */
int status_read(int dirfd, const char *path, struct status *ret_status);
