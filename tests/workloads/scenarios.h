/*
 * Every scenario, in one table. To add one: a line here and live_NAME() in the file of its family.
 *
 * X(row, name, core, options): row is the life's number in the design's list, 0 where it is in
 * none; core ones run by default; options are handed to the tracer as they are, "" or words parted
 * by one space.
 */
#pragma once

#include <stdbool.h>

#define SCENARIOS(X)                                                                               \
	X(1, simple, true, "")                                                                     \
	X(2, long_zombie, true, "")                                                                \
	X(3, wait_first, true, "")                                                                 \
	X(4, wnohang_poll, true, "")                                                               \
	X(5, waitid, true, "")                                                                     \
	X(6, wnowait, false, "")                                                                   \
	X(7, waitid_null, false, "")                                                               \
	X(0, wait_fault, false, "")                                                                \
	X(9, pidfd_wait, false, "")                                                                \
	X(10, group_wait, false, "")                                                               \
	X(11, stop_continue, true, "")                                                             \
	X(12, thread_wait, false, "")                                                              \
	X(13, wait_32bit, false, "")                                                               \
	X(14, uring_wait, false, "")                                                               \
	X(15, stopped_parent, true, "")                                                            \
	X(16, sigchld_ignored, true, "")                                                           \
	X(17, ignored_in_wait, false, "")                                                          \
	X(18, nocldwait, true, "")                                                                 \
	X(20, ignored_over_exec, false, "")                                                        \
	X(0, ignored_too_late, false, "")                                                          \
	X(21, exit_signal_0, false, "")                                                            \
	X(23, exit_signal_over_exec, false, "")                                                    \
	X(24, clone_autoreap, false, "")                                                           \
	X(27, daemon, true, "")                                                                    \
	X(28, subreaper, true, "")                                                                 \
	X(29, late_subreaper, false, "")                                                           \
	X(30, subreaper_dies, false, "")                                                           \
	X(32, reparented_zombie, true, "")                                                         \
	X(34, dying_thread, false, "")                                                             \
	X(35, children_of_threads, false, "")                                                      \
	X(37, clone_parent, true, "")                                                              \
	X(38, pdeath_signal, true, "")                                                             \
	X(39, orphaned_stopped_group, false, "")                                                   \
	X(40, vfork_parent_killed, true, "")                                                       \
	X(42, namespace_init_dies, false, "")                                                      \
	X(43, namespace_init_waits, false, "")                                                     \
	X(44, unshare_and_fork, false, "")                                                         \
	X(46, exec, true, "")                                                                      \
	X(47, nonleader_exec, true, "")                                                            \
	X(49, leader_first, true, "")                                                              \
	X(50, last_threads_code, false, "")                                                        \
	X(51, exit_group_by_thread, true, "")                                                      \
	X(52, threads_end_together, false, "")                                                     \
	X(53, exec_fails, true, "")                                                                \
	X(54, exec_fails_late, false, "")                                                          \
	X(55, script, true, "")                                                                    \
	X(56, fexecve, false, "")                                                                  \
	X(57, exec_check, false, "")                                                               \
	X(59, new_session, false, "")                                                              \
	X(60, renamed, false, "")                                                                  \
	X(61, kill9, true, "")                                                                     \
	X(62, kill9_threads, false, "")                                                            \
	X(63, term_blocked, false, "")                                                             \
	X(64, term_caught, true, "")                                                               \
	X(65, kill_a_zombie, false, "")                                                            \
	X(67, segv_core, true, "")                                                                 \
	X(68, abort, false, "")                                                                    \
	X(69, core_with_threads, false, "")                                                        \
	X(70, seccomp_kill, false, "")                                                             \
	X(71, oom, false, "")                                                                      \
	X(72, cgroup_kill, false, "")                                                              \
	X(73, alarm, false, "")                                                                    \
	X(74, session_leader_exits, false, "")                                                     \
	X(75, third_party_tracer, false, "")                                                       \
	X(77, traced_child, false, "")                                                             \
	X(80, burst, true, "")                                                                     \
	X(0, storm, false, "")                                                                     \
	X(81, pid_reuse, true, "")                                                                 \
	X(82, killed_at_birth, false, "")                                                          \
	X(83, fork_fails, false, "")                                                               \
	X(84, clone_into_cgroup, false, "")                                                        \
	X(85, uring_worker, false, "")                                                             \
	X(86, big_exit, false, "")                                                                 \
	X(0, container, false, "")                                                                 \
	X(0, memory_cgroup, false, "")                                                             \
	X(0, renamed_cgroup, false, "")                                                            \
	X(0, systemd_cgroup, false, "")                                                            \
	X(0, session, false, "")                                                                   \
	X(0, login, false, "")

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
