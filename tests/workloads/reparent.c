/* Orphans, and who inherits them. The root is a subreaper, so that no init matters. */
#include "scenarios.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

/* A daemon by the book: its creator leaves at once. */
static void be_daemon_starter(struct life *c, struct life *g, struct gate *end)
{
	setsid();
	if (life_fork(g)) {
		gate_await(end);
		life_exit(g, 0);
	}
	life_exit(c, 0);
}

void live_daemon(void)
{
	struct life *c = life_new(), *g = life_new();
	struct gate *end = gate_new();

	become_subreaper();
	if (life_fork(c))
		be_daemon_starter(c, g, end);
	life_wait(c, 0);
	nap_ms(30);
	gate_open(end);
	life_wait(g, 0);
	g->heir = getpid();
	life_tell(c);
	life_tell_handed(g, c, "subreaper");
	life_tell(g);
}

/*
 * The orphan lives on only until its parent is dead: whom it is handed to, it shows at its own end.
 */
void live_subreaper(void)
{
	struct life *c = life_new(), *g = life_new();

	become_subreaper();
	if (life_fork(c)) {
		pid_t parent = getpid();

		if (life_fork(g)) {
			while (getppid() == parent)
				nap_ms(1);
			life_exit(g, 3);
		}
		life_exit(c, 0);
	}
	life_wait_any((struct life *const[]){c, g}, 2);
	life_wait_any((struct life *const[]){c, g}, 2);
	g->heir = getpid();
	life_tell(c);
	life_tell_handed(g, c, "subreaper");
	life_tell(g);
}

static void be_parent_of_zombie(struct life *p, struct life *z)
{
	if (life_fork(z))
		life_exit(z, 5);
	life_await_death(z);
	nap_ms(40);
	life_exit(p, 0);
}

/* One zombie, from its own death to the heir's wait. */
void live_reparented_zombie(void)
{
	struct life *p = life_new(), *z = life_new();

	become_subreaper();
	if (life_fork(p))
		be_parent_of_zombie(p, z);
	life_wait(p, 0);
	nap_ms(50);
	life_wait(z, 0);
	z->heir = getpid();
	z->inherited_dead = true;
	life_tell(p);
	life_tell_handed(z, p, "subreaper");
	life_tell(z);
}

void live_clone_parent(void)
{
	struct life *c = life_new(), *d = life_new();

	if (life_fork(c)) {
		int ret = life_clone(d, (struct clone_plan){.flags = CLONE_PARENT});

		if (ret < 0) {
			errno = -ret;
			truth_broken("clone3 with CLONE_PARENT");
		}
		life_exit(ret ? d : c, 0);
	}
	life_wait(c, 0);
	life_wait(d, 0);
	d->creator = c->pid;
	d->parent = getpid();
	d->kind = "clone";
	d->exit_signal = SIGCHLD; /* that of its creator */
	life_tell(c);
	life_tell(d);
}

static void be_doomed(struct gate *ready)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	gate_open(ready);
	for (;;)
		pause();
}

void live_pdeath_signal(void)
{
	struct life *p = life_new(), *g = life_new();
	struct gate *ready = gate_new();

	become_subreaper();
	if (life_fork(p)) {
		if (life_fork(g))
			be_doomed(ready);
		gate_await(ready);
		life_exit(p, 0);
	}
	life_wait(p, 0);
	life_wait(g, 0);
	g->death.after_ns = p->death.after_ns;
	g->killer = p->pid;
	g->heir = getpid();
	life_tell(p);
	life_tell_handed(g, p, "subreaper");
	life_tell(g);
}

static void be_vfork_parent(struct life *c, struct gate *running, struct gate *end)
{
	life_conceive(c, "vfork");
	pid_t pid = vfork();

	if (pid == 0) {
		/* The memory is its own from the parent's death on; nobody comes back to this
		 * frame. */
		c->pid = getpid();
		c->birth.before_ns = now_ns();
		gate_open(running);
		gate_await(end);
		life_exit(c, 4);
	}
	for (;;)
		pause();
}

void live_vfork_parent_killed(void)
{
	struct life *p = life_new(), *c = life_new();
	struct gate *running = gate_new(), *end = gate_new();

	become_subreaper();
	if (life_fork(p))
		be_vfork_parent(c, running, end);
	gate_await(running);
	life_kill(p, SIGKILL);
	life_wait(p, 0);
	nap_ms(20);
	gate_open(end);
	life_wait(c, 0);
	c->heir = getpid();
	life_tell(p);
	life_tell_handed(c, p, "subreaper");
	life_tell(c);
}

/* Whoever is a subreaper when the parent dies inherits, however late it became one. */
void live_late_subreaper(void)
{
	struct life *c = life_new(), *g = life_new();
	struct gate *declared = gate_new(), *end = gate_new();

	if (life_fork(c)) {
		gate_await(declared);
		if (life_fork(g)) {
			gate_await(end);
			life_exit(g, 0);
		}
		life_exit(c, 0);
	}
	become_subreaper();
	gate_open(declared);
	life_wait(c, 0);
	gate_open(end);
	life_wait(g, 0);
	g->heir = getpid();
	life_tell(c);
	life_tell_handed(g, c, "subreaper");
	life_tell(g);
}

static void be_middle(struct life *a, struct life *b, struct life *g, struct gate *end)
{
	become_subreaper();
	if (life_fork(b)) {
		if (life_fork(g)) {
			gate_await(end);
			life_exit(g, 0);
		}
		life_exit(b, 0);
	}
	life_wait(b, 0);
	nap_ms(10);
	life_exit(a, 0);
}

/* From its parent to a subreaper, and from that to the next. */
void live_subreaper_dies(void)
{
	struct life *a = life_new(), *b = life_new(), *g = life_new();
	struct gate *end = gate_new();

	become_subreaper();
	if (life_fork(a))
		be_middle(a, b, g, end);
	life_wait(a, 0);
	nap_ms(10);
	gate_open(end);
	life_wait(g, 0);
	life_tell(a);
	life_tell(b);
	g->heir = a->pid;
	life_tell_handed(g, b, "subreaper");
	g->heir = getpid();
	life_tell_handed(g, a, "subreaper");
	life_tell(g);
}

struct thread_family {
	struct life *child;
	struct gate *end;
};

static void *fork_in_thread(void *context)
{
	struct thread_family *family = context;

	if (life_fork(family->child)) {
		gate_await(family->end);
		life_exit(family->child, 2);
	}
	return NULL;
}

/* The thread that forked ends: its child has the same parent as before, and nothing is told. */
void live_dying_thread(void)
{
	struct thread_family family = {.child = life_new(), .end = gate_new()};
	struct life *p = life_new();
	pthread_t thread;

	become_subreaper();
	if (life_fork(p)) {
		if (pthread_create(&thread, NULL, fork_in_thread, &family) ||
		    pthread_join(thread, NULL))
			truth_broken("a thread that forks");
		nap_ms(10);
		gate_open(family.end);
		life_wait(family.child, 0);
		life_exit(p, 0);
	}
	life_wait(p, 0);
	life_tell(p);
	life_tell(family.child);
	truth_count("reparent", 0, 0);
}

#define FAMILIES_CNT 4

/* Three threads and the leader with a child each: one death hands over all four. */
void live_children_of_threads(void)
{
	struct thread_family families[FAMILIES_CNT];
	struct gate *end = gate_new();
	struct life *p = life_new();

	for (int i = 0; i < FAMILIES_CNT; i++)
		families[i] = (struct thread_family){.child = life_new(), .end = end};
	become_subreaper();
	if (life_fork(p)) {
		pthread_t threads[FAMILIES_CNT];

		fork_in_thread(&families[0]);
		for (int i = 1; i < FAMILIES_CNT; i++)
			pthread_create(&threads[i], NULL, fork_in_thread, &families[i]);
		for (int i = 1; i < FAMILIES_CNT; i++)
			pthread_join(threads[i], NULL);
		life_exit(p, 0);
	}
	life_wait(p, 0);
	gate_open(end);
	life_tell(p);
	for (int i = 0; i < FAMILIES_CNT; i++) {
		struct life *c = families[i].child;

		life_wait(c, 0);
		c->heir = getpid();
		life_tell_handed(c, p, "subreaper");
		life_tell(c);
	}
}

/* Stopped in a group that nobody of its session but a dying parent could have continued. */
static void be_orphaned_group(struct life *p, struct life *z)
{
	setpgid(0, 0);
	if (life_fork(z)) {
		raise(SIGSTOP);
		life_exit(z, 0);
	}
	await_state(z->pid, 'T');
	life_exit(p, 0);
}

void live_orphaned_stopped_group(void)
{
	struct life *q = life_new(), *p = life_new(), *z = life_new();

	become_subreaper();
	if (life_fork(q)) {
		setsid();
		if (life_fork(p))
			be_orphaned_group(p, z);
		life_wait(p, 0);
		life_exit(q, 0);
	}
	life_wait(q, 0);
	life_wait(z, 0);
	z->death.after_ns = p->death.after_ns;
	z->killer = KILLED_BY_KERNEL;
	z->heir = getpid();
	life_tell(q);
	life_tell(p);
	life_tell_handed(z, p, "subreaper");
	life_tell(z);
}
