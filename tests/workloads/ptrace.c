/* Tracers: somebody else's wait returns a child, and does not reap it. */
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

static void be_tracer(struct life *x, struct life *c, struct gate *seized)
{
	int status;

	if (ptrace(PTRACE_SEIZE, c->pid, NULL, NULL))
		truth_skip("ptrace is refused");
	gate_open(seized);
	if (waitpid(c->pid, &status, __WALL) != c->pid || !WIFEXITED(status))
		truth_broken("the tracer's wait");
	life_exit(x, 0);
}

/* One zombie from its death to its parent's wait, with the tracer's wait between. */
void live_third_party_tracer(void)
{
	struct life *c = life_new(), *x = life_new();
	struct gate *seized = gate_new();

	if (life_fork(c)) {
		gate_await(seized);
		life_exit(c, 7);
	}
	if (life_fork(x))
		be_tracer(x, c, seized);
	life_wait(x, 0);
	c->death.before_ns = x->death.before_ns;
	nap_ms(20);
	life_wait(c, 0);
	life_tell(c);
	life_tell(x);
}

/* A stop is reported by the same wait that will reap. */
void live_traced_child(void)
{
	struct life *c = life_new();
	int status;

	if (life_fork(c)) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			truth_skip("ptrace is refused");
		raise(SIGSTOP);
		life_exit(c, 7);
	}
	if (waitpid(c->pid, &status, 0) != c->pid || !WIFSTOPPED(status))
		truth_broken("a wait for a traced child's stop");
	ptrace(PTRACE_CONT, c->pid, NULL, NULL);
	life_wait(c, 0);
	life_tell(c);
}
