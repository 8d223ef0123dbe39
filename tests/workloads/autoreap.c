/* Lives that nobody waits for because nobody has to. */
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"
#include "program.h"

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

/* The root is asleep in a wait that will end with ECHILD. */
void live_ignored_in_wait(void)
{
	struct life *c = life_new();
	struct gate *about_to_wait = gate_new();
	pid_t parent = getpid();

	signal(SIGCHLD, SIG_IGN);
	if (life_fork(c)) {
		gate_await(about_to_wait);
		await_state(parent, 'S');
		life_exit(c, 7);
	}
	gate_open(about_to_wait);
	no_child_to_wait_for(c);
	life_await_gone(c, 7 << 8);
	c->how = "auto";
	c->never_zombie = true;
	life_tell(c);
}

/* Ignored only after the death: a zombie like any other, to be waited for. */
void live_ignored_too_late(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_await_death(c);
	signal(SIGCHLD, SIG_IGN);
	nap_ms(10);
	life_wait(c, 0);
	life_tell(c);
}

/* No signal at its end: plain waits do not see it, and nothing tells when it became a zombie but
 * its exit. */
void live_exit_signal_0(void)
{
	struct life *c = life_new();
	int ret = life_clone(c, (struct clone_plan){.exit_signal = 0});

	if (ret == 1)
		life_exit(c, 7);
	if (ret < 0)
		truth_skip("clone3 is refused");
	no_child_to_wait_for(c);
	life_await_death(c);
	nap_ms(10);
	life_wait(c, __WCLONE);
	life_tell(c);
}

/* The ignoring outlives an exec; the program then has children who reap themselves: @ignored. */
void live_ignored_over_exec(void)
{
	struct life *p = life_new();
	char *const args[] = {(char *)program_path(), "@ignored", NULL};
	struct image image = {.filename = program_path(), .exe = program_path(), .args = args};

	if (life_fork(p)) {
		signal(SIGCHLD, SIG_IGN);
		execv(program_path(), args);
		truth_broken("execv");
	}
	p->death.after_ns = p->birth.after_ns;
	life_wait(p, 0);
	life_tell(p);
	truth_exec(p->pid, &image, (struct span){p->birth.after_ns, p->reap.before_ns});
}

#define CLONE_AUTOREAP_FLAG (1ull << 34)

/* A child that was born to reap itself, whatever its parent does about SIGCHLD. */
void live_clone_autoreap(void)
{
	struct life *c = life_new();
	int ret = life_clone(c, (struct clone_plan){.flags = CLONE_AUTOREAP_FLAG});

	if (ret == 1)
		life_exit(c, 7);
	if (ret < 0)
		truth_skip("clone3 knows no children that reap themselves (7.1 and later do)");
	tell_by_itself(c, 7 << 8);
}

/* Its end would be told by a signal that the parent ignores; an exec makes that SIGCHLD again. */
void live_exit_signal_over_exec(void)
{
	struct life *c = life_new();
	char *const args[] = {(char *)program_path(), "@exit", "7", NULL};
	struct image image = {.filename = program_path(), .exe = program_path(), .args = args};

	signal(SIGUSR1, SIG_IGN);
	int ret = life_clone(c, (struct clone_plan){.exit_signal = SIGUSR1});

	if (ret == 1) {
		execv(program_path(), args);
		truth_broken("execv");
	}
	if (ret < 0)
		truth_skip("clone3 is refused");
	c->death.after_ns = c->birth.after_ns;
	life_await_death(c);
	nap_ms(10);
	life_wait(c, 0);
	life_tell(c);
	truth_exec(c->pid, &image, (struct span){c->birth.after_ns, c->reap.before_ns});
}

void autoreap_inherited(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	tell_by_itself(c, 7 << 8);
}
