/* The system calls of 32-bit programs, from a 64-bit one: the same waits by other numbers. */
#include "scenarios.h"

#include "life.h"

#ifdef __x86_64__

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITPID_32 7
#define WAIT4_32   114
#define WAITID_32  284

/* What 32-bit pointers reach. si_pid, si_status: include/uapi/asm-generic/siginfo.h, 32-bit layout. */
struct low {
	int status;
	struct {
		int signo, error, code, pid;
		unsigned uid;
		int status, rest[26];
	} info;
};

static long call_32(long number, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static void no_such_calls(int sig)
{
	truth_skip("this kernel has no 32-bit system calls");
}

static long address(const void *low)
{
	return (long)(uintptr_t)low;
}

static int wait_32(int number, struct low *low, const struct life *c)
{
	long ret;

	if (number == WAITID_32) {
		ret = call_32(number, P_PID, c->pid, address(&low->info), WEXITED, 0);
		low->status = low->info.status << 8;
		return ret ? (int)ret : low->info.pid;
	}
	return (int)call_32(number, c->pid, address(&low->status), 0, 0, 0);
}

void live_wait_32bit(void)
{
	static const int numbers[] = {WAITPID_32, WAIT4_32, WAITID_32};
	struct low *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		truth_broken("mmap below 2 GiB");
	signal(SIGSEGV, no_such_calls);
	if (call_32(20, 0, 0, 0, 0, 0) != getpid())
		no_such_calls(SIGSEGV);
	for (int i = 0; i < 3; i++) {
		struct life *c = life_new();

		if (life_fork(c))
			life_exit(c, 7 + i);
		life_await_death(c);
		nap_ms(10);
		struct span when = {.after_ns = now_ns()};

		if (wait_32(numbers[i], low, c) != c->pid)
			truth_broken("a wait by a 32-bit call");
		when.before_ns = now_ns();
		life_reaped(c, when, low->status);
		life_tell(c);
	}
}

#else

void live_wait_32bit(void)
{
	truth_skip("this architecture has no other system calls");
}

#endif
