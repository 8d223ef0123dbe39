/* /proc/PID/stat: one line that says who a process is (man 5 proc_pid_stat; fs/proc/array.c). */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "procfs/proc.h"

/* A worker of a workqueue shows more than the 15 bytes of task_struct.comm here: its work too. */
#define STAT_COMM_BYTES 65
#define STAT_BYTES_MAX	2048 /* 52 numbers of at most 20 digits and a comm take less */

#define STAT_FLAG_EXITING 0x00000004u /* PF_EXITING: the leader has begun to exit */
#define STAT_FLAG_KTHREAD 0x00200000u /* PF_KTHREAD */

/* Of the leader, but for num_threads. */
struct stat_line {
	uint32_t pid;
	uint32_t ppid; /* real parent's, not the tracer's; 0 = outside of the mount's pid namespace
			*/
	uint32_t session; /* 0 = none, or its leader is outside of the mount's pid namespace */
	uint32_t
		tty_nr; /* device of the controlling terminal, as new_encode_dev() packs it; 0 = none
			  */
	uint32_t flags; /* task_struct.flags */
	uint32_t threads_cnt; /* not yet released, a dead leader included; 0 = it was being released
			       */
	uint64_t start_ticks;
	int32_t exit_signal; /* -1: the number is that of a thread, which leads no process */
	uint32_t exit_code; /* as wait4 reports it; 0 where it may not be read */
	char state; /* R S D T t Z X I ... */
	uint8_t comm_len;
	char comm[STAT_COMM_BYTES]; /* any bytes but NUL, unescaped, terminated */
};

/* What a line says of the life of a process as a whole. */
enum stat_life {
	STAT_GONE, /* released while we looked */
	STAT_ALIVE,
	STAT_EXITING, /* the leader is in exit; whether others live, the line does not say */
	STAT_LEADER_ZOMBIE, /* the leader is dead, threads are not yet released */
	STAT_ZOMBIE,
};

/*
 * stat_parse - the whole text of a stat file. 0, or -EBADMSG when it is not one, or cut. The name
 * may hold anything, ") R 1 (" and newlines included; behind its last ')' there are only numbers
 * and blanks.
 */
int stat_parse(const char *text, size_t len, struct stat_line *ret_stat);

/* stat_read - that of `pid`: one open, read and close. 0, -EBADMSG, or -errno of proc_read_at(). */
int stat_read(const struct proc_root *root, uint32_t pid, struct stat_line *ret_stat);

/* stat_read_at - that of the process whose directory is `dirfd`. */
int stat_read_at(int dirfd, struct stat_line *ret_stat);

enum stat_life stat_life(const struct stat_line *stat);

/* stat_gone - whether an error of a read means that there is no such process (any more). */
static inline bool stat_gone(int error)
{
	/* ENOENT: not there when opened; ESRCH: gone between open and read. */
	return error == -ENOENT || error == -ESRCH;
}
