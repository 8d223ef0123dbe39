#include "growth.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "program.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

static void start_thread(void *(*run)(void *), void *context)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, context))
		truth_broken("pthread_create");
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* --- births ----------------------------------------------------------------------------------------- */

struct newborn {
	struct node *node;
	void (*live)(struct node *me);
};

static void *live_in_thread(void *context)
{
	struct newborn newborn = *(struct newborn *)context;

	newborn.live(newborn.node);
	return NULL;
}

/* A creator's dispositions are inherited, ignoring included. */
static void take_dispositions(const struct fate *fate)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	if (fate->ignores && !fate->nocldwait)
		action.sa_handler = SIG_IGN;
	if (fate->ignores && fate->nocldwait)
		action.sa_flags = SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGUSR1, SIG_IGN);
}

static void be(struct node *me, void (*live)(struct node *me))
{
	static struct newborn newborn;

	node_note_self(me);
	take_dispositions(&me->fate);
	if (me->fate.subreaper)
		become_subreaper();
	if (!me->fate.by_thread)
		live(me);
	newborn = (struct newborn){me, live};
	start_thread(live_in_thread, &newborn);
	syscall(SYS_exit, 0);
}

static struct clone_plan plan_of(enum birth birth)
{
	switch (birth) {
	case BIRTH_NO_SIGNAL:
		return (struct clone_plan){.exit_signal = 0};
	case BIRTH_USR1:
		return (struct clone_plan){.exit_signal = SIGUSR1};
	case BIRTH_SIBLING:
		return (struct clone_plan){.flags = CLONE_PARENT};
	default:
		return (struct clone_plan){.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
	}
}

static bool born_by_clone(struct node *node, struct clone_plan plan)
{
	uint64_t args[8] = {plan.flags, 0, 0, 0, (uint64_t)plan.exit_signal};
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid < 0)
		truth_broken("clone3");
	if (pid)
		node->life.birth.before_ns = now_ns();
	return pid == 0;
}

static bool born_by_fork(struct node *node)
{
	pid_t pid = fork();

	if (pid < 0)
		truth_broken("fork");
	if (pid)
		node->life.birth.before_ns = now_ns();
	return pid == 0;
}

static void *bear_in_thread(void *context)
{
	struct newborn *newborn = context;

	if (born_by_fork(newborn->node))
		be(newborn->node, newborn->live);
	return NULL;
}

static void bear_by_thread(struct node *node, void (*live)(struct node *me))
{
	struct newborn newborn = {node, live};
	pthread_t thread;

	if (pthread_create(&thread, NULL, bear_in_thread, &newborn) || pthread_join(thread, NULL))
		truth_broken("a thread that forks");
}

static void bear_by_vfork(struct node *node)
{
	pid_t pid = vfork();

	if (pid < 0)
		truth_broken("vfork");
	if (pid == 0) {
		node_note_self(node);
		growth_end(node);
	}
	node->life.birth.before_ns = now_ns();
}

static const char *kind_of(enum birth birth)
{
	if (birth == BIRTH_VFORK)
		return "vfork";
	if (birth == BIRTH_NO_SIGNAL || birth == BIRTH_USR1 || birth == BIRTH_SIBLING)
		return "clone";
	return "fork";
}

/* The caller lives, so that whose sibling it bears lives too, and is the one in the ledger. */
static void enter(struct node *node, struct node *me, enum birth birth)
{
	struct node *parent = birth == BIRTH_SIBLING ? node_at(atomic_load(&me->parent)) : me;
	struct life *life = &node->life;

	node->creator = node_index(me);
	node->depth = me->depth + 1;
	node->nested = me->nested || birth == BIRTH_NAMESPACE;
	life->kind = kind_of(birth);
	life->parent = parent->life.pid;
	if (birth == BIRTH_SIBLING) {
		life->creator = me->life.pid;
		node->exit_signal = me->exit_signal;
	} else if (birth == BIRTH_NO_SIGNAL || birth == BIRTH_USR1) {
		node->exit_signal = plan_of(birth).exit_signal;
	}
	life->exit_signal = node->exit_signal;
	life->birth.after_ns = now_ns();
	atomic_store(&node->parent, node_index(parent));
	node_set_state(node, NODE_MOVING);
}

struct node *growth_bear(struct node *me, enum birth birth, const struct fate *fate,
			 struct node *victim, void (*live)(struct node *me))
{
	struct node *node = node_new();

	node->fate = *fate;
	node->victim = victim;
	enter(node, me, birth);
	if (birth == BIRTH_VFORK)
		bear_by_vfork(node);
	else if (birth == BIRTH_BY_THREAD)
		bear_by_thread(node, live);
	else if (birth == BIRTH_FORK ? born_by_fork(node) : born_by_clone(node, plan_of(birth)))
		be(node, live);
	return node;
}

/* --- ends ------------------------------------------------------------------------------------------- */

static void note_end(struct node *me, int status)
{
	me->life.status = status;
	me->life.death.after_ns = now_ns();
}

static void end_by_exit(struct node *me)
{
	note_end(me, me->fate.code << 8);
	_exit(me->fate.code);
}

static void *exit_in_thread(void *context)
{
	end_by_exit(context);
	return NULL;
}

static void *outlive_leader(void *context)
{
	struct node *me = context;

	await_state(me->life.pid, 'Z');
	end_by_exit(me);
	return NULL;
}

/* "PID/task/TID", by numbers of outside. */
static pid_t outer_tid(void)
{
	char path[64] = {0};
	int pid, tid;

	if (readlink("/proc/thread-self", path, sizeof(path) - 1) < 1 ||
	    sscanf(path, "%d/task/%d", &pid, &tid) != 2)
		truth_broken("/proc/thread-self");
	return tid;
}

static void *exec_program(void *context)
{
	struct node *me = context;
	char code[8];
	char *const args[] = {(char *)program_path(), "@exit", code, NULL};

	snprintf(code, sizeof(code), "%d", me->fate.code);
	if (syscall(SYS_gettid) != getpid())
		me->life.exec_tid = outer_tid();
	me->executes = true;
	me->exit_signal = SIGCHLD;
	note_end(me, me->fate.code << 8);
	execv(program_path(), args);
	truth_broken("execv");
}

static void end_by_signal_to_self(struct node *me)
{
	me->life.killer = me->life.pid;
	note_end(me, me->fate.code);
	kill(getpid(), me->fate.code);
	sleep_for_ever();
}

/* No core, whatever core_pattern says: nothing of it is left behind, and the status is known. */
static void forgo_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void end_by_abort(struct node *me)
{
	forgo_core();
	me->life.killer = me->life.pid;
	note_end(me, SIGABRT);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGABRT);
	sleep_for_ever();
}

static void end_by_fault(struct node *me)
{
	forgo_core();
	me->life.killer = KILLED_BY_KERNEL;
	void *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	note_end(me, SIGSEGV);
	*(volatile char *)page = 1;
	sleep_for_ever();
}

/* A timer of its own CPU time: it goes off in its own context, at the tick that finds it spent. */
static void end_by_timer(struct node *me)
{
	me->life.killer = KILLED_BY_KERNEL;
	note_end(me, SIGVTALRM);
	setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value.tv_usec = 500}, NULL);
	for (;;)
		;
}

void growth_kill(struct node *me, struct node *victim, int sig)
{
	victim->life.killer = me->life.pid;
	note_end(victim, sig);
	if (kill(node_number(me, victim), sig))
		truth_broken("kill");
}

static void end_by_murder(struct node *me)
{
	growth_kill(me, me->victim, SIGKILL);
	end_by_exit(me);
}

static void end_leader_first(struct node *me)
{
	if (me->fate.by_thread)
		end_by_exit(me);
	start_thread(outlive_leader, me);
	syscall(SYS_exit, 3);
}

static void end_by_exit_of_thread(struct node *me)
{
	start_thread(exit_in_thread, me);
	sleep_for_ever();
}

static void end_by_exec(struct node *me)
{
	exec_program(me);
}

static void end_by_exec_of_thread(struct node *me)
{
	start_thread(exec_program, me);
	sleep_for_ever();
}

static void (*const ends[ENDING_CNT])(struct node *me) = {
	[END_EXIT] = end_by_exit,
	[END_EXIT_OF_THREAD] = end_by_exit_of_thread,
	[END_LEADER_FIRST] = end_leader_first,
	[END_EXEC] = end_by_exec,
	[END_EXEC_OF_THREAD] = end_by_exec_of_thread,
	[END_SIGNAL_TO_SELF] = end_by_signal_to_self,
	[END_ABORT] = end_by_abort,
	[END_FAULT] = end_by_fault,
	[END_TIMER] = end_by_timer,
	[END_MURDER] = end_by_murder,
};

void growth_end(struct node *me)
{
	ends[me->fate.ending](me);
	__builtin_unreachable();
}
