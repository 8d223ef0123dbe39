/*
 * COMMAND, run as if the tracer were not there: same credentials, environment, directory, process
 * group (so that Ctrl-C reaches it), signal mask, ignored signals and limits as the tracer was
 * started with. And the tracer's own end, which tells how COMMAND ended.
 *
 * Embedded by its owner. One COMMAND a run.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct command {
	pid_t pid;	  /* 0 = not started; in the tracer's pid namespace */
	int status;	  /* once finished: as waitpid gave it */
	int error;	  /* once finished: errno of the exec that failed, 0 = it ran */
	bool finished;
	bool limits_known;
	int error_fd;	  /* while it runs: an exec that fails says why */
	sigset_t ignored; /* dispositions that an exec keeps, as the tracer was started */
	struct rlimit locked_memory, descriptors; /* what loading programs and watching pidfds may raise */
};

/*
 * command_init - keeps what COMMAND is to inherit. Call it first thing in the program, before anything
 * changes a disposition or a limit.
 */
void command_init(struct command *command);

/*
 * command_start - forks; the child gets `original_mask` (NULL: the caller's mask of now) and runs argv,
 * looked up in PATH (execvp(3)). Returns without waiting for the exec: 0, or -errno when there is no child.
 * Call it before capabilities are dropped or no_new_privs is set. SIGCHLD is taken out of SIG_IGN, or
 * COMMAND's status would be lost.
 */
int command_start(struct command *command, char *const *argv, const sigset_t *original_mask);

static inline pid_t command_pid(const struct command *command)
{
	return command->pid;
}

/*
 * command_poll - after SIGCHLD: whether COMMAND has finished (stop and continue do not count). From the
 * first true on, `status` and `error` hold, and the pid may belong to another. An exec that failed shows as
 * the exit code of env(1): 127 where there was no such program, else 126.
 */
bool command_poll(struct command *command);

/*
 * command_exit - ends the tracer as COMMAND ended, as strace(1) does: returns the code to exit with, or
 * does not return and dies of the same signal, without a core of its own. A code of 0 becomes 1 where
 * `output_lost`. Write out everything before.
 */
int command_exit(int status, bool output_lost);

/* command_release - closes what is open. COMMAND itself is left alone. */
void command_release(struct command *command);
