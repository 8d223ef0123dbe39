/* Pid namespaces: numbers that mean nothing outside, and an init whose death is everybody's. */
#include "scenarios.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

/* /proc shows numbers of the namespace it was mounted in, also to one who lives in another. */
static pid_t outer_pid(void)
{
	char number[16] = {0};

	if (readlink("/proc/self", number, sizeof(number) - 1) < 1)
		truth_broken("/proc/self");
	return atoi(number);
}

static void note_namespace(struct life *life)
{
	struct stat ns;

	if (stat("/proc/self/ns/pid", &ns))
		truth_broken("/proc/self/ns/pid");
	life->pid_ns = ns.st_ino;
	life->ns_pid = getpid();
}

/* Inside: what fork returns is a number of the namespace. The child notes what it is called
 * outside. */
static bool fork_inside(struct life *life)
{
	life_conceive(life, "fork");
	pid_t pid = fork();

	if (pid < 0)
		truth_broken("fork in a namespace");
	if (pid == 0) {
		note_namespace(life);
		life->pid = outer_pid();
	} else {
		life->birth.before_ns = now_ns();
	}
	return pid == 0;
}

static bool clone_init(struct life *life)
{
	int ret = life_clone(life,
			     (struct clone_plan){.flags = CLONE_NEWPID, .exit_signal = SIGCHLD});

	if (ret < 0)
		truth_skip("a new pid namespace is refused");
	if (ret)
		note_namespace(life);
	return ret;
}

static void wait_inside(struct life *d)
{
	struct span when = {.after_ns = now_ns()};
	int status;

	if (waitpid(-1, &status, 0) != d->ns_pid)
		truth_broken("a wait in a namespace");
	when.before_ns = now_ns();
	life_reaped(d, when, status);
}

/* The wait returns 2, which is somebody else outside. */
void live_namespace_init_waits(void)
{
	struct life *init = life_new(), *d = life_new();

	if (clone_init(init)) {
		if (fork_inside(d))
			life_exit(d, 3);
		wait_inside(d);
		life_exit(init, 0);
	}
	life_wait(init, 0);
	d->parent = d->reaper = init->pid;
	life_tell(init);
	life_tell(d);
}

static void sleep_for_ever(struct gate *ready)
{
	gate_open(ready);
	for (;;)
		pause();
}

static void await_zombie_inside(const struct life *life)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)life->ns_pid, &info, WEXITED | WNOWAIT))
		truth_broken("waitid in a namespace");
}

/* z dies, d sleeps, m leaves x behind; then init goes. */
static void be_dying_init(struct life *init, struct life *const lives[4])
{
	struct life *z = lives[0], *d = lives[1], *m = lives[2], *x = lives[3];
	struct gate *d_ready = gate_new(), *x_ready = gate_new();

	if (fork_inside(z))
		life_exit(z, 1);
	if (fork_inside(d))
		sleep_for_ever(d_ready);
	if (fork_inside(m)) {
		if (fork_inside(x))
			sleep_for_ever(x_ready);
		gate_await(x_ready);
		life_exit(m, 2);
	}
	gate_await(d_ready);
	gate_await(x_ready);
	await_zombie_inside(z);
	await_zombie_inside(m);
	nap_ms(40);
	life_exit(init, 8);
}

/* It was a zombie, and the dying init's kernel side collected it. */
static void tell_collected(struct life *life, const struct life *init, int status)
{
	life->parent = life->reaper = init->pid;
	life->how = "namespace";
	life->status = status;
	life->death.before_ns = init->death.after_ns;
	life->reap = init->death;
	life_tell(life);
}

/* Killed by the kernel, in a namespace whose init ignores SIGCHLD from its death on. */
static void tell_taken_along(struct life *life, const struct life *init)
{
	if (!life->parent || life->parent == 1)
		life->parent = init->pid;
	life->how = "auto";
	life->never_zombie = true;
	life->status = SIGKILL;
	life->killer = KILLED_BY_KERNEL;
	life->death = life->reap = init->death;
	life_tell(life);
}

void live_namespace_init_dies(void)
{
	struct life *init = life_new(), *z = life_new(), *d = life_new(), *m = life_new(),
		    *x = life_new();

	if (clone_init(init))
		be_dying_init(init, (struct life *const[]){z, d, m, x});
	life_wait(init, 0);
	life_tell(init);
	x->parent = m->pid;
	x->heir = init->pid;
	m->death.before_ns = init->death.after_ns;
	life_tell_handed(x, m, "namespace-init");
	tell_collected(z, init, 1 << 8);
	tell_collected(m, init, 2 << 8);
	tell_taken_along(d, init);
	tell_taken_along(x, init);
}

/* The caller stays outside, its children are 1 and 2 of a new namespace; without the 1 there is
 * no 3. */
void live_unshare_and_fork(void)
{
	struct life *init = life_new(), *d = life_new();
	struct gate *end = gate_new();

	if (unshare(CLONE_NEWPID))
		truth_skip("unshare of the pid namespace is refused");
	if (life_fork(init)) {
		note_namespace(init);
		gate_await(end);
		life_exit(init, 0);
	}
	if (life_fork(d)) {
		note_namespace(d);
		life_exit(d, 5);
	}
	life_wait(d, 0);
	gate_open(end);
	life_wait(init, 0);
	if (fork() != -1 || errno != ENOMEM)
		truth_broken("a fork into a dead namespace");
	life_tell(init);
	life_tell(d);
}
