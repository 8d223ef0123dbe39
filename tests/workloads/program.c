#include "program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
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

int program_act(int argc, char **argv)
{
	if (!strcmp(argv[1], "@exit0"))
		return 0;
	if (!strcmp(argv[1], "@exit") && argc > 2)
		return atoi(argv[2]);
	return 2;
}
