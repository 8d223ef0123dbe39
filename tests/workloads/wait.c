/* Plain life and the ways to wait for it. */
#include "scenarios.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define P_PIDFD_TYPE 3 /* P_PIDFD of newer headers */

void live_simple(void)
{
	struct life *c = life_new();

	c->comm = "workload";
	if (life_fork(c))
		life_exit(c, 7);
	life_wait(c, 0);
	life_tell(c);
}

void live_long_zombie(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_await_death(c);
	nap_ms(100);
	life_wait(c, 0);
	life_tell(c);
}

/* The parent is already asleep in its wait when the child begins to end. */
void live_wait_first(void)
{
	struct life *c = life_new();
	struct gate *about_to_wait = gate_new();
	pid_t parent = getpid();

	if (life_fork(c)) {
		gate_await(about_to_wait);
		await_state(parent, 'S');
		life_exit(c, 0);
	}
	gate_open(about_to_wait);
	life_wait(c, 0);
	life_tell(c);
}

void live_wnohang_poll(void)
{
	struct life *c = life_new();
	struct gate *polled = gate_new();

	if (life_fork(c)) {
		gate_await(polled);
		life_exit(c, 0);
	}
	if (life_wait(c, WNOHANG))
		truth_broken("a wait for a living child returned it");
	gate_open(polled);
	life_await_death(c);
	nap_ms(10);
	life_wait(c, WNOHANG);
	life_tell(c);
}

void live_waitid(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_waitid(c, P_PID, (id_t)c->pid, 0);
	life_tell(c);
}

static void await_report(const struct life *c, int options)
{
	int status;

	if (waitpid(c->pid, &status, options) != c->pid || WIFEXITED(status) || WIFSIGNALED(status))
		truth_broken("waitpid for a stop or a continuation");
}

/* Two waits that return the child's number and do not reap it. */
void live_stop_continue(void)
{
	struct life *c = life_new();
	struct gate *seen = gate_new();

	if (life_fork(c)) {
		gate_await(seen);
		life_exit(c, 1);
	}
	kill(c->pid, SIGSTOP);
	await_report(c, WUNTRACED);
	kill(c->pid, SIGCONT);
	await_report(c, WCONTINUED);
	gate_open(seen);
	life_wait(c, 0);
	life_tell(c);
}

/* The parent is asleep in its wait, is stopped there, and its child dies meanwhile. */
static void be_stopped_parent(struct life *p, struct life *c, struct gate *born, struct gate *end)
{
	if (life_fork(c)) {
		gate_await(end);
		life_exit(c, 0);
	}
	gate_open(born);
	life_wait(c, 0);
	life_exit(p, 0);
}

void live_stopped_parent(void)
{
	struct life *p = life_new(), *c = life_new();
	struct gate *born = gate_new(), *end = gate_new();

	if (life_fork(p))
		be_stopped_parent(p, c, born, end);
	gate_await(born);
	await_state(p->pid, 'S');
	kill(p->pid, SIGSTOP);
	await_report(p, WUNTRACED);
	gate_open(end);
	life_await_death(c);
	nap_ms(60);
	uint64_t continued_ns = now_ns();

	kill(p->pid, SIGCONT);
	life_wait(p, 0);
	c->reap.after_ns = continued_ns;
	life_tell(p);
	life_tell(c);
}

/* Looked at twice, reaped once: the zombie ends at the second call. */
void live_wnowait(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_waitid(c, P_PID, (id_t)c->pid, WNOWAIT);
	c->death.before_ns = now_ns();
	nap_ms(50);
	life_waitid(c, P_PID, (id_t)c->pid, 0);
	life_tell(c);
}

/* The call returns 0, and nowhere the number of the child. */
void live_waitid_null(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_await_death(c);
	nap_ms(20);
	struct span when = {.after_ns = now_ns()};

	if (syscall(SYS_waitid, P_PID, c->pid, NULL, WEXITED, NULL))
		truth_broken("waitid without siginfo");
	when.before_ns = now_ns();
	life_reaped(c, when, 7 << 8);
	c->how = "unseen";
	life_tell(c);
}

void live_pidfd_wait(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);

	if (fd < 0)
		truth_skip("pidfd_open is refused");
	life_waitid(c, P_PIDFD_TYPE, (id_t)fd, 0);
	close(fd);
	life_tell(c);
}

/* The number that the wait is given is a group's; what it returns is the child's. */
void live_group_wait(void)
{
	struct life *c = life_new();
	struct gate *grouped = gate_new();

	if (life_fork(c)) {
		gate_await(grouped);
		life_exit(c, 7);
	}
	if (setpgid(c->pid, c->pid))
		truth_broken("setpgid");
	gate_open(grouped);
	struct span when = {.after_ns = now_ns()};
	int status;

	if (waitpid(-c->pid, &status, 0) != c->pid)
		truth_broken("waitpid for a group");
	when.before_ns = now_ns();
	life_reaped(c, when, status);
	life_tell(c);
}

static void *wait_in_thread(void *context)
{
	life_wait(context, 0);
	return NULL;
}

/* Any thread may wait: the reaper is its process. */
void live_thread_wait(void)
{
	struct life *c = life_new();
	pthread_t thread;

	if (life_fork(c))
		life_exit(c, 7);
	if (pthread_create(&thread, NULL, wait_in_thread, c) || pthread_join(thread, NULL))
		truth_broken("a thread that waits");
	life_tell(c);
}

/* The status goes to a bad address: the call fails, and the child is reaped all the same. */
void live_wait_fault(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 7);
	life_await_death(c);
	nap_ms(20);
	struct span when = {.after_ns = now_ns()};

	if (syscall(SYS_wait4, c->pid, 8, 0, NULL) != -1 || errno != EFAULT)
		truth_broken("wait4 with a bad address");
	when.before_ns = now_ns();
	life_reaped(c, when, 7 << 8);
	c->how = "unseen";
	life_tell(c);
}
