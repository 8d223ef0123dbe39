/*
 * The end-to-end tests: each scenario is lived under the tracer, as root, with the real BPF
 * programs, and what the tracer told is compared with what the workload knows. Needs no shell and
 * no other program, so that a guest without any userland can run it, linked statically.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "e2e/judge.h"

#define SCENARIO_TIMEOUT_MS                                                                        \
	60000 /* of a hang, not of slowness: an emulated guest takes its time                      \
	       */
#define ARGS_MAX 32

struct settings {
	const char *proctrace;
	const char *workload;
	const char *keep; /* directory of the outputs; NULL: one of our own that goes again */
	const char *reap_source; /* NULL: the tracer's choice */
	bool verbose;
	bool misses_allowed; /* the kernel may skip programs, as long as each is told of as lost */
	/*
	 * NULL-terminated: scenarios; "core" (when there is none), "all"; "random:FIRST-LAST:LIVES":
	 * trees of as many lives, grown from these seeds; "random:SEED:LIVES".
	 */
	char **names;
};

/* Bytes read from a child, terminated. */
struct text {
	char *bytes;
	size_t len;
};

enum verdict { PASSED, FAILED, SKIPPED, VERDICT_CNT };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* In a process group of its own, so that a hang can be ended with all that is in it. */
static pid_t start(char *const *argv, int out, int err)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* One more chunk of `fd`. 1; 0 at its end; -errno. */
static int text_read(struct text *text, int fd)
{
	char *bytes = realloc(text->bytes, text->len + 65536 + 1);

	if (!bytes)
		return -ENOMEM;
	text->bytes = bytes;
	ssize_t n = read(fd, bytes + text->len, 65536);

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	text->len += (size_t)n;
	bytes[text->len] = '\0';
	return n > 0;
}

static int read_until_end(struct text *text, int fd)
{
	uint64_t deadline = now_ms() + SCENARIO_TIMEOUT_MS;
	struct pollfd input = {.fd = fd, .events = POLLIN};
	int ret = 1;

	while (ret > 0) {
		uint64_t now = now_ms();
		int ready = now < deadline ? poll(&input, 1, (int)(deadline - now)) : 0;

		if (ready == 0)
			return -ETIMEDOUT;
		ret = ready < 0 ? (errno == EINTR ? 1 : -errno) : text_read(text, fd);
	}
	return ret;
}

/*
 * run - argv to its end: its standard output, its wait status. -ETIMEDOUT after ending its process
 * group when it hangs; the pipe's end comes before the wait, so a tracer that lives on is waited
 * for no longer than its output.
 */
static int run(char *const *argv, const char *err_path, struct text *ret_out, int *ret_status)
{
	int ends[2];
	int err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (err < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	pid_t pid = start(argv, ends[1], err);

	close(ends[1]);
	close(err);
	if (pid < 0)
		return -errno;
	int ret = read_until_end(ret_out, ends[0]);

	if (ret)
		kill(-pid, SIGKILL);
	close(ends[0]);
	waitpid(pid, ret_status, 0);
	return ret;
}

static int read_file(const char *path, struct text *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 ? -errno : 1;

	while (ret > 0)
		ret = text_read(ret_text, fd);
	if (fd >= 0)
		close(fd);
	return ret;
}

static void write_file(const char *path, const struct text *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text->bytes, text->len) < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Where one scenario's outputs lie. */
struct paths {
	char facts[PATH_MAX], truth[PATH_MAX], errors[PATH_MAX];
};

static void paths_init(struct paths *paths, const char *dir, const char *name)
{
	snprintf(paths->facts, PATH_MAX, "%s/%s.jsonl", dir, name);
	snprintf(paths->truth, PATH_MAX, "%s/%s.truth", dir, name);
	snprintf(paths->errors, PATH_MAX, "%s/%s.stderr", dir, name);
	unlink(paths->facts);
}

static void print_file(const char *path)
{
	struct text text = {0};

	if (!read_file(path, &text) && text.len)
		fwrite(text.bytes, 1, text.len, stdout);
	free(text.bytes);
}

/* The tracer's command line; `options` is cut into words in place. */
static void build_args(char **args, const struct settings *settings, const char *name,
		       char *options, const char *facts)
{
	size_t n = 0;
	char *rest = NULL;

	args[n++] = (char *)settings->proctrace;
	args[n++] = "-j";
	args[n++] = "-o";
	args[n++] = (char *)facts;
	args[n++] = "--wait-all";
	if (settings->reap_source) {
		args[n++] = "--reap-source";
		args[n++] = (char *)settings->reap_source;
	}
	for (char *word = strtok_r(options, " ", &rest); word && n < ARGS_MAX - 4;
	     word = strtok_r(NULL, " ", &rest))
		args[n++] = word;
	args[n++] = "--";
	args[n++] = (char *)settings->workload;
	args[n++] = (char *)name;
	args[n] = NULL;
}

static void parse(struct records *records, const struct text *text, const char *key,
		  const char *what, struct report *report)
{
	size_t line = 0;
	int ret = records_add_text(records, text->bytes, text->len, key, &line);

	report_check(report, !ret, "line %zu of the %s: %s", line, what, strerror(-ret));
}

static const char *skip_reason(const struct records *truth)
{
	for (size_t i = 0; i < truth->cnt; i++)
		if (!strcmp(truth->list[i].type, "skip"))
			return record_text(&truth->list[i], "reason");
	return NULL;
}

/*
 * Programs that the kernel skipped because one was preempted, by the end record; 0 unless the stream
 * said of each that it is lost.
 */
static long long misses_told(const struct records *facts)
{
	long long missed = 0, told = 0;

	for (size_t i = 0; i < facts->cnt; i++) {
		const struct record *fact = &facts->list[i];

		if (!strcmp(fact->type, "end"))
			missed = record_num(fact, "recursion_misses", 0);
		else if (!strcmp(fact->type, "lost") && !strcmp(record_text(fact, "stage"), "bpf"))
			told += record_num(fact, "count", 0);
	}
	return missed == told ? missed : 0;
}

/* Facts and truth are there: the verdict. */
static enum verdict judge(const struct settings *settings, const struct text *facts_text,
			  const struct text *truth_text, struct report *report)
{
	long long missed;
	struct records facts = {0}, truth = {0};
	enum verdict verdict = SKIPPED;

	parse(&truth, truth_text, "expect", "truth", report);
	const char *reason = skip_reason(&truth);

	if (reason && !report->failures) {
		printf("SKIP %s (%s)\n", report->scenario, reason);
	} else {
		parse(&facts, facts_text, "type", "facts", report);
		missed = settings->misses_allowed ? misses_told(&facts) : 0;
		if (missed) {
			printf("SKIP %s (the kernel skipped %lld programs, and the tracer said "
			       "so)\n",
			       report->scenario, missed);
		} else {
			report_check(report, truth.cnt, "the workload told no truth");
			judge_truth(&facts, &truth, report);
			judge_stream(&facts, report);
			verdict = report->failures ? FAILED : PASSED;
		}
	}
	records_release(&facts);
	records_release(&truth);
	return verdict;
}

static enum verdict live(const struct settings *settings, const char *dir, const char *name,
			 char *options)
{
	struct report report = {.out = stdout, .scenario = name};
	struct text facts = {0}, truth = {0};
	struct paths paths;
	char *args[ARGS_MAX];
	int status = 0;

	paths_init(&paths, dir, name);
	build_args(args, settings, name, options, paths.facts);
	int ret = run(args, paths.errors, &truth, &status);

	report_check(&report, !ret, "the tracer: %s", strerror(-ret));
	report_check(&report, ret || status == 0, "the tracer's wait status: expected 0, was 0x%x",
		     status);
	ret = read_file(paths.facts, &facts);
	report_check(&report, !ret, "%s: %s", paths.facts, strerror(-ret));
	write_file(paths.truth, &truth);
	enum verdict verdict = judge(settings, &facts, &truth, &report);

	if (verdict == FAILED || settings->verbose)
		print_file(paths.errors);
	if (verdict != SKIPPED)
		printf("%s %s (%zu checks)\n", verdict == PASSED ? "PASS" : "FAIL", name,
		       report.checks);
	if (!settings->keep) {
		unlink(paths.facts);
		unlink(paths.truth);
		unlink(paths.errors);
	}
	free(facts.bytes);
	free(truth.bytes);
	fflush(stdout);
	return verdict;
}

static bool is_wanted(const struct settings *settings, const char *name, bool core)
{
	if (!settings->names[0])
		return core;
	for (char **wanted = settings->names; *wanted; wanted++)
		if (!strcmp(*wanted, name) || !strcmp(*wanted, "all") ||
		    (core && !strcmp(*wanted, "core")))
			return true;
	return false;
}

/* One line of `workload --list`: name, row, core or more, options, parted by tabs. */
static void live_line(const struct settings *settings, const char *dir, char *line,
		      unsigned counts[VERDICT_CNT])
{
	char *name = strsep(&line, "\t");

	strsep(&line, "\t");
	const char *rung = strsep(&line, "\t");

	if (rung && line && is_wanted(settings, name, !strcmp(rung, "core")))
		counts[live(settings, dir, name, line)]++;
}

static int live_all(const struct settings *settings, const char *dir, unsigned counts[VERDICT_CNT])
{
	char *args[] = {(char *)settings->workload, "--list", NULL};
	struct text list = {0};
	char err_path[PATH_MAX];
	int status = 0;

	snprintf(err_path, sizeof(err_path), "%s/list.stderr", dir);
	int ret = run(args, err_path, &list, &status);

	unlink(err_path);
	if (ret || status || !list.len) {
		fprintf(stderr, "%s --list: no scenarios\n", settings->workload);
		free(list.bytes);
		return -EINVAL;
	}
	for (char *rest = list.bytes, *line; (line = strsep(&rest, "\n"));)
		if (line[0])
			live_line(settings, dir, line, counts);
	free(list.bytes);
	return 0;
}

/* Seeds need no list: each is a scenario of its own. */
static void live_seeds(const struct settings *settings, const char *dir,
		       unsigned counts[VERDICT_CNT])
{
	for (char **name = settings->names; *name; name++) {
		unsigned long long first, last;
		unsigned lives;
		int cnt = sscanf(*name, "random:%llu-%llu:%u", &first, &last, &lives);

		if (cnt == 1 && sscanf(*name, "random:%*u:%u", &lives) == 1)
			last = first;
		else if (cnt != 3)
			continue;
		for (unsigned long long seed = first; seed <= last; seed++) {
			char one[64], options[] = "";

			snprintf(one, sizeof(one), "random:%llu:%u", seed, lives);
			counts[live(settings, dir, one, options)]++;
		}
	}
}

static int options_parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{"proctrace", required_argument, NULL, 'p'},
		{"workload", required_argument, NULL, 'w'},
		{"keep", required_argument, NULL, 'k'},
		{"reap-source", required_argument, NULL, 'r'},
		{"verbose", no_argument, NULL, 'v'},
		{"misses-allowed", no_argument, NULL, 'm'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			settings->proctrace = optarg;
			break;
		case 'w':
			settings->workload = optarg;
			break;
		case 'k':
			settings->keep = optarg;
			break;
		case 'r':
			settings->reap_source = optarg;
			break;
		case 'v':
			settings->verbose = true;
			break;
		case 'm':
			settings->misses_allowed = true;
			break;
		default:
			return -EINVAL;
		}
	}
	settings->names = argv + optind;
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.proctrace = "build/proctrace",
		.workload = "build/tests/workloads/workload",
	};
	unsigned counts[VERDICT_CNT] = {0};
	char dir[] = "/tmp/e2e-XXXXXX";

	if (options_parse(&settings, argc, argv)) {
		fprintf(stderr, "usage: runner [--proctrace PATH] [--workload PATH] [--keep DIR] "
				"[--reap-source NAME] [--verbose] [--misses-allowed] [SCENARIO | "
				"core | all | "
				"random:FIRST-LAST:LIVES]...\n");
		return 2;
	}
	if (settings.keep ? mkdir(settings.keep, 0700) && errno != EEXIST : !mkdtemp(dir)) {
		perror(settings.keep ? settings.keep : dir);
		return 1;
	}
	int ret = live_all(&settings, settings.keep ? settings.keep : dir, counts);

	if (!ret)
		live_seeds(&settings, settings.keep ? settings.keep : dir, counts);
	if (!settings.keep)
		rmdir(dir);
	if (!ret)
		printf("%u passed, %u failed, %u skipped\n", counts[PASSED], counts[FAILED],
		       counts[SKIPPED]);
	return ret || counts[FAILED] || !(counts[PASSED] + counts[SKIPPED]);
}
