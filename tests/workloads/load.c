/* Many lives, and one number twice. */
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"
#include "program.h"

#define BURST_CNT 500

/* All of them zombies before the first is reaped. */
void live_burst(void)
{
	static struct life *lives[BURST_CNT];

	for (int i = 0; i < BURST_CNT; i++) {
		lives[i] = life_new();
		if (life_fork(lives[i]))
			life_exit(lives[i], i & 0xff);
	}
	for (int i = 0; i < BURST_CNT; i++)
		life_await_death(lives[i]);
	for (int i = 0; i < BURST_CNT; i++)
		life_wait_any(lives, BURST_CNT);
	for (int i = 0; i < BURST_CNT; i++)
		life_tell(lives[i]);
}

#define STORM_PARENTS  10
#define STORM_CHILDREN 40
#define STORM_AT_ONCE  10

struct storm_parent {
	struct life *self, *children[STORM_CHILDREN];
};

static void storm_live(struct storm_parent *parent, struct gate *gate)
{
	char *args[] = {(char *)program_path(), "@exit", "3", NULL};

	gate_await(gate);
	for (int i = 0; i < STORM_CHILDREN; i++) {
		if (life_fork(parent->children[i])) {
			execv(program_path(), args);
			_exit(127);
		}
		parent->children[i]->death.after_ns = parent->children[i]->birth.after_ns;
		if ((i + 1) % STORM_AT_ONCE)
			continue;
		for (int n = 0; n < STORM_AT_ONCE; n++)
			life_wait_any(parent->children + i + 1 - STORM_AT_ONCE, STORM_AT_ONCE);
	}
	life_exit(parent->self, 0);
}

static void storm_tell(const struct storm_parent *parent)
{
	char *args[] = {(char *)program_path(), "@exit", "3", NULL};
	struct image image = {.filename = program_path(), .exe = program_path(), .args = args};

	life_tell(parent->self);
	for (int i = 0; i < STORM_CHILDREN; i++) {
		const struct life *child = parent->children[i];

		life_tell(child);
		truth_exec(child->pid, &image,
			   (struct span){child->birth.after_ns, child->reap.before_ns});
	}
}

/*
 * More at once than there are CPUs, all of them in the hooks all the time: whoever is preempted in
 * one must not make it deaf for the others.
 */
void live_storm(void)
{
	static struct storm_parent parents[STORM_PARENTS];
	struct gate *gate = gate_new();

	for (int p = 0; p < STORM_PARENTS; p++) {
		parents[p].self = life_new();
		for (int i = 0; i < STORM_CHILDREN; i++)
			parents[p].children[i] = life_new();
		if (life_fork(parents[p].self))
			storm_live(&parents[p], gate);
	}
	gate_open(gate);
	for (int p = 0; p < STORM_PARENTS; p++)
		life_wait(parents[p].self, 0);
	for (int p = 0; p < STORM_PARENTS; p++)
		storm_tell(&parents[p]);
}

/* The number is taken again at once: the first one's free comes when the second may be dead
 * already. */
void live_pid_reuse(void)
{
	struct life *first = life_new(), *second = life_new();

	if (life_fork(first))
		life_exit(first, 1);
	life_wait(first, 0);
	int ret = life_clone(second, (struct clone_plan){
					     .exit_signal = SIGCHLD,
					     .set_tid = first->pid,
				     });

	if (ret == 1)
		life_exit(second, 2);
	if (ret)
		truth_skip(ret == -EEXIST ? "somebody else was given the number"
					  : "clone3 with set_tid is refused");
	life_wait(second, 0);
	second->reuse = 1;
	life_tell(first);
	life_tell(second);
}

#define EARLY_KILLS_CNT 20

/* Who is first is chance, and the wait status says it: a kill that came too late is no killer. */
void live_killed_at_birth(void)
{
	for (int i = 0; i < EARLY_KILLS_CNT; i++) {
		struct life *c = life_new();

		if (life_fork(c))
			_exit(0);
		life_kill(c, SIGKILL);
		c->death.after_ns = c->birth.after_ns;
		life_wait(c, 0);
		if (WIFEXITED(c->status))
			c->killer = 0;
		life_tell(c);
	}
}

/* A fork that fails is nobody's birth. Root is above this limit, so it is no longer root that
 * forks. */
void live_fork_fails(void)
{
	struct life *p = life_new();

	if (life_fork(p)) {
		if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) ||
		    setresuid(65534, 65534, 65534))
			truth_broken("becoming nobody");
		if (fork() != -1)
			truth_broken("a fork beyond RLIMIT_NPROC");
		life_exit(p, 0);
	}
	life_wait(p, 0);
	life_tell(p);
}

#define BIG_BYTES (256ull << 20)

static uint64_t memory_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	while (file && !kib && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %llu", &kib);
	if (file)
		fclose(file);
	return kib << 10;
}

/* Much to give back, which takes a while between the exit and the zombie: that is no latency of the parent's.
 */
void live_big_exit(void)
{
	struct life *c = life_new();

	if (memory_bytes() < BIG_BYTES + BIG_BYTES / 4)
		truth_skip("too little memory");
	if (life_fork(c)) {
		char *heap = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (heap == MAP_FAILED)
			truth_broken("mmap");
		memset(heap, 1, BIG_BYTES);
		life_exit(c, 7);
	}
	life_wait(c, 0);
	life_tell(c);
}
