/* Sessions, logins, groups and names: what changes about a process without any event of its own. */
#include "scenarios.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

/* New ids alone are no event, and no other parent. */
void live_new_session(void)
{
	struct life *c = life_new(), *g = life_new();

	if (life_fork(c)) {
		if (setsid() != getpid())
			truth_broken("setsid");
		if (life_fork(g)) {
			if (setpgid(0, 0))
				truth_broken("setpgid");
			life_exit(g, 2);
		}
		life_wait(g, 0);
		life_exit(c, 1);
	}
	life_wait(c, 0);
	life_tell(c);
	life_tell(g);
}

/* The name at the end is the one it gave itself. */
void live_renamed(void)
{
	struct life *c = life_new();

	c->comm = "a \"new\" name";
	if (life_fork(c)) {
		prctl(PR_SET_NAME, c->comm);
		life_exit(c, 0);
	}
	life_wait(c, 0);
	life_tell(c);
}

/* The hangup waits for the reparenting, or who was its parent at its death would be chance. */
static void be_in_foreground(pid_t leader, struct gate *ready)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	setpgid(0, 0);
	gate_open(ready);
	while (getppid() == leader)
		nap_ms(1);
	sigprocmask(SIG_UNBLOCK, &hangup, NULL);
	for (;;)
		pause();
}

static void be_in_background(struct life *b, pid_t leader, struct gate *ready, struct gate *end)
{
	setpgid(0, 0);
	gate_open(ready);
	while (getppid() == leader)
		nap_ms(1);
	gate_await(end);
	life_exit(b, 4);
}

/* A session with a terminal of its own, whose other end the root holds. */
static void lead(struct life *leader, struct life *f, struct life *b, const char *terminal,
		 struct gate *end)
{
	struct gate *ready[2] = {gate_new(), gate_new()};
	pid_t self = getpid();
	int fd;

	if (setsid() < 0 || (fd = open(terminal, O_RDWR)) < 0)
		truth_broken("a terminal of its own");
	ioctl(fd, TIOCSCTTY, 0);
	if (life_fork(f))
		be_in_foreground(self, ready[0]);
	if (life_fork(b))
		be_in_background(b, self, ready[1], end);
	gate_await(ready[0]);
	gate_await(ready[1]);
	if (tcsetpgrp(fd, f->pid))
		truth_broken("tcsetpgrp");
	life_exit(leader, 0);
}

/* The end of a session's leader hangs up on the group in the foreground, and on no other. */
void live_session_leader_exits(void)
{
	struct life *leader = life_new(), *f = life_new(), *b = life_new();
	struct gate *end = gate_new();
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	const char *terminal = master < 0 || unlockpt(master) ? NULL : ptsname(master);

	if (!terminal || access(terminal, R_OK | W_OK))
		truth_skip("there are no pseudoterminals here");
	become_subreaper();
	if (life_fork(leader))
		lead(leader, f, b, terminal, end);
	life_wait(leader, 0);
	life_wait(f, 0);
	gate_open(end);
	life_wait(b, 0);
	f->death.after_ns = leader->death.after_ns;
	f->killer = KILLED_BY_KERNEL;
	f->heir = b->heir = getpid();
	life_tell(leader);
	life_tell_handed(f, leader, "subreaper");
	life_tell(f);
	life_tell_handed(b, leader, "subreaper");
	life_tell(b);
}

/* The end of a new pty that the scenario keeps; `ret_path` is the other end's. */
static int open_pty(char *ret_path, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, ret_path, size))
		truth_skip("no pty can be had here");
	return fd;
}

static void begin_session(const char *terminal)
{
	int fd;

	if (setsid() < 0)
		truth_broken("setsid");
	fd = open(terminal, O_RDWR | O_NOCTTY);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		truth_broken("taking a terminal");
}

/* A child of the leader of a new session with a terminal of its own. */
void live_session(void)
{
	struct life *c = life_new(), *g = life_new();
	char terminal[64];
	int fd = open_pty(terminal, sizeof(terminal));

	if (life_fork(c)) {
		begin_session(terminal);
		if (life_fork(g))
			life_exit(g, 0);
		life_wait(g, 0);
		signal(SIGHUP, SIG_IGN); /* what the leader's own exit sends */
		life_exit(c, 0);
	}
	life_wait(c, 0);
	close(fd);
	c->session = getsid(0);
	g->session = c->pid;
	g->tty = terminal + strlen("/dev/");
	life_tell(c);
	life_tell(g);
}

#define LOGIN_UID 4242

static bool log_in(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", LOGIN_UID);
	bool done = fd >= 0 && write(fd, text, (size_t)len) == len;

	if (fd >= 0)
		close(fd);
	return done;
}

/* As pam_loginuid does, once per session; whoever is born below inherits it. */
void live_login(void)
{
	struct life *c = life_new(), *g = life_new();

	if (life_fork(c)) {
		if (!log_in())
			life_exit(c, 1);
		if (life_fork(g))
			life_exit(g, 0);
		life_wait(g, 0);
		life_exit(c, 0);
	}
	life_wait(c, 0);
	if (c->status)
		truth_skip("no login uid can be set (CONFIG_AUDIT, CAP_AUDIT_CONTROL)");
	g->login_uid = LOGIN_UID;
	life_tell(c);
	life_tell(g);
}
