#include "cmd/doctor_lives.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000 /* of a hang, not of slowness: an emulated machine takes its time */

/* --- the patient: what it does ----------------------------------------------------------------- */

/*
 * A child that dies with us, whatever happens; true in it. Only the parent writes the shared slot:
 * the child's own copy of the result would race with it.
 */
static bool bear(volatile pid_t *slot)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(1);
	if (pid)
		*slot = pid;
	else
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid == 0;
}

static void await(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			_exit(1);
}

/* Its output, a version, is for nobody. */
static void exec_self(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	execv(DOCTOR_EXEC_PATH, (char *[]){"proctrace", "version", NULL});
	_exit(127);
}

/* The orphan asks for no signal at its parent's death: that would be its own end. */
static void leave_orphan(volatile pid_t *slot)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		_exit(1);
	if (pid) {
		*slot = pid;
		_exit(0);
	}
	while (getppid() == parent)
		usleep(1000);
	_exit(3);
}

static void live(volatile pid_t *pids)
{
	if (bear(&pids[LIFE_EXIT]))
		_exit(7);
	await(pids[LIFE_EXIT]);
	if (bear(&pids[LIFE_EXEC]))
		exec_self();
	await(pids[LIFE_EXEC]);
	if (bear(&pids[LIFE_KILLED]))
		for (;;)
			pause();
	kill(pids[LIFE_KILLED], SIGKILL);
	await(pids[LIFE_KILLED]);
	if (bear(&pids[LIFE_DEAD_PARENT]))
		leave_orphan(&pids[LIFE_ORPHAN]);
	await(pids[LIFE_DEAD_PARENT]);
	await(pids[LIFE_ORPHAN]);
	/* With SIGCHLD ignored a wait sleeps until the last child is gone, and then fails. */
	signal(SIGCHLD, SIG_IGN);
	if (bear(&pids[LIFE_IGNORED]))
		_exit(5);
	if (waitpid(pids[LIFE_IGNORED], NULL, 0) >= 0)
		_exit(1);
}

/* Lives once the gate is opened by a byte; where it is closed by our death, not at all. */
static void be_patient(int gate, volatile pid_t *pids)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(PATIENCE_MS / 1000);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (read(gate, &byte, 1) != 1)
		_exit(1);
	live(pids);
	_exit(0);
}

/* --- the tracer and its lines -------------------------------------------------------------------- */

struct practice {
	pid_t tracer, patient;
	int gate; /* write end */
	int lines; /* read end: what the tracer tells */
	volatile pid_t *pids; /* shared with the patient */
	struct buffer *told;
};

static const char *const source_words[] = {"auto", "fentry", "kprobe", "syscall", "pidfd", "free"};

static void be_tracer(const struct options *options, pid_t patient, int out)
{
	char pid[16], ring[24];
	char *argv[] = {"proctrace",
			"-jq",
			"--verify",
			"0",
			"--reap-source",
			(char *)source_words[options->reap],
			"-p",
			pid,
			options->ring_bytes ? "--ring" : NULL,
			ring,
			NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(pid, sizeof(pid), "%d", (int)patient);
	snprintf(ring, sizeof(ring), "%" PRIu64, options->ring_bytes);
	dup2(out, STDOUT_FILENO);
	execv(DOCTOR_EXEC_PATH, argv);
	_exit(127);
}

static int start_patient(struct practice *practice)
{
	int gate[2];

	practice->pids = mmap(NULL, DOCTOR_LIVES_CNT * sizeof(pid_t), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (practice->pids == MAP_FAILED)
		practice->pids = NULL;
	if (!practice->pids || pipe2(gate, O_CLOEXEC))
		return -errno;
	practice->gate = gate[1];
	practice->patient = fork();
	if (practice->patient == 0) {
		close(gate[1]);
		be_patient(gate[0], practice->pids);
	}
	close(gate[0]);
	practice->pids[LIFE_PATIENT] = practice->patient;
	return practice->patient < 0 ? -errno : 0;
}

static int start_tracer(struct practice *practice, const struct options *options)
{
	int lines[2];

	if (pipe2(lines, O_CLOEXEC))
		return -errno;
	practice->lines = lines[0];
	practice->tracer = fork();
	if (practice->tracer == 0)
		be_tracer(options, practice->patient, lines[1]);
	close(lines[1]);
	return practice->tracer < 0 ? -errno : 0;
}

static size_t told_cnt(const struct buffer *told, const char *type)
{
	char word[32];
	size_t len = snprintf(word, sizeof(word), "{\"type\":\"%s\"", type), cnt = 0;
	const char *at = told->bytes, *end = told->bytes + told->len;

	for (; at && (at = memmem(at, end - at, word, len)); at += len)
		cnt++;
	return cnt;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Reads until `cnt` lines of that type are there (0: to the end). 0; -EPIPE at an early end; -ETIMEDOUT. */
static int read_until(struct practice *practice, const char *type, size_t cnt)
{
	int64_t deadline_ms = now_ms() + PATIENCE_MS;
	struct pollfd input = {.fd = practice->lines, .events = POLLIN};

	while (!cnt || told_cnt(practice->told, type) < cnt) {
		int64_t left_ms = deadline_ms - now_ms();
		char *room = buffer_room(practice->told, 4096);
		ssize_t n;

		if (!room)
			return practice->told->error;
		if (left_ms <= 0 || poll(&input, 1, left_ms) == 0)
			return -ETIMEDOUT;
		n = read(practice->lines, room, 4096);
		if (n == 0)
			return cnt ? -EPIPE : 0;
		if (n > 0)
			practice->told->len += n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int wait_for(pid_t *pid)
{
	int status = -1;

	while (*pid > 0 && waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
	return status;
}

static int say(char *ret_error, size_t size, int result, const char *what)
{
	snprintf(ret_error, size, "%s", what);
	return result;
}

/* The tracer sees the patient, it lives, all of it is told, the tracer ends. */
static int practise(struct practice *practice, char *ret_error, size_t size)
{
	int status, error = read_until(practice, "process", 1);

	if (error == -EPIPE) {
		status = wait_for(&practice->tracer);
		return say(ret_error, size,
			   WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
								    : EXIT_RUNTIME,
			   "the tracer ended before anybody lived");
	}
	if (error)
		return say(ret_error, size, EXIT_RUNTIME,
			   "the tracer did not see who was there at its start");
	if (write(practice->gate, "", 1) != 1 || wait_for(&practice->patient) != 0)
		return say(ret_error, size, EXIT_RUNTIME,
			   "the lives could not be lived: fork, exec or wait failed");
	/* What is missing at the deadline is the check's to say. */
	read_until(practice, "reap", DOCTOR_LIVES_CNT);
	kill(practice->tracer, SIGINT);
	if (read_until(practice, NULL, 0))
		return say(ret_error, size, EXIT_RUNTIME, "the tracer did not end when asked to");
	status = wait_for(&practice->tracer);
	if (status)
		return say(ret_error, size, EXIT_RUNTIME, "the tracer ended with a failure");
	return 0;
}

static void practice_release(struct practice *practice)
{
	if (practice->tracer > 0)
		kill(practice->tracer, SIGKILL);
	if (practice->patient > 0)
		kill(practice->patient, SIGKILL);
	wait_for(&practice->tracer);
	wait_for(&practice->patient);
	if (practice->gate >= 0)
		close(practice->gate);
	if (practice->lines >= 0)
		close(practice->lines);
	if (practice->pids)
		munmap((void *)practice->pids, DOCTOR_LIVES_CNT * sizeof(pid_t));
}

int doctor_live(const struct options *options, struct buffer *ret_lines,
		pid_t ret_pids[DOCTOR_LIVES_CNT], char *ret_error, size_t size)
{
	struct practice practice = {.gate = -1, .lines = -1, .told = ret_lines};
	int result;

	signal(SIGCHLD,
	       SIG_DFL); /* whoever started us may have ignored it: no wait would find anybody */
	result = start_patient(&practice);
	if (!result)
		result = start_tracer(&practice, options);
	if (result)
		result = say(ret_error, size, EXIT_RUNTIME, strerror(-result));
	else
		result = practise(&practice, ret_error, size);
	for (int i = 0; practice.pids && i < DOCTOR_LIVES_CNT; i++)
		ret_pids[i] = practice.pids[i];
	practice_release(&practice);
	return result;
}
