/*
 * Every scenario, in one table. To add one: a line here and live_NAME() in the file of its family.
 *
 * X(row, name, core, options): row numbers the list of lives that the suite follows; core ones run
 * by default; options are handed to the tracer as they are, "" or words parted by one space.
 */
#pragma once

#include <stdbool.h>

#define SCENARIOS(X)                                                                               \
	X(1, simple, true, "")                                                                     \
	X(2, long_zombie, true, "")                                                                \
	X(3, wait_first, true, "")                                                                 \
	X(4, wnohang_poll, true, "")                                                               \
	X(5, waitid, true, "")                                                                     \
	X(11, stop_continue, true, "")                                                             \
	X(15, stopped_parent, true, "")                                                            \
	X(16, sigchld_ignored, true, "")                                                           \
	X(18, nocldwait, true, "")                                                                 \
	X(27, daemon, true, "")                                                                    \
	X(28, subreaper, true, "")                                                                 \
	X(32, reparented_zombie, true, "")                                                         \
	X(37, clone_parent, true, "")                                                              \
	X(38, pdeath_signal, true, "")                                                             \
	X(40, vfork_parent_killed, true, "")                                                       \
	X(46, exec, true, "")                                                                      \
	X(47, nonleader_exec, true, "")                                                            \
	X(49, leader_first, true, "")                                                              \
	X(51, exit_group_by_thread, true, "")                                                      \
	X(53, exec_fails, true, "")                                                                \
	X(55, script, true, "")                                                                    \
	X(61, kill9, true, "")                                                                     \
	X(64, term_caught, true, "")                                                               \
	X(67, segv_core, true, "")                                                                 \
	X(80, burst, true, "")                                                                     \
	X(81, pid_reuse, true, "")

#define SCENARIO_PROTOTYPE(row, name, core, options) void live_##name(void);
SCENARIOS(SCENARIO_PROTOTYPE)
#undef SCENARIO_PROTOTYPE

struct scenario {
	unsigned row;
	const char *name;
	bool core;
	const char *options;
	void (*live)(void);
};
