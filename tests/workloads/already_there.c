/* Lives that a tracer finds when it comes: it must not take for a zombie what is none, nor guess since when. */
#include "program.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"

#define LEFT_BEHIND_S 60 /* an end for those whose parent was killed */

static void *outlive_leader(void *end)
{
	gate_await(end);
	exit(5);
}

static void lose_leader(struct gate *end)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, outlive_leader, end))
		truth_broken("pthread_create");
	syscall(SYS_exit, 0);
}

static void await_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

void be_there_already(void)
{
	struct life *z = life_new(), *l = life_new(), *s = life_new();
	struct gate *end = gate_new();
	struct truth line;

	if (life_fork(z))
		life_exit(z, 7);
	if (life_fork(l)) {
		alarm(LEFT_BEHIND_S);
		lose_leader(end);
	}
	if (life_fork(s)) {
		alarm(LEFT_BEHIND_S);
		raise(SIGSTOP);
		life_exit(s, 3);
	}
	life_await_death(z);
	await_state(l->pid, 'Z');
	await_state(s->pid, 'T');
	truth_begin(&line, "already there", getpid());
	truth_num(&line, "zombie", (uint64_t)z->pid);
	truth_num(&line, "leader", (uint64_t)l->pid);
	truth_num(&line, "stopped", (uint64_t)s->pid);
	truth_end(&line);
	await_end_of_input();
	gate_open(end);
	kill(s->pid, SIGCONT);
	life_wait(z, 0);
	life_wait(l, 0);
	life_wait(s, 0);
}
