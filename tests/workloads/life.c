#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define LIVES_MAX 1024
#define GATES_MAX 64

struct gate {
	_Atomic uint32_t open;
};

static struct board {
	struct life lives[LIVES_MAX];
	struct gate gates[GATES_MAX];
	atomic_uint lives_cnt, gates_cnt;
} * board;

/* The kernel's struct clone_args up to 5.7's cgroup: older headers lack fields. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

static struct board *board_get(void)
{
	if (board)
		return board;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED)
		truth_broken("mmap of the board");
	return board;
}

struct life *life_new(void)
{
	unsigned i = atomic_fetch_add(&board_get()->lives_cnt, 1);

	if (i >= LIVES_MAX) {
		errno = ENOSPC;
		truth_broken("more lives than the board holds");
	}
	board->lives[i].exit_signal = SIGCHLD;
	return &board->lives[i];
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void nap_ms(unsigned ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

void life_conceive(struct life *life, const char *kind)
{
	life->kind = kind;
	life->parent = getpid();
	life->birth.after_ns = now_ns();
}

void life_born(struct life *life, pid_t pid)
{
	if (pid < 0)
		truth_broken("fork");
	life->pid = pid;
	life->birth.before_ns = now_ns();
}

bool life_fork(struct life *life)
{
	life_conceive(life, "fork");
	pid_t pid = fork();

	if (pid)
		life_born(life, pid);
	return pid == 0;
}

int life_clone(struct life *life, struct clone_plan plan)
{
	uint64_t set_tid = (uint64_t)plan.set_tid;
	struct clone3_args args = {
		.flags = plan.flags,
		.exit_signal = (uint64_t)plan.exit_signal,
		.set_tid = plan.set_tid ? (uint64_t)(uintptr_t)&set_tid : 0,
		.set_tid_size = plan.set_tid ? 1 : 0,
		.cgroup = (uint64_t)plan.cgroup_fd,
	};

	life_conceive(life, plan.exit_signal == SIGCHLD ? "fork" : "clone");
	life->exit_signal = plan.exit_signal;
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return -errno;
	if (pid)
		life_born(life, (pid_t)pid);
	return pid == 0;
}

void life_exit(struct life *life, int code)
{
	life->death.after_ns = now_ns();
	_exit(code);
}

void life_kill(struct life *life, int sig)
{
	life->death.after_ns = now_ns();
	life->killer = getpid();
	if (kill(life->pid, sig))
		truth_broken("kill");
}

void life_reaped(struct life *life, struct span when, int status)
{
	life->reap = when;
	life->status = status;
	life->how = "wait";
	life->reaper = getpid();
	if (!life->death.before_ns)
		life->death.before_ns = when.before_ns;
}

bool life_wait(struct life *life, int options)
{
	struct span when = {.after_ns = now_ns()};
	int status;
	pid_t pid;

	do
		pid = waitpid(life->pid, &status, options);
	while (pid < 0 && errno == EINTR);
	when.before_ns = now_ns();
	if (pid == 0)
		return false;
	if (pid != life->pid)
		truth_broken("waitpid");
	life_reaped(life, when, status);
	return true;
}

void life_wait_any(struct life *const *lives, size_t cnt)
{
	struct span when = {.after_ns = now_ns()};
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	when.before_ns = now_ns();
	for (size_t i = 0; i < cnt; i++)
		if (lives[i]->pid == pid) {
			life_reaped(lives[i], when, status);
			return;
		}
	truth_broken("waitpid for anybody");
}

static int status_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return info->si_status << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

void life_waitid(struct life *life, int type, id_t id, int options)
{
	struct span when = {.after_ns = now_ns()};
	siginfo_t info = {0};

	if (waitid((idtype_t)type, id, &info, WEXITED | options) || info.si_pid != life->pid)
		truth_broken("waitid");
	when.before_ns = now_ns();
	if (!(options & WNOWAIT))
		life_reaped(life, when, status_of(&info));
}

/*
 * A pidfd says "dead" from inside the notification of the parent (do_notify_parent), a moment
 * before the signal that a tracer takes as the zombie instant. All of that runs under the
 * write-locked tasklist_lock, which getpriority(PRIO_PGRP) takes for reading: behind it the zombie
 * is complete.
 */
void life_await_death(struct life *life)
{
	struct pollfd end = {
		.fd = (int)syscall(SYS_pidfd_open, life->pid, 0),
		.events = POLLIN,
	};

	if (end.fd < 0)
		truth_broken("pidfd_open");
	while (poll(&end, 1, -1) < 1)
		;
	close(end.fd);
	getpriority(PRIO_PGRP, 0);
	life->death.before_ns = now_ns();
}

/*
 * The number is given back inside release_task, later than any instant that a tracer could call the
 * reap; the end of a wait would not do, because ECHILD comes while the release is still under way.
 */
void life_await_gone(struct life *life, int status)
{
	while (!kill(life->pid, 0))
		nap_ms(1);
	if (errno != ESRCH)
		truth_broken("kill 0");
	life->status = status;
	life->death.before_ns = now_ns();
	life->reap = life->death;
}

static pid_t last_parent(const struct life *life)
{
	return life->heir ? life->heir : life->parent;
}

static pid_t parent_at_death(const struct life *life)
{
	if (life->death_parent)
		return life->death_parent;
	return life->inherited_dead ? life->parent : last_parent(life);
}

static void truth_place(struct truth *line, const struct life *life)
{
	if (life->cgroup)
		truth_text(line, "cgroup", life->cgroup);
	if (life->container)
		truth_text(line, "container", life->container);
	if (life->session)
		truth_num(line, "session", (uint64_t)life->session);
	if (life->tty)
		truth_text(line, "tty", life->tty);
	if (life->login_uid)
		truth_num(line, "login_uid", life->login_uid);
	if (life->ns_pid) {
		truth_num(line, "ns_pid", (uint64_t)life->ns_pid);
		truth_num(line, "pid_ns", life->pid_ns);
	}
}

static void tell_birth(const struct life *life)
{
	struct truth line;

	truth_begin(&line, "fork", life->pid);
	truth_num(&line, "life", life->reuse);
	truth_num(&line, "ppid", (uint64_t)life->parent);
	truth_text(&line, "kind", life->kind);
	truth_num(&line, "uid", getuid());
	truth_num(&line, "gid", getgid());
	if (life->creator)
		truth_num(&line, "birth_pid", (uint64_t)life->creator);
	truth_place(&line, life);
	if (life->exit_signal != SIGCHLD)
		truth_num(&line, "exit_signal", (uint64_t)life->exit_signal);
	truth_span(&line, life->birth);
	truth_end(&line);
}

static void tell_death(const struct life *life)
{
	struct truth line;

	truth_begin(&line, "exit", life->pid);
	truth_num(&line, "life", life->reuse);
	truth_num(&line, "ppid", (uint64_t)parent_at_death(life));
	truth_num(&line, "status", (uint64_t)life->status);
	if (life->comm)
		truth_text(&line, "comm", life->comm);
	if (life->oom)
		truth_flag(&line, "oom");
	if (life->oom_cgroup)
		truth_text(&line, "oom_cgroup", life->oom_cgroup);
	if (life->killer == KILLED_BY_KERNEL) {
		truth_text(&line, "killer", "kernel");
	} else if (life->killer) {
		truth_text(&line, "killer", "process");
		truth_num(&line, "killer_pid", (uint64_t)life->killer);
	}
	truth_span(&line, life->death);
	truth_end(&line);
}

static void tell_reap(const struct life *life)
{
	struct truth line;

	truth_begin(&line, "reap", life->pid);
	truth_num(&line, "life", life->reuse);
	truth_num(&line, "ppid", (uint64_t)last_parent(life));
	truth_text(&line, "how", life->how);
	if (life->reaper)
		truth_num(&line, "reaper_pid", (uint64_t)life->reaper);
	truth_span(&line, life->reap);
	if (life->wait_call)
		truth_flag(&line, "wait_call");
	if (life->never_zombie) {
		truth_flag(&line, "never_zombie");
	} else {
		truth_num(&line, "zombie_after_ns", life->death.after_ns);
		truth_num(&line, "zombie_before_ns", life->death.before_ns);
	}
	truth_end(&line);
}

void life_tell(const struct life *life)
{
	tell_birth(life);
	tell_death(life);
	tell_reap(life);
}

void life_tell_handed(const struct life *life, const struct life *dead_parent, const char *kind)
{
	truth_reparent(life->pid, dead_parent->pid, life->heir, kind, dead_parent->death);
}

/* The letter stands behind the name, which may hold anything: after the last ')'. */
static char state_of(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		truth_broken(path);
	close(fd);
	text[len] = '\0';
	char *end = strrchr(text, ')');

	return end && end[1] ? end[2] : '?';
}

void await_state(pid_t pid, char state)
{
	while (state_of(pid) != state)
		nap_ms(1);
}

void become_subreaper(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		truth_broken("PR_SET_CHILD_SUBREAPER");
}

struct gate *gate_new(void)
{
	unsigned i = atomic_fetch_add(&board_get()->gates_cnt, 1);

	if (i >= GATES_MAX) {
		errno = ENOSPC;
		truth_broken("more gates than the board holds");
	}
	return &board->gates[i];
}

void gate_open(struct gate *gate)
{
	atomic_store(&gate->open, 1);
	syscall(SYS_futex, &gate->open, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void gate_await(struct gate *gate)
{
	while (!atomic_load(&gate->open))
		syscall(SYS_futex, &gate->open, FUTEX_WAIT, 0, NULL, NULL, 0);
}
