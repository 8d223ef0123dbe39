/* io_uring by its raw system calls: a wait that is no system call, and a thread that the kernel adds. */
#include "scenarios.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#endif

/* The kernel's ABI (include/uapi/linux/io_uring.h), as older headers lack parts of it. */
struct sq_offsets {
	uint32_t head, tail, mask, entries, flags, dropped, array, resv;
	uint64_t user_addr;
};
struct cq_offsets {
	uint32_t head, tail, mask, entries, overflow, cqes, flags, resv;
	uint64_t user_addr;
};
struct uring_params {
	uint32_t sq_entries, cq_entries, flags, sq_cpu, sq_idle, features, wq_fd, resv[3];
	struct sq_offsets sq;
	struct cq_offsets cq;
};
struct sqe {
	uint8_t opcode, flags;
	uint16_t ioprio;
	int32_t fd;
	uint64_t off_or_addr2, addr;
	uint32_t len, op_flags;
	uint64_t user_data;
	uint16_t buf_index, personality;
	int32_t file_index;
	uint64_t pad[2];
};
struct cqe {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};
_Static_assert(sizeof(struct uring_params) == 120 && sizeof(struct sqe) == 64, "io_uring's ABI");

#define OP_READ		22
#define OP_WAITID	50 /* 6.7 */
#define SQE_ASYNC	(1u << 4)
#define ENTER_GETEVENTS 1u
#define OFFSET_SQ_RING	0ll
#define OFFSET_CQ_RING	0x8000000ll
#define OFFSET_SQES	0x10000000ll
#define RING_ENTRIES	4
#define RING_ROOM_BYTES 4096 /* holds either ring of so few entries */

struct uring {
	int fd;
	char *sq, *cq;
	struct sqe *sqes;
	struct uring_params params;
};

static void *map(int fd, int64_t offset)
{
	void *room = mmap(NULL, RING_ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (room == MAP_FAILED)
		truth_broken("mmap of an io_uring");
	return room;
}

static void uring_init(struct uring *uring)
{
	memset(uring, 0, sizeof(*uring));
	uring->fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &uring->params);
	if (uring->fd < 0)
		truth_skip("io_uring is refused");
	uring->sq = map(uring->fd, OFFSET_SQ_RING);
	uring->cq = map(uring->fd, OFFSET_CQ_RING);
	uring->sqes = map(uring->fd, OFFSET_SQES);
}

/* The first request, and the wait for `want` completions. */
static void uring_submit(struct uring *uring, const struct sqe *sqe, unsigned want)
{
	uint32_t *tail = (uint32_t *)(uring->sq + uring->params.sq.tail);

	uring->sqes[0] = *sqe;
	*(uint32_t *)(uring->sq + uring->params.sq.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, uring->fd, 1, want, want ? ENTER_GETEVENTS : 0, NULL, 0) !=
	    1)
		truth_broken("io_uring_enter");
}

static int uring_result(const struct uring *uring)
{
	return ((struct cqe *)(uring->cq + uring->params.cq.cqes))->res;
}

/* No system call returns the child: it is reaped in the kernel, while its parent waits for a completion.
 */
void live_uring_wait(void)
{
	struct life *c = life_new();
	struct gate *end = gate_new();
	struct uring uring;
	siginfo_t info = {0};
	const struct sqe wait = {
		.opcode = OP_WAITID,
		.len = P_PID,
		.off_or_addr2 = (uint64_t)(uintptr_t)&info,
		.file_index = WEXITED,
	};

	uring_init(&uring);
	if (life_fork(c)) {
		gate_await(end);
		life_exit(c, 7);
	}
	struct sqe sqe = wait;

	sqe.fd = c->pid;
	gate_open(end);
	struct span when = {.after_ns = now_ns()};

	uring_submit(&uring, &sqe, 1);
	when.before_ns = now_ns();
	if (uring_result(&uring)) {
		life_wait(c, 0);
		truth_skip("this kernel's io_uring does not wait for children (6.7 and later do)");
	}
	if (info.si_pid != c->pid || info.si_status != 7)
		truth_broken("a wait by io_uring");
	life_reaped(c, when, 7 << 8);
	c->how = "unseen";
	life_tell(c);
}

static unsigned tasks_cnt(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned cnt = 0;

	if (!dir)
		truth_broken("/proc/self/task");
	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

/* A request that must block is given to a thread, which the kernel adds to the process and nobody forked. */
static void be_helped(struct life *c, int empty_pipe)
{
	static char byte;
	const struct sqe sqe = {
		.opcode = OP_READ,
		.flags = SQE_ASYNC,
		.fd = empty_pipe,
		.addr = (uint64_t)(uintptr_t)&byte,
		.len = 1,
	};
	unsigned before = tasks_cnt();
	struct uring uring;

	uring_init(&uring);
	uring_submit(&uring, &sqe, 0);
	while (tasks_cnt() == before)
		nap_ms(1);
	life_exit(c, 7);
}

/* Workers are threads of the process since 5.12; before, they are the kernel's own. */
void live_uring_worker(void)
{
	struct life *c = life_new();
	struct uring uring;
	int ends[2];

	uring_init(&uring);
	if (!(uring.params.features & (1u << 8)))
		truth_skip("the workers of this kernel are its own threads (before 5.12)");
	if (pipe(ends))
		truth_broken("pipe");
	if (life_fork(c))
		be_helped(c, ends[0]);
	life_wait(c, 0);
	life_tell(c);
	truth_count("thread", 0, 0);
}
