#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "options.h"

/* What a test changes of the process is put back after it. */
static struct sigaction sigchld, sigpipe, sigusr1;
static struct rlimit descriptors;
static sigset_t blocked;

static int keep(void **state)
{
	sigaction(SIGCHLD, NULL, &sigchld);
	sigaction(SIGPIPE, NULL, &sigpipe);
	sigaction(SIGUSR1, NULL, &sigusr1);
	getrlimit(RLIMIT_NOFILE, &descriptors);
	return sigprocmask(SIG_SETMASK, NULL, &blocked);
}

static int put_back(void **state)
{
	sigaction(SIGCHLD, &sigchld, NULL);
	sigaction(SIGPIPE, &sigpipe, NULL);
	sigaction(SIGUSR1, &sigusr1, NULL);
	setrlimit(RLIMIT_NOFILE, &descriptors);
	return sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* Sleeps until the command is `what` (WEXITED, WSTOPPED), and leaves the news to be collected. */
static void await(const struct command *command, int what)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, command_pid(command), &info, what | WNOWAIT), 0);
}

static void start(struct command *command, const char *script)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};

	assert_int_equal(command_start(command, argv, &blocked), 0);
	assert_true(command_pid(command) > 0);
}

static void finish(struct command *command)
{
	await(command, WEXITED);
	assert_true(command_poll(command));
	assert_true(command->finished);
	assert_true(command_poll(command));
}

static void run(struct command *command, const char *script)
{
	command_init(command);
	start(command, script);
	finish(command);
	assert_int_equal(command->error, 0);
}

/* What an initialised command writes to its stdout. */
static void says(struct command *command, char *const *argv, char *ret_text, size_t size)
{
	int fd = memfd_create("said", MFD_CLOEXEC), out = dup(STDOUT_FILENO);
	ssize_t n;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(command_start(command, argv, &blocked), 0);
	dup2(out, STDOUT_FILENO);
	close(out);
	finish(command);
	assert_int_equal(command->status, 0);
	n = pread(fd, ret_text, size - 1, 0);
	assert_true(n > 0);
	ret_text[n] = '\0';
	close(fd);
}

/*
 * A mask of /proc/self/status (SigBlk, SigIgn), as the command sees it. Not through a shell, which
 * has its own mind about both.
 */
static unsigned long long mask_of(struct command *command, const char *which)
{
	char *argv[] = {"grep", (char *)which, "/proc/self/status", NULL};
	char text[64];

	says(command, argv, text, sizeof(text));
	return strtoull(text + strcspn(text, "\t"), NULL, 16);
}

static bool has(unsigned long long mask, int signal)
{
	return mask >> (signal - 1) & 1;
}

static void test_exit_code(void **state)
{
	struct command command;

	run(&command, "exit 7");
	assert_true(WIFEXITED(command.status));
	assert_int_equal(command_exit(command.status, false), 7);
	assert_int_equal(command_exit(command.status, true), 7);
	run(&command, "exit 0");
	assert_int_equal(command_exit(command.status, false), 0);
	assert_int_equal(command_exit(command.status, true), EXIT_RUNTIME);
}

static void fails(const char *name, int error, int code)
{
	struct command command;
	char *argv[] = {(char *)name, NULL};

	command_init(&command);
	assert_int_equal(command_start(&command, argv, &blocked), 0);
	finish(&command);
	assert_int_equal(command.error, error);
	assert_int_equal(command_exit(command.status, false), code);
	command_release(&command);
}

static void test_cannot_run(void **state)
{
	fails("no-such-program-anywhere", ENOENT, EXIT_NOT_FOUND);
	fails("/no/such/file", ENOENT, EXIT_NOT_FOUND);
	fails("", ENOENT, EXIT_NOT_FOUND);
	fails("/", EACCES, EXIT_CANNOT_RUN);
	fails("/proc/version", EACCES, EXIT_CANNOT_RUN);
	fails("/dev/null/x", ENOTDIR, EXIT_CANNOT_RUN);
}

static void test_not_found_of_its_own(void **state)
{
	struct command command;

	run(&command, "exit 127");
	assert_int_equal(command_exit(command.status, false), 127);
}

static void test_stop_is_not_the_end(void **state)
{
	struct command command;

	command_init(&command);
	assert_false(command_poll(&command));
	start(&command, "kill -STOP $$; exit 3");
	await(&command, WSTOPPED);
	assert_false(command_poll(&command));
	assert_int_equal(getpgid(command_pid(&command)), getpgrp());
	kill(command_pid(&command), SIGCONT);
	finish(&command);
	assert_int_equal(command_exit(command.status, false), 3);
}

static void test_other_children_are_left_alone(void **state)
{
	struct command command;
	int status;
	pid_t other = fork();

	if (other == 0)
		_exit(9);
	run(&command, "exit 1");
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(WEXITSTATUS(status), 9);
}

static void test_mask(void **state)
{
	struct command command;
	unsigned long long mask;
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR2);
	sigprocmask(SIG_BLOCK, &ours, &blocked);
	command_init(&command);
	mask = mask_of(&command, "SigBlk");
	assert_false(has(mask, SIGUSR2));
	sigprocmask(SIG_SETMASK, NULL, &ours);
	assert_true(sigismember(&ours, SIGUSR2));
	assert_false(sigismember(&ours, SIGTERM));
	blocked = ours;
	command_init(&command);
	mask = mask_of(&command, "SigBlk");
	assert_true(has(mask, SIGUSR2));
	sigdelset(&blocked, SIGUSR2);
}

static void ignore_handler(int signal)
{
}

static void test_dispositions(void **state)
{
	struct command command;
	unsigned long long mask;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	command_init(&command);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, ignore_handler);
	mask = mask_of(&command, "SigIgn");
	assert_false(has(mask, SIGPIPE));
	assert_true(has(mask, SIGUSR1));
}

static void test_ignored_sigchld(void **state)
{
	struct command command;

	signal(SIGCHLD, SIG_IGN);
	command_init(&command);
	start(&command, "exit 5");
	finish(&command);
	assert_int_equal(command_exit(command.status, false), 5);

	signal(SIGCHLD, SIG_IGN);
	command_init(&command);
	assert_true(has(mask_of(&command, "SigIgn"), SIGCHLD));
}

static void test_limits(void **state)
{
	struct rlimit fewer = {.rlim_cur = 64, .rlim_max = descriptors.rlim_max};
	struct command command;
	char *argv[] = {"sh", "-c", "ulimit -n", NULL};
	char text[32];

	setrlimit(RLIMIT_NOFILE, &fewer);
	command_init(&command);
	fewer.rlim_cur = 128;
	setrlimit(RLIMIT_NOFILE, &fewer);
	says(&command, argv, text, sizeof(text));
	assert_string_equal(text, "64\n");
}

static void test_environment_and_directory(void **state)
{
	struct command command;
	char *argv[] = {"sh", "-c", "echo \"$COMMAND_TEST\"; cut -d' ' -f5 /proc/self/stat", NULL};
	char text[64], expected[64];

	setenv("COMMAND_TEST", "a b", 1);
	snprintf(expected, sizeof(expected), "a b\n%d\n", getpgrp());
	command_init(&command);
	says(&command, argv, text, sizeof(text));
	assert_string_equal(text, expected);
}

/* How a process ends that ends as `status` says. */
static int end_of(int status, bool block, bool ignore)
{
	struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
	int signal_number = WTERMSIG(status), ended;
	sigset_t all;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &any);
		sigfillset(&all);
		if (block)
			sigprocmask(SIG_SETMASK, &all, NULL);
		signal(signal_number, ignore ? SIG_IGN : SIG_DFL);
		_exit(command_exit(status, false));
	}
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	return ended;
}

static void test_death_by_signal(void **state)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGSEGV, SIGABRT, SIGPIPE};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* The status exactly: no bit for a core. */
		assert_int_equal(end_of(signals[i], false, false), signals[i]);
		assert_int_equal(end_of(signals[i] | 0x80, true, true), signals[i]);
	}
}

static void test_killed_command(void **state)
{
	struct command command;

	run(&command, "kill -KILL $$");
	assert_true(WIFSIGNALED(command.status));
	assert_int_equal(end_of(command.status, false, false), SIGKILL);
}

#define test(function) cmocka_unit_test_setup_teardown(function, keep, put_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_exit_code),
		test(test_cannot_run),
		test(test_not_found_of_its_own),
		test(test_stop_is_not_the_end),
		test(test_other_children_are_left_alone),
		test(test_mask),
		test(test_dispositions),
		test(test_ignored_sigchld),
		test(test_limits),
		test(test_environment_and_directory),
		test(test_death_by_signal),
		test(test_killed_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
