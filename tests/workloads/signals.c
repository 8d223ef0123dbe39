/* Who killed whom. */
#include "scenarios.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

static void sleep_for_ever(struct gate *ready)
{
	gate_open(ready);
	for (;;)
		pause();
}

void live_kill9(void)
{
	struct life *c = life_new();
	struct gate *ready = gate_new();

	if (life_fork(c))
		sleep_for_ever(ready);
	gate_await(ready);
	life_kill(c, SIGKILL);
	life_wait(c, 0);
	life_tell(c);
}

static void exit_15(int sig)
{
	_exit(15);
}

/* It ends because of the signal, yet by its own will: a code, and no killer. */
void live_term_caught(void)
{
	struct life *c = life_new();
	struct gate *ready = gate_new();

	if (life_fork(c)) {
		signal(SIGTERM, exit_15);
		sleep_for_ever(ready);
	}
	gate_await(ready);
	life_kill(c, SIGTERM);
	c->killer = 0;
	life_wait(c, 0);
	life_tell(c);
}

#define HEAP_BYTES (16u << 20)

/* A heap that takes a while to write out, in a directory that goes with its core. */
static void crash(struct life *c, const char *dir)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	char *heap =
		mmap(NULL, HEAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (heap == MAP_FAILED || chdir(dir) || setrlimit(RLIMIT_CORE, &all))
		truth_broken("preparing a core dump");
	memset(heap, 1, HEAP_BYTES);
	mprotect(heap, 1, PROT_NONE);
	c->death.after_ns = now_ns();
	*(volatile char *)heap = 1;
	_exit(1);
}

/* core_pattern may name the file as it likes: what lies in the directory of our own making goes. */
static void remove_cores(const char *dir, pid_t pid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/core", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/core.%d", dir, (int)pid);
	unlink(path);
	rmdir(dir);
}

static void *sleep_in_thread(void *context)
{
	for (;;)
		pause();
	return NULL;
}

static void dump_core(unsigned threads_cnt)
{
	struct life *c = life_new();
	char dir[] = "/tmp/workload-XXXXXX";
	pthread_t thread;

	if (!mkdtemp(dir))
		truth_broken(dir);
	if (life_fork(c)) {
		while (threads_cnt--)
			if (pthread_create(&thread, NULL, sleep_in_thread, NULL))
				truth_broken("pthread_create");
		crash(c, dir);
	}
	life_wait(c, 0);
	remove_cores(dir, c->pid);
	c->killer = KILLED_BY_KERNEL;
	if (!WCOREDUMP(c->status))
		truth_skip("this kernel wrote no core (core_pattern)");
	life_tell(c);
}

void live_segv_core(void)
{
	dump_core(0);
}

/* The others are killed for the sake of the dump; the process has one status, and one death. */
void live_core_with_threads(void)
{
	dump_core(3);
}

void live_kill9_threads(void)
{
	struct life *c = life_new();
	struct gate *ready = gate_new();
	pthread_t thread;

	if (life_fork(c)) {
		if (pthread_create(&thread, NULL, sleep_in_thread, NULL))
			truth_broken("pthread_create");
		sleep_for_ever(ready);
	}
	gate_await(ready);
	life_kill(c, SIGKILL);
	life_wait(c, 0);
	life_tell(c);
}

/* Sent while blocked, and fatal only once unblocked, with the victim itself running. */
void live_term_blocked(void)
{
	struct life *c = life_new();
	struct gate *ready = gate_new(), *sent = gate_new();
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (life_fork(c)) {
		sigprocmask(SIG_BLOCK, &term, NULL);
		gate_open(ready);
		gate_await(sent);
		nap_ms(40);
		c->death.after_ns = now_ns();
		sigprocmask(SIG_UNBLOCK, &term, NULL);
		_exit(1);
	}
	gate_await(ready);
	life_kill(c, SIGTERM);
	gate_open(sent);
	life_wait(c, 0);
	life_tell(c);
}

/* Too late: the dead has no killer. */
void live_kill_a_zombie(void)
{
	struct life *c = life_new();

	if (life_fork(c))
		life_exit(c, 3);
	life_await_death(c);
	kill(c->pid, SIGKILL);
	life_wait(c, 0);
	life_tell(c);
}

/* By its own hand, without a core. */
void live_abort(void)
{
	struct life *c = life_new();

	if (life_fork(c)) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		c->death.after_ns = now_ns();
		abort();
	}
	life_wait(c, 0);
	c->killer = c->pid;
	life_tell(c);
}

/* A timer's signal comes from the kernel, whomever it interrupts. */
void live_alarm(void)
{
	struct life *c = life_new();

	if (life_fork(c)) {
		c->death.after_ns = now_ns();
		setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL);
		for (;;)
			pause();
	}
	life_wait(c, 0);
	c->killer = KILLED_BY_KERNEL;
	life_tell(c);
}

/* One call is fatal: to its thread, or to all. */
static void forbid_calls(unsigned action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		truth_skip("seccomp is refused");
}

/*
 * seccomp raises the signal since 5.16 (force_sig_seccomp); before, it ends the process with the
 * status of one that nobody sent, so that its killer cannot be known.
 */
static bool seccomp_signals(void)
{
	struct utsname uts;
	unsigned major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%u.%u", &major, &minor);
	return major > 5 || (major == 5 && minor >= 16);
}

/* A thread alone is its process: both actions end it alike. */
static void call_the_forbidden(unsigned action)
{
	struct life *c = life_new();

	if (life_fork(c)) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		forbid_calls(action);
		c->death.after_ns = now_ns();
		syscall(SYS_getppid);
		_exit(1);
	}
	life_wait(c, 0);
	if (!WIFSIGNALED(c->status))
		truth_broken("a call that seccomp forbids");
	if (seccomp_signals())
		c->killer = KILLED_BY_KERNEL;
	life_tell(c);
}

void live_seccomp_kill(void)
{
	call_the_forbidden(SECCOMP_RET_KILL_THREAD);
	call_the_forbidden(SECCOMP_RET_KILL_PROCESS);
}
