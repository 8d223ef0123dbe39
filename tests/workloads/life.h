/*
 * What a scenario is made of: lives in shared memory, so that whoever forks, kills or reaps a
 * process (a grandchild's parent, a thread, the dying one itself) notes it where the root can tell
 * it.
 *
 * The bounds are readings of CLOCK_BOOTTIME around each step. Nothing here waits for a time where
 * it could wait for a condition; nap_ms() is for scenarios whose point is a delay.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "truth.h"

/* killer: the kernel itself; 0 = not killed, or nobody to name. */
#define KILLED_BY_KERNEL ((pid_t)-1)

struct life {
	pid_t pid;
	pid_t parent; /* who forked it; CLONE_PARENT: who is its parent from birth */
	pid_t creator; /* where it is not the parent; else 0 */
	pid_t heir; /* its parent at the end, where that is another one; else 0 */
	pid_t death_parent; /* its parent at its death, where heirs came before and after; else 0 */
	const char *kind; /* of the fork fact */
	const char *comm; /* at its end; NULL: not checked */
	const char *how; /* of the reap fact */
	pid_t reaper; /* 0: nobody */
	pid_t killer;
	int status; /* as wait reported it, or as it is known where nobody could */
	int exit_signal; /* SIGCHLD; told where it is not */
	pid_t ns_pid; /* its number in a nested pid namespace; 0: not in one */
	uint64_t pid_ns; /* inode of that */
	unsigned reuse; /* how many earlier lives of this scenario had its pid */
	pid_t exec_tid; /* the thread that executed, where it was not the leader */
	const char *cgroup; /* path of its own cgroup at birth; NULL: not checked */
	const char *container; /* its id; NULL: not checked */
	const char *oom_cgroup; /* with oom; NULL: not checked */
	pid_t session; /* at birth; 0: not checked */
	const char *tty; /* at birth, below /dev; NULL: not checked */
	uid_t login_uid; /* at birth; 0: not checked */
	bool oom;
	bool never_zombie;
	bool wait_call; /* by a plain wait call, whose result is no secret */
	bool inherited_dead; /* the heir got it as a zombie */
	struct span birth, death, reap;
};

/* life_new - one more life on the shared board. */
struct life *life_new(void);

uint64_t now_ns(void);
void nap_ms(unsigned ms);

/* life_fork - fork(); true in the child. */
bool life_fork(struct life *life);

/* What clone3 is asked for. set_tid 0: any pid; cgroup_fd: with its flag. */
struct clone_plan {
	uint64_t flags;
	int exit_signal;
	pid_t set_tid;
	int cgroup_fd;
};

/* life_clone - clone3() without a new stack; 1 in the child, 0 in the creator, or -errno. */
int life_clone(struct life *life, struct clone_plan plan);

/* life_born - for a caller that forks by itself (vfork): notes the pid after life_conceive(). */
void life_conceive(struct life *life, const char *kind);
void life_born(struct life *life, pid_t pid);

/* life_exit - _exit() of the whole caller. */
void life_exit(struct life *life, int code) __attribute__((noreturn));
void life_kill(struct life *life, int sig);

/* life_wait - waitpid(pid, options). false: WNOHANG found nothing. Breaks the run on an error. */
bool life_wait(struct life *life, int options);

/* life_wait_any - waitpid(-1): whichever of the `cnt` lives it returns. */
void life_wait_any(struct life *const *lives, size_t cnt);

/* life_waitid - waitid(type, id, WEXITED | options): si_pid must be this life. */
void life_waitid(struct life *life, int type, id_t id, int options);

/* life_reaped - for a caller that waited by itself. */
void life_reaped(struct life *life, struct span when, int status);

/*
 * life_await_death - until it is a zombie (or gone), without a wait call that a tracer would see.
 */
void life_await_death(struct life *life);

/* life_await_gone - until the number is free; says that nobody waits for it: `status` is what it
 * exits with. */
void life_await_gone(struct life *life, int status);

/* life_tell - its birth, death and reap. */
void life_tell(const struct life *life);

/* life_tell_handed - and that it went from a dead parent to its heir, at the parent's death. */
void life_tell_handed(const struct life *life, const struct life *dead_parent, const char *kind);

/* await_state - until /proc/PID/stat shows that letter. */
void await_state(pid_t pid, char state);

void become_subreaper(void);

/* A gate between processes: closed until somebody opens it. Lives on the shared board. */
struct gate;
struct gate *gate_new(void);
void gate_open(struct gate *gate);
void gate_await(struct gate *gate);
