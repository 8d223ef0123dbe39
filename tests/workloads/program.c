#include "program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

static char path[PATH_MAX];

uint64_t program_start(void)
{
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		truth_broken("/proc/self/exe");
	path[len] = '\0';
	return now_ns();
}

const char *program_path(void)
{
	return path;
}

/* Many short lives in two processes at once: no truth, for storms that a shell counts. */
static int storm(int cnt)
{
	pid_t halves[2];

	for (int h = 0; h < 2; h++) {
		halves[h] = fork();
		for (int i = 0; !halves[h] && i < cnt / 2; i++) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			if (pid < 0 || waitpid(pid, NULL, 0) != pid)
				_exit(1);
		}
		if (!halves[h])
			_exit(0);
	}
	int failed = 0, status;

	for (int h = 0; h < 2; h++)
		failed |= waitpid(halves[h], &status, 0) != halves[h] || status;
	return failed;
}

/* What a core is piped into: reads it whole, or the crash would be without a core. */
static int drain(void)
{
	char block[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, block, sizeof(block))) > 0)
		;
	return n < 0;
}

/* Where nobody has such a key, the kernel runs a program that could make it, and waits for it. */
static int request_key(const char *description)
{
	syscall(SYS_request_key, "user", description, "", 0);
	return 0;
}

int program_act(int argc, char **argv)
{
	if (!strcmp(argv[1], "@exit0"))
		return 0;
	if (!strcmp(argv[1], "@exit") && argc > 2)
		return atoi(argv[2]);
	if (!strcmp(argv[1], "@ignored")) {
		autoreap_inherited();
		return 0;
	}
	if (!strcmp(argv[1], "@storm") && argc > 2)
		return storm(atoi(argv[2]));
	if (!strcmp(argv[1], "@drain"))
		return drain();
	if (!strcmp(argv[1], "@request-key") && argc > 2)
		return request_key(argv[2]);
	if (!strcmp(argv[1], "@abort"))
		abort();
	if (!strcmp(argv[1], "@already-there")) {
		be_there_already();
		return 0;
	}
	return 2;
}
