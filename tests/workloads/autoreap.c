/* Lives that nobody waits for because nobody has to. */
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

static void no_child_to_wait_for(const struct life *c)
{
	if (waitpid(c->pid, NULL, 0) != -1 || errno != ECHILD)
		truth_broken("a wait for a child that reaps itself");
}

static void tell_by_itself(struct life *c, int status)
{
	life_await_gone(c, status);
	no_child_to_wait_for(c);
	c->how = "auto";
	c->never_zombie = true;
	life_tell(c);
}

void live_sigchld_ignored(void)
{
	struct life *c = life_new();

	signal(SIGCHLD, SIG_IGN);
	if (life_fork(c))
		life_exit(c, 7);
	tell_by_itself(c, 7 << 8);
}

static void on_sigchld(int sig)
{
}

/* The signal is sent, and yet there is no zombie. */
void live_nocldwait(void)
{
	struct sigaction action = {.sa_handler = on_sigchld, .sa_flags = SA_NOCLDWAIT | SA_RESTART};
	struct life *c = life_new();

	sigaction(SIGCHLD, &action, NULL);
	if (life_fork(c))
		life_exit(c, 7);
	tell_by_itself(c, 7 << 8);
}
