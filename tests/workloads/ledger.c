#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static struct ledger {
	struct node nodes[NODES_MAX];
	atomic_int cnt;
	atomic_ulong changes; /* of any state or parent */
} * ledger;

struct node *ledger_open(void)
{
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (ledger == MAP_FAILED)
		truth_broken("mmap of the ledger");
	struct node *root = node_new();

	root->creator = NOBODY;
	root->parent = NOBODY;
	root->life.pid = getpid();
	node_set_state(root, NODE_MOVING);
	return root;
}

struct node *node_new(void)
{
	int i = atomic_fetch_add(&ledger->cnt, 1);

	if (i >= NODES_MAX) {
		errno = ENOSPC;
		truth_broken("more lives than the ledger holds");
	}
	ledger->nodes[i].exit_signal = SIGCHLD;
	return &ledger->nodes[i];
}

struct node *node_at(int index)
{
	return &ledger->nodes[index];
}

int node_index(const struct node *node)
{
	return (int)(node - ledger->nodes);
}

int nodes_cnt(void)
{
	return atomic_load(&ledger->cnt);
}

void node_set_state(struct node *node, enum node_state state)
{
	atomic_store(&node->state, state);
	atomic_fetch_add(&ledger->changes, 1);
}

/* /proc shows numbers of the namespace it was mounted in, also to one who lives in another. */
static pid_t outer_pid(void)
{
	char number[16] = {0};

	if (readlink("/proc/self", number, sizeof(number) - 1) < 1)
		truth_broken("/proc/self");
	return atoi(number);
}

void node_note_self(struct node *me)
{
	struct stat ns;

	if (me->nested) {
		if (stat("/proc/self/ns/pid", &ns))
			truth_broken("/proc/self/ns/pid");
		me->life.pid_ns = ns.st_ino;
		me->life.ns_pid = getpid();
	}
	__atomic_store_n(&me->life.pid, outer_pid(), __ATOMIC_SEQ_CST);
}

static void pause_us(unsigned us)
{
	usleep(us);
}

pid_t node_number(const struct node *me, const struct node *node)
{
	pid_t pid;

	while (!(pid = __atomic_load_n(&node->life.pid, __ATOMIC_SEQ_CST)))
		pause_us(100);
	return me->nested ? node->life.ns_pid : pid;
}

bool node_is_child(const struct node *me, const struct node *node)
{
	uint32_t state = atomic_load(&node->state);

	return atomic_load(&node->parent) == node_index(me) && state != NODE_UNBORN &&
	       state != NODE_GONE;
}

bool node_reaps_itself(const struct node *me, const struct node *node)
{
	return me->fate.ignores && node->exit_signal == SIGCHLD;
}

/* --- whose children they are now ----------------------------------------------------------------- */

/* "PID (NAME) STATE PPID ...": behind the name, which may hold anything. */
static pid_t parent_in_proc(pid_t pid)
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

	return end ? atoi(end + 4) : 0;
}

/* Only those that can have heirs are asked: alive, or at least not gone. */
static struct node *node_by_pid(pid_t pid)
{
	for (int i = nodes_cnt(); i-- > 0;) {
		struct node *node = node_at(i);
		uint32_t state = atomic_load(&node->state);

		if (node->life.pid == pid && (state == NODE_MOVING || state == NODE_RESTING))
			return node;
	}
	errno = ESRCH;
	truth_broken("an heir that is in no ledger");
}

static void hand_over(struct node *orphan, struct node *from)
{
	bool resting = atomic_load(&orphan->state) == NODE_RESTING;
	struct node *to = node_by_pid(parent_in_proc(orphan->life.pid));

	if (orphan->hops_cnt == HOPS_MAX) {
		errno = E2BIG;
		truth_broken("an orphan of too many parents");
	}
	orphan->hops[orphan->hops_cnt++] = (struct hop){node_index(from), node_index(to)};
	orphan->life.heir = to->life.pid;
	orphan->exit_signal = SIGCHLD;
	if (resting && orphan->fate.goes_on)
		atomic_store(&orphan->state, NODE_MOVING);
	atomic_store(&orphan->parent, node_index(to));
	atomic_fetch_add(&ledger->changes, 1);
	if (resting && orphan->fate.goes_on)
		node_order(orphan, ORDER_GO_ON);
}

/*
 * A namespace ends with its init: whoever still lives is killed by the kernel. Zombies are collected
 * by the init on its way out, which ignores SIGCHLD by then: only who ends with another signal, or
 * none, becomes one now (zap_pid_ns_processes), and not even that if the init has executed since
 * (do_notify_parent).
 */
static void take_along(struct node *node, const struct node *init)
{
	struct life *life = &node->life;
	bool alive = atomic_load(&node->state) != NODE_DEAD;

	if (alive) {
		life->status = SIGKILL;
		life->killer = KILLED_BY_KERNEL;
		life->death_parent = init->life.pid;
		life->death = init->life.death;
	}
	if (alive && (node->exit_signal == SIGCHLD || init->executes)) {
		life->how = "auto";
		life->never_zombie = true;
	} else {
		life->how = "namespace";
		life->reaper = init->life.pid;
	}
	life->reap = init->life.death;
	node_set_state(node, NODE_GONE);
}

static void note_heirs(struct node *dead)
{
	for (int i = 0; i < nodes_cnt(); i++) {
		struct node *orphan = node_at(i);

		if (!node_is_child(dead, orphan))
			continue;
		if (dead->life.ns_pid == 1)
			take_along(orphan, dead);
		else
			hand_over(orphan, dead);
	}
}

/* --- the ends of children ------------------------------------------------------------------------ */

static void note_death(struct node *me, struct node *child, enum node_state next)
{
	struct life *life = &child->life;

	if (!life->death.before_ns)
		life->death.before_ns = now_ns();
	life->death_parent = me->life.pid;
	note_heirs(child);
	node_set_state(child, next);
}

static void note_gone_by_itself(struct node *me, struct node *child)
{
	child->life.how = "auto";
	child->life.never_zombie = true;
	note_death(me, child, NODE_GONE);
	child->life.reap = child->life.death;
}

/*
 * The number is given back inside release_task, later than any instant that a tracer could call the
 * reap; ECHILD from a wait would come earlier.
 */
static bool is_number_free(pid_t number)
{
	if (!kill(number, 0))
		return false;
	if (errno != ESRCH)
		truth_broken("kill 0");
	return true;
}

/* Looks, and leaves it where it is. */
static bool is_zombie(const struct node *me, pid_t number)
{
	siginfo_t info = {0};

	if (!waitid(P_PID, (id_t)number, &info, WEXITED | WNOHANG | WNOWAIT | __WALL))
		return info.si_pid == number;
	if (errno != ECHILD || !me->fate.ignores)
		truth_broken("waitid with WNOWAIT");
	return false; /* it has executed, and reaps itself: it is asked again as such */
}

/* True once it is dead, and that has been entered. */
static bool confirm_death(struct node *me, struct node *child)
{
	pid_t number = node_number(me, child);

	if (node_reaps_itself(me, child)) {
		if (!is_number_free(number))
			return false;
		note_gone_by_itself(me, child);
	} else {
		if (!is_zombie(me, number))
			return false;
		note_death(me, child, NODE_DEAD);
	}
	return true;
}

void node_await_rest(struct node *me, struct node *child)
{
	while (atomic_load(&child->state) == NODE_MOVING && !confirm_death(me, child))
		pause_us(200);
}

void node_await_death(struct node *me, struct node *child)
{
	while (atomic_load(&child->state) < NODE_DEAD && !confirm_death(me, child))
		pause_us(200);
}

/* --- until nothing moves ------------------------------------------------------------------------- */

static bool is_below(const struct node *me, const struct node *node)
{
	int top = node_index(me);

	for (int at = atomic_load(&node->parent); at != NOBODY;
	     at = atomic_load(&node_at(at)->parent))
		if (at == top)
			return true;
	return false;
}

static bool anything_moves(struct node *me)
{
	for (int i = 0; i < nodes_cnt(); i++) {
		struct node *node = node_at(i);

		if (atomic_load(&node->state) != NODE_MOVING || !is_below(me, node))
			continue;
		if (!node_is_child(me, node) || !confirm_death(me, node))
			return true;
	}
	return false;
}

/* Only what moves can move another: a look at all that met no change met no movement. */
void node_settle(struct node *me)
{
	for (;;) {
		unsigned long changes = atomic_load(&ledger->changes);

		if (!anything_moves(me) && atomic_load(&ledger->changes) == changes)
			return;
		pause_us(200);
	}
}

enum order node_rest(struct node *me)
{
	uint32_t order;

	node_set_state(me, NODE_RESTING);
	while (!(order = atomic_load(&me->order)))
		syscall(SYS_futex, &me->order, FUTEX_WAIT, ORDER_NONE, NULL, NULL, 0);
	return order;
}

void node_order(struct node *node, enum order order)
{
	node_set_state(node, NODE_MOVING);
	atomic_store(&node->order, order);
	syscall(SYS_futex, &node->order, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* --- ways to wait -------------------------------------------------------------------------------- */

static int wait_call(pid_t number, int options)
{
	int status;

	if (waitpid(number, &status, options | __WALL) != number)
		truth_broken("waitpid");
	return status;
}

static int status_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return info->si_status << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

static int wait_id(int type, id_t id, pid_t number)
{
	siginfo_t info = {0};

	if (waitid((idtype_t)type, id, &info, WEXITED | __WALL) || info.si_pid != number)
		truth_broken("waitid");
	return status_of(&info);
}

static int wait_pidfd(pid_t number)
{
	int fd = (int)syscall(SYS_pidfd_open, number, 0);

	if (fd < 0)
		truth_broken("pidfd_open");
	int status = wait_id(P_PIDFD, (id_t)fd, number);

	close(fd);
	return status;
}

static int wait_poll(pid_t number)
{
	pid_t pid;
	int status;

	while (!(pid = waitpid(number, &status, WNOHANG | __WALL)))
		pause_us(300);
	if (pid != number)
		truth_broken("waitpid with WNOHANG");
	return status;
}

static int wait_look_first(pid_t number)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)number, &info, WEXITED | WNOWAIT | __WALL) || info.si_pid != number)
		truth_broken("waitid with WNOWAIT");
	return wait_id(P_PID, (id_t)number, number);
}

static int wait_by(enum wait_way way, pid_t number)
{
	switch (way) {
	case WAIT_ID:
		return wait_id(P_PID, (id_t)number, number);
	case WAIT_PIDFD:
		return wait_pidfd(number);
	case WAIT_POLL:
		return wait_poll(number);
	case WAIT_LOOK_FIRST:
		return wait_look_first(number);
	default:
		return wait_call(number, 0);
	}
}

struct thread_wait {
	pid_t number;
	int status;
};

static void *wait_in_thread(void *context)
{
	struct thread_wait *wait = context;

	wait->status = wait_call(wait->number, 0);
	return NULL;
}

static int wait_by_thread(pid_t number)
{
	struct thread_wait wait = {.number = number};
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_in_thread, &wait) || pthread_join(thread, NULL))
		truth_broken("a thread that waits");
	return wait.status;
}

void node_reap(struct node *me, struct node *child)
{
	struct life *life = &child->life;
	pid_t number = node_number(me, child);

	if (me->fate.ignores || child->fate.wait_way == WAIT_LATE)
		node_await_death(me, child);
	if (atomic_load(&child->state) == NODE_GONE)
		return;
	if (child->fate.wait_way == WAIT_LATE)
		pause_us(child->fate.delay_us);
	life->reap.after_ns = now_ns();
	life->status = child->fate.wait_way == WAIT_THREAD ? wait_by_thread(number)
							   : wait_by(child->fate.wait_way, number);
	life->reap.before_ns = now_ns();
	life->how = "wait";
	life->wait_call = true;
	life->reaper = me->life.pid;
	if (atomic_load(&child->state) == NODE_DEAD)
		node_set_state(child, NODE_GONE);
	else
		note_death(me, child, NODE_GONE);
}

/* --- the truth of it ----------------------------------------------------------------------------- */

/* find_new_reaper, kernel/exit.c: who is not a namespace's init was found as a subreaper. */
static const char *kind_of_heir(const struct node *heir)
{
	return heir->life.ns_pid == 1 ? "namespace-init" : "subreaper";
}

static void tell_hops(const struct node *node)
{
	for (unsigned i = 0; i < node->hops_cnt; i++) {
		const struct node *from = node_at(node->hops[i].from);
		const struct node *to = node_at(node->hops[i].to);

		truth_reparent(node->life.pid, from->life.pid, to->life.pid, kind_of_heir(to),
			       from->life.death);
	}
}

static void tell_exec(const struct node *node)
{
	char code[8];
	char *const args[] = {(char *)program_path(), "@exit", code, NULL};
	const struct image image = {
		.filename = program_path(),
		.exe = program_path(),
		.args = args,
		.tid = node->life.exec_tid,
	};

	snprintf(code, sizeof(code), "%d", node->fate.code);
	truth_exec(node->life.pid, &image, node->life.death);
}

/* Numbers are used again, in the order of births. */
static unsigned earlier_lives(const struct node *node)
{
	unsigned cnt = 0;

	for (int i = 1; i < nodes_cnt(); i++) {
		const struct node *other = node_at(i);

		cnt += other->life.pid == node->life.pid &&
		       other->life.birth.before_ns < node->life.birth.before_ns;
	}
	return cnt;
}

void ledger_tell(void)
{
	for (int i = 1; i < nodes_cnt(); i++) {
		struct node *node = node_at(i);

		if (atomic_load(&node->state) != NODE_GONE)
			truth_broken("a life that is not over");
		node->life.reuse = earlier_lives(node);
		life_tell(&node->life);
		tell_hops(node);
		if (node->executes)
			tell_exec(node);
	}
}
