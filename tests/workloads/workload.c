/*
 * workload NAME - lives one scenario, or a random tree, and prints its truth. Also what the scenarios execute: its own
 * program under another first argument, so that a system without any other program will do.
 */
#include "scenarios.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "program.h"
#include "random.h"
#include "truth.h"

#define SCENARIO_ROW(row, name, core, options) {row, #name, core, options, live_##name},
static const struct scenario scenarios[] = {SCENARIOS(SCENARIO_ROW)};
#undef SCENARIO_ROW

#define SCENARIOS_CNT (sizeof(scenarios) / sizeof(scenarios[0]))

static int list(void)
{
	for (size_t i = 0; i < SCENARIOS_CNT; i++)
		printf("%s\t%u\t%s\t%s\n", scenarios[i].name, scenarios[i].row,
		       scenarios[i].core ? "core" : "more", scenarios[i].options);
	return 0;
}

/*
 * The root is told like the others. Its parent is the tracer, which is nobody in its own stream:
 * the pid is all that can be known of it, and its wait is the tracer's own word.
 */
static void tell_root(char **argv, uint64_t started_ns)
{
	const struct image image = {
		.filename = (const char *)getauxval(AT_EXECFN),
		.exe = program_path(),
		.args = argv,
	};
	struct truth line;

	truth_begin(&line, "fork", getpid());
	truth_num(&line, "ppid", (uint64_t)getppid());
	truth_num(&line, "before_ns", started_ns);
	truth_end(&line);
	truth_exec(getpid(), &image, (struct span){.before_ns = started_ns});
	truth_begin(&line, "exit", getpid());
	truth_num(&line, "status", 0);
	truth_num(&line, "after_ns", started_ns);
	truth_text(&line, "comm", "workload");
	truth_end(&line);
	truth_begin(&line, "reap", getpid());
	truth_text(&line, "how", "wait");
	truth_num(&line, "reaper_pid", (uint64_t)getppid());
	truth_end(&line);
}

int main(int argc, char **argv)
{
	uint64_t started_ns = program_start();

	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	if (argc >= 2 && argv[1][0] == '@')
		return program_act(argc, argv);
	for (size_t i = 0; argc == 2 && i < SCENARIOS_CNT; i++) {
		if (strcmp(argv[1], scenarios[i].name))
			continue;
		tell_root(argv, started_ns);
		scenarios[i].live();
		return 0;
	}
	if (argc == 2 && random_is_name(argv[1])) {
		tell_root(argv, started_ns);
		random_live(argv[1]);
		return 0;
	}
	fprintf(stderr, "usage: workload NAME | random:SEED:LIVES | --list\n");
	return 2;
}
