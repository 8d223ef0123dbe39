/* The workload as the program that scenarios execute. */
#pragma once

#include <stdint.h>

/* program_start - notes where this program lies; the boot time. Call first. */
uint64_t program_start(void);

/* program_path - the path of this program as the kernel writes it (/proc/self/exe). */
const char *program_path(void);

/*
 * program_act - the roles, by argv[1]: "@exit N ..." exits with N; "@exit0 ..." with 0 (the one
 * option of a script's first line); "@ignored" forks while SIGCHLD is inherited as ignored;
 * "@already-there" has odd children before a tracer comes; "@drain" reads its input to the end;
 * "@request-key WORD" makes the kernel run a program; "@abort" does. Returns the exit code.
 */
int program_act(int argc, char **argv);

/* autoreap_inherited - the part of "@ignored". */
void autoreap_inherited(void);

/*
 * be_there_already - the part of "@already-there": a zombie, a process whose leader is dead, a stopped one.
 * Prints their pids as one JSON object; at the end of standard input it lets them end, and reaps them.
 */
void be_there_already(void);
