/*
 * A procfs mount, or a saved tree that looks like one: everything is read below one directory
 * descriptor. Nothing here remembers a process: a number from a walk may belong to somebody else at
 * the next call, and only its start time tells (src/procfs/stat.h).
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_PATH	    "/proc"
#define PROC_BOOT_ID_BYTES  37 /* a UUID in text and its NUL */
#define PROC_PID_NS_INITIAL 4026531836u /* inode of the initial pid namespace (PID_NS_INIT_INO) */

/* Public because each parser of this folder reads below fd. Read-only after init. */
struct proc_root {
	int fd;
	uint64_t tick_ns; /* unit of the times in stat: 1 s / USER_HZ */
	int64_t boot_offset_ns; /* CLOCK_BOOTTIME of our time namespace - that of the kernel */
	uint32_t pid_ns; /* inode of the pid namespace whose numbers it shows; 0 = not known */
	uint32_t self_pid; /* our own number there; 0 = we are not in it */
};

/*
 * proc_root_init - opens the tree at `path` (NULL: PROC_PATH). 0 or -errno of open(2), and then it may
 * be released all the same; what a saved tree lacks stays 0. Call it before privileges are given up:
 * the namespace of pid 1 needs some.
 */
int proc_root_init(struct proc_root *ret_root, const char *path);
void proc_root_release(struct proc_root *root);

/* proc_root_initial - whether its numbers are those of the initial pid namespace. */
bool proc_root_initial(const struct proc_root *root);

/*
 * proc_start_ns - start time in clock ticks (stat, field 22) as nanoseconds of the kernel's own
 * CLOCK_BOOTTIME, up to a tick too early: fs/proc/array.c divides task_struct.start_boottime down,
 * after it added the reader's time namespace.
 */
uint64_t proc_start_ns(const struct proc_root *root, uint64_t start_ticks);

/*
 * proc_start_matches - whether both can be the start of one process: no further apart than a tick.
 */
bool proc_start_matches(const struct proc_root *root, uint64_t start_ns, uint64_t start_ticks);

/*
 * proc_read_at - the whole of a small file below `dirfd`, with a NUL behind it. Its length; -E2BIG
 * when it does not fit into `size`; -errno, where -ENOENT and -ESRCH both mean that the process is
 * gone.
 */
int proc_read_at(int dirfd, const char *path, char *ret_text, size_t size);

/* proc_read_pid - the same for PID/`name`, in one open, read and close. */
int proc_read_pid(const struct proc_root *root, uint32_t pid, const char *name, char *ret_text,
		  size_t size);

/*
 * proc_open_pid - a descriptor of the directory PID, or -errno. What is read below it is of one
 * process even if the number is given to another one meanwhile (fs/proc keeps the struct pid).
 */
int proc_open_pid(const struct proc_root *root, uint32_t pid);

/* proc_read_ns - inode of a namespace from its link ("pid:[4026531836]") below `dirfd`. 0 or
 * -errno. */
int proc_read_ns(int dirfd, const char *path, uint32_t *ret_inode);

/* proc_boot_id - the random id of this boot, terminated. 0, -EBADMSG or -errno. */
int proc_boot_id(const struct proc_root *root, char ret_id[PROC_BOOT_ID_BYTES]);

/* proc_pid_max - kernel.pid_max: numbers are below it. 0, -EBADMSG or -errno. */
int proc_pid_max(const struct proc_root *root, uint32_t *ret_max);

/* proc_btime - wall clock at boot, in whole seconds since 1970 (/proc/stat, btime). 0, -EBADMSG or
 * -errno. */
int proc_btime(const struct proc_root *root, uint64_t *ret_s);

/*
 * A walk over the processes, by number. Whoever is there during the whole walk is shown exactly
 * once, however long the walk rests in between: its position is a pid (fs/proc/base.c,
 * proc_pid_readdir).
 */
struct proc_walk {
	DIR *dir;
};

int proc_walk_init(struct proc_walk *ret_walk, const struct proc_root *root);
void proc_walk_release(struct proc_walk *walk);
void proc_walk_rewind(struct proc_walk *walk);

/* proc_walk_next - 1 and the next number; 0 at the end; -errno. */
int proc_walk_next(struct proc_walk *walk, uint32_t *ret_pid);
