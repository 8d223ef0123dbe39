/*
 * Compares what the tracer told, as its JSON lines, with the lives that are known. Pure: bytes in, items
 * out; it does not trust the lines to be whole or right.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "cmd/doctor_report.h"

/* Who lives, in order; the patient is the parent of all but the orphan. */
enum doctor_life {
	LIFE_PATIENT,	  /* a subreaper; exits 0 */
	LIFE_EXIT,	  /* exits 7 */
	LIFE_EXEC,	  /* executes this program, which exits 0 */
	LIFE_KILLED,	  /* by the patient, with SIGKILL */
	LIFE_DEAD_PARENT, /* forks the orphan and exits 0 */
	LIFE_ORPHAN,	  /* inherited by the patient; exits 3 */
	LIFE_IGNORED,	  /* exits 5 while the patient ignores SIGCHLD */
	DOCTOR_LIVES_CNT
};

#define DOCTOR_EXEC_PATH "/proc/self/exe" /* what LIFE_EXEC executes, with one argument more than the name */

/*
 * doctor_check - an item of DOCTOR_SELF_TEST for each life and one for the tracer's own accounts. `pids`
 * are as the caller's pid namespace numbers them; the lines may speak of the initial one.
 */
void doctor_check(const char *lines, size_t len, const pid_t pids[DOCTOR_LIVES_CNT],
		  struct doctor_report *report);
