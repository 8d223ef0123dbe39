/* One process, many threads: one death. */
#include "scenarios.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"
#include "program.h"

static void start_thread(void *(*run)(void *), void *context)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, context))
		truth_broken("pthread_create");
}

static void *sleep_for_ever(void *context)
{
	for (;;)
		pause();
	return NULL;
}

static void *exec_program(void *context)
{
	struct life *p = context;

	p->exec_tid = (pid_t)syscall(SYS_gettid);
	execv(program_path(), (char *[]){(char *)program_path(), "@exit", "6", NULL});
	truth_broken("execv");
}

/* The caller takes over the leader's number, and the leader dies without a death of the process. */
void live_nonleader_exec(void)
{
	struct life *p = life_new();
	char *const args[] = {(char *)program_path(), "@exit", "6", NULL};
	struct image image = {.filename = program_path(), .exe = program_path(), .args = args};

	if (life_fork(p)) {
		start_thread(sleep_for_ever, NULL);
		start_thread(exec_program, p);
		sleep_for_ever(NULL);
	}
	p->death.after_ns = p->birth.after_ns;
	life_wait(p, 0);
	image.tid = p->exec_tid;
	life_tell(p);
	truth_exec(p->pid, &image, (struct span){p->birth.after_ns, p->reap.before_ns});
	truth_count("exec", p->pid, 1);
}

/* What a thread that outlives its leader waits for: the leader's own Z in /proc. */
static void *outlive_leader(void *context)
{
	struct life *p = context;

	await_state(getpid(), 'Z');
	nap_ms(60);
	p->death.after_ns = now_ns();
	return NULL;
}

/* Z in /proc from the leader's end on; a zombie only from the thread's. */
void live_leader_first(void)
{
	struct life *p = life_new();

	if (life_fork(p)) {
		start_thread(outlive_leader, p);
		syscall(SYS_exit, 3);
	}
	life_wait(p, 0);
	life_tell(p);
}

static void *exit_group_9(void *context)
{
	life_exit(context, 9);
}

void live_exit_group_by_thread(void)
{
	struct life *p = life_new();

	if (life_fork(p)) {
		for (int i = 0; i < 3; i++)
			start_thread(sleep_for_ever, NULL);
		start_thread(exit_group_9, p);
		sleep_for_ever(NULL);
	}
	life_wait(p, 0);
	life_tell(p);
}

static void *outlive_leader_and_exit_5(void *context)
{
	struct life *p = context;

	await_state(getpid(), 'Z');
	p->death.after_ns = now_ns();
	syscall(SYS_exit, 5);
	return NULL;
}

/* Nobody calls exit_group: whose code counts is the kernel's affair, and changed with 6.0. */
void live_last_threads_code(void)
{
	struct life *p = life_new();

	if (life_fork(p)) {
		start_thread(outlive_leader_and_exit_5, p);
		syscall(SYS_exit, 3);
	}
	life_wait(p, 0);
	life_tell(p);
}

#define ENDING_GROUPS_CNT  40
#define ENDING_THREADS_CNT 6

struct ending {
	struct life *group;
	struct gate *go;
};

static void *end_with_the_others(void *context)
{
	struct ending *ending = context;

	gate_await(ending->go);
	syscall(SYS_exit, 0);
	return NULL;
}

/* All threads of a group end at once: one death, although several may look like the last. */
void live_threads_end_together(void)
{
	for (int i = 0; i < ENDING_GROUPS_CNT; i++) {
		struct ending ending = {.group = life_new(), .go = gate_new()};
		struct life *p = ending.group;

		if (life_fork(p)) {
			for (int k = 0; k < ENDING_THREADS_CNT; k++)
				start_thread(end_with_the_others, &ending);
			p->death.after_ns = now_ns();
			gate_open(ending.go);
			syscall(SYS_exit, 0);
		}
		life_wait(p, 0);
		life_tell(p);
	}
}
