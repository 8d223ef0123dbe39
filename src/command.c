#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

void command_init(struct command *command)
{
	memset(command, 0, sizeof(*command));
	command->error_fd = -1;
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action;

		if (!sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN)
			sigaddset(&command->ignored, signal);
	}
	command->limits_known = !getrlimit(RLIMIT_MEMLOCK, &command->locked_memory) &&
				!getrlimit(RLIMIT_NOFILE, &command->descriptors);
}

/*
 * Handlers fall to default at the exec, but one of ours must not run in the child before it either.
 */
static void restore_dispositions(const sigset_t *ignored)
{
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action = {
			.sa_handler = sigismember(ignored, signal) == 1 ? SIG_IGN : SIG_DFL};
		struct sigaction now;

		/* Not for KILL and STOP, nor for the two that the C library keeps. */
		if (!sigaction(signal, NULL, &now) && now.sa_handler != action.sa_handler)
			sigaction(signal, &action, NULL);
	}
}

static void run_child(const struct command *command, char *const *argv, const sigset_t *mask,
		      int error_fd)
{
	int error;

	restore_dispositions(&command->ignored);
	if (command->limits_known) {
		setrlimit(RLIMIT_MEMLOCK, &command->locked_memory);
		setrlimit(RLIMIT_NOFILE, &command->descriptors);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	while (write(error_fd, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

/* A tracer started with SIGCHLD ignored would never see a status: the kernel reaps for it. */
static void keep_zombies(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action))
		return;
	if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT))
		return;
	if (action.sa_handler == SIG_IGN)
		action.sa_handler = SIG_DFL;
	action.sa_flags &= ~SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, NULL);
}

int command_start(struct command *command, char *const *argv, const sigset_t *original_mask)
{
	sigset_t all, mask;
	int ends[2], error = 0;
	pid_t pid;

	/* The reader's end does not block: it is read once the writer is dead. */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	keep_zombies();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	pid = fork();
	if (pid == 0)
		run_child(command, argv, original_mask ? original_mask : &mask, ends[1]);
	if (pid < 0)
		error = -errno;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return error;
	}
	command->pid = pid;
	command->error_fd = ends[0];
	return 0;
}

/* The child writes before it exits and an exec closes its end: at its death all that comes is
 * there. */
static int read_error(int fd)
{
	int error = 0;

	return read(fd, &error, sizeof(error)) == sizeof(error) ? error : 0;
}

bool command_poll(struct command *command)
{
	pid_t pid;

	if (command->finished || !command->pid)
		return command->finished;
	pid = waitpid(command->pid, &command->status, WNOHANG);
	if (pid != command->pid && !(pid < 0 && errno == ECHILD))
		return false;
	if (pid < 0)
		command->status = W_EXITCODE(EXIT_RUNTIME, 0); /* taken from us: no one knows */
	command->finished = true;
	command->error = read_error(command->error_fd);
	command_release(command);
	return true;
}

/*
 * The limit stops a core file, the flag also a core that a program would be fed with (man 5 core).
 */
static void die_of(int signal)
{
	struct rlimit none = {0};
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t only;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	sigaction(signal, &action, NULL);
	raise(signal);
	sigemptyset(&only);
	sigaddset(&only, signal);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
}

int command_exit(int status, bool output_lost)
{
	int code;

	if (WIFSIGNALED(status)) {
		die_of(WTERMSIG(status));
		return 128 + WTERMSIG(status); /* as a shell would say it: init of a pid namespace
						  lives on */
	}
	code = WEXITSTATUS(status);
	return code == 0 && output_lost ? EXIT_RUNTIME : code;
}

void command_release(struct command *command)
{
	if (command->pid && command->error_fd >= 0)
		close(command->error_fd);
	command->error_fd = -1;
}
