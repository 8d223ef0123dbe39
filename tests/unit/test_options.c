#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "options.h"
#include "procfs/cgroup.h"

#define WORDS_MAX 64

/* One parsed command line. */
struct parsed {
	char *words[WORDS_MAX];
	int cnt;
	struct options options;
	enum action action;
	char error[512];
};

static int parse_va(struct parsed *p, va_list args)
{
	char *word;

	memset(p, 0, sizeof(*p));
	p->words[p->cnt++] = "proctrace";
	while ((word = va_arg(args, char *))) {
		assert_true(p->cnt < WORDS_MAX - 1);
		p->words[p->cnt++] = word;
	}
	return options_parse(p->cnt, p->words, &p->options, &p->action, p->error, sizeof(p->error));
}

/* The options of a right command line. */
static struct options *good(struct parsed *p, ...)
{
	va_list args;
	int result;

	va_start(args, p);
	result = parse_va(p, args);
	va_end(args);
	if (result)
		fail_msg("refused: %s", p->error);
	return &p->options;
}

/* A wrong command line: exit 2, one line, and `part` in it. */
static void bad(const char *part, ...)
{
	struct parsed p;
	va_list args;
	int result;

	va_start(args, part);
	result = parse_va(&p, args);
	va_end(args);
	assert_int_equal(result, EXIT_USAGE);
	assert_true(strlen(p.error) > 0);
	assert_null(strchr(p.error, '\n'));
	if (!strstr(p.error, part))
		fail_msg("'%s' is not in '%s'", part, p.error);
}

static void test_nothing(void **state)
{
	struct parsed p;
	struct options *o = good(&p, NULL);

	assert_int_equal(p.action, ACTION_TRACE);
	assert_null(o->command);
	assert_null(o->output);
	assert_int_equal(o->filters.pids_cnt, 0);
	assert_int_equal(o->filters.types, 0);
	assert_int_equal(o->verify_ns, 10000000000);
	assert_int_equal(o->tree_max, 100000);
	assert_int_equal(o->duration_ns, 0);
	assert_int_equal(o->ring_bytes, 0);
	assert_int_equal(o->reap, REAP_AUTO);
	assert_int_equal(o->time, TIME_STYLE_LOCAL);
	assert_int_equal(o->color, COLOR_AUTO);
	assert_false(o->json || o->quiet || o->tree || o->threads || o->wait_all || o->no_args);
	assert_int_equal(EXIT_USAGE, 2);
}

static void test_flags(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-jq", "--tree", "--threads", "--no-args", "--failed", NULL);

	assert_true(o->json && o->quiet && o->tree && o->threads && o->no_args);
	assert_true(o->filters.failed);
	o = good(&p, "--json", NULL);
	assert_true(o->json && !o->quiet);
	o = good(&p, "--quiet", NULL);
	assert_true(!o->json && o->quiet);
	bad("'--json' takes no value", "--json=yes", NULL);
}

static void test_words(void **state)
{
	struct parsed p;

	assert_true(good(&p, "trace", "-j", NULL)->json);
	assert_int_equal(p.action, ACTION_TRACE);
	good(&p, "help", NULL);
	assert_int_equal(p.action, ACTION_HELP);
	good(&p, "-h", "--nonsense", NULL);
	assert_int_equal(p.action, ACTION_HELP);
	good(&p, "trace", "--help", NULL);
	assert_int_equal(p.action, ACTION_HELP);
	good(&p, "version", NULL);
	assert_int_equal(p.action, ACTION_VERSION);
	good(&p, "-V", NULL);
	assert_int_equal(p.action, ACTION_VERSION);
	good(&p, "--version", NULL);
	assert_int_equal(p.action, ACTION_VERSION);
	assert_true(good(&p, "doctor", "-j", NULL)->json);
	assert_int_equal(p.action, ACTION_DOCTOR);
	assert_int_equal(good(&p, "doctor", "--reap-source", "free", "--ring", "64K", NULL)->reap,
			 REAP_FREE);
	assert_int_equal(p.action, ACTION_DOCTOR);
	good(&p, "doctor", "--help", NULL);
	assert_int_equal(p.action, ACTION_HELP);
	bad("'-p' is not for doctor", "doctor", "-p", "1", NULL);
	bad("'--tree' is not for doctor", "doctor", "--tree", NULL);
	bad("doctor takes no COMMAND", "doctor", "--", "true", NULL);
	bad("doctor takes no COMMAND", "doctor", "me", NULL);
	bad("unknown command 'zombies'", "zombies", NULL);
	bad("unknown command 'zombies'", "trace", "zombies", NULL);
	bad("proctrace -- ls", "ls", NULL);
	bad("proctrace -- ls", "-j", "ls", "-l", NULL);
}

static void test_command(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-j", "--", "ls", "-q", "--", NULL);

	assert_ptr_equal(o->command, p.words + 3);
	assert_string_equal(o->command[0], "ls");
	assert_string_equal(o->command[2], "--");
	assert_null(o->command[3]);
	assert_false(o->quiet);
	o = good(&p, "trace", "--", "trace", NULL);
	assert_string_equal(o->command[0], "trace");
	o = good(&p, "-o", "--", "--", "true", NULL);
	assert_string_equal(o->output, "--");
	assert_string_equal(o->command[0], "true");
	bad("proctrace -- true", "-o", "--", "true", NULL);
	bad("no COMMAND after '--'", "--", NULL);
	assert_true(good(&p, "--wait-all", "--", "true", NULL)->wait_all);
	assert_int_equal(good(&p, "-d1", "--", "true", NULL)->duration_ns, 1000000000);
	bad("--wait-all needs a COMMAND", "--wait-all", NULL);
	bad("exclude each other", "-p", "1", "--", "true", NULL);
}

static void test_unknown_option(void **state)
{
	bad("unknown option '--foo'; try 'proctrace --help'", "--foo", NULL);
	bad("unknown option '--foo';", "--foo=bar", NULL);
	bad("unknown option '-x'", "-jx", NULL);
	bad("unknown option '-?'", "-\x1b", NULL);
	bad("unknown option '--a?[31m?b?"
	    "?'",
	    "--a\x1b[31m\nb\xc2\x9b", NULL);
	bad("ambiguous option '--ver'", "--ver", NULL);
	bad("option '-p' needs a PID", "-p", NULL);
	bad("option '--pid' needs a PID", "--pid", NULL);
	bad("option '--verify' needs a DURATION", "--verif", NULL);
}

static void test_short_error_buffer(void **state)
{
	char *words[] = {"proctrace", "--no-such-option", NULL};
	struct options options;
	enum action action;
	char error[8];

	memset(error, 'x', sizeof(error));
	assert_int_equal(options_parse(2, words, &options, &action, error, 4), EXIT_USAGE);
	assert_string_equal(error, "unk");
	assert_int_equal(error[4], 'x');
	assert_int_equal(options_parse(2, words, &options, &action, NULL, 0), EXIT_USAGE);
}

static void *hold_thread(void *context)
{
	int *pipes = context;
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char byte;

	assert_int_equal(write(pipes[1], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(read(pipes[2], &byte, 1), 0);
	return NULL;
}

/* A thread has a number as well, but it is no process. */
static void test_pid_of_thread(void **state)
{
	int pipes[4];
	char text[16];
	pthread_t thread;
	pid_t tid;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(pipes + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, hold_thread, pipes), 0);
	assert_int_equal(read(pipes[0], &tid, sizeof(tid)), sizeof(tid));
	snprintf(text, sizeof(text), "%d", (int)tid);
	bad("it is a thread", "-p", text, NULL);
	close(pipes[3]);
	pthread_join(thread, NULL);
	close(pipes[0]);
	close(pipes[1]);
	close(pipes[2]);
}

static void test_pid(void **state)
{
	struct parsed p;
	struct options *o;
	char self[16], gone[16];
	pid_t child = fork();

	if (!child)
		_exit(0);
	snprintf(self, sizeof(self), "%d", (int)getpid());
	snprintf(gone, sizeof(gone), "%d", (int)child);
	o = good(&p, "-p", self, "--pid=1", "-p", gone, NULL); /* a zombie is one, too */
	assert_int_equal(o->filters.pids_cnt, 3);
	assert_int_equal(o->filters.pids[0], getpid());
	assert_int_equal(o->filters.pids[1], 1);
	assert_int_equal(o->filters.pids[2], child);
	assert_int_equal(waitpid(child, NULL, 0), child);
	bad("no process", "-p", gone, NULL);
	bad("no process 99999999", "-p", "99999999", NULL);
	bad("no process 99999999999999999999", "-p", "99999999999999999999", NULL);
	bad("no process 0", "-p", "0", NULL);
	bad("'-1' is not a pid", "-p", "-1", NULL);
	bad("'bash' is not a pid", "-p", "bash", NULL);
	bad("--pid: '1x' is not a pid", "--pid", "1x", NULL);
	bad("'' is not a pid", "-p", "", NULL);
}

static void test_too_many(void **state)
{
	struct parsed p;
	char *words[2 * FILTERS_MAX + 4] = {"proctrace"};
	int cnt = 1;

	for (int i = 0; i <= FILTERS_MAX; i++) {
		words[cnt++] = "-u";
		words[cnt++] = "0";
		assert_int_equal(options_parse(cnt, words, &p.options, &p.action, p.error,
					       sizeof(p.error)),
				 i < FILTERS_MAX ? 0 : EXIT_USAGE);
	}
	assert_non_null(strstr(p.error, "at most 16"));
}

static void test_user(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-u", "root", "--user", "4294967294", NULL);

	assert_int_equal(o->filters.uids_cnt, 2);
	assert_int_equal(o->filters.uids[0], 0);
	assert_int_equal(o->filters.uids[1], 4294967294u);
	bad("no user 'no such user'", "-u", "no such user", NULL);
	bad("no user ''", "-u", "", NULL);
	bad("no user '-1'", "-u", "-1", NULL);
	bad("no user '4294967295'", "-u", "4294967295", NULL);
}

static void test_comm(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-c", "sh", "--comm", "fifteen-bytes-x", NULL);

	assert_int_equal(o->filters.comms_cnt, 2);
	assert_memory_equal(o->filters.comms[0], "sh\0\0\0\0\0\0\0\0\0\0\0\0\0", PT_COMM_BYTES);
	assert_memory_equal(o->filters.comms[1], "fifteen-bytes-x", PT_COMM_BYTES);
	bad("use 'sixteen-bytes-x'", "-c", "sixteen-bytes-xy", NULL);
	bad("needs the name", "-c", "", NULL);
}

/* The root of the cgroup v2 hierarchy, or NULL where it is not to be seen (a container). */
static const char *cgroup_root(void)
{
	static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs fs;
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		if (!statfs(roots[i], &fs) && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    !stat(roots[i], &st) && st.st_ino == CGROUP_ID_ROOT)
			return roots[i];
	}
	return NULL;
}

static void test_cgroup_refused(void **state)
{
	bad("no cgroup '/no/such/cgroup'", "-g", "/no/such/cgroup", NULL);
	bad("no cgroup ''", "-g", "", NULL);
	bad("'/tmp' is no cgroup v2 directory", "-g", "/tmp", NULL);
}

static void test_cgroup_root(void **state)
{
	const char *root = cgroup_root();
	struct parsed p;
	struct options *o;

	if (!root)
		skip();
	o = good(&p, "-g", root, "--cgroup", "/", NULL);
	assert_int_equal(o->filters.cgroups_cnt, 2);
	assert_int_equal(o->filters.cgroup_ids[0], CGROUP_ID_ROOT);
	assert_int_equal(o->filters.cgroup_levels[0], 0);
	assert_int_equal(o->filters.cgroup_ids[1], CGROUP_ID_ROOT);
}

static void test_cgroup(void **state)
{
	const char *root = cgroup_root();
	char name[64], path[256], below[300], inside[128];
	struct parsed p;
	struct stat st;
	struct options *o;

	if (!root)
		skip();
	snprintf(name, sizeof(name), "/proctrace-test-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s%s", root, name);
	snprintf(below, sizeof(below), "%s/below", path);
	snprintf(inside, sizeof(inside), "%s/below", name + 1);
	if (mkdir(path, 0700) || mkdir(below, 0700)) {
		rmdir(path);
		skip();
	}
	o = good(&p, "--cgroup", name, "-g", below, "-g", inside, NULL);
	stat(below, &st);
	rmdir(below);
	rmdir(path);
	assert_int_equal(o->filters.cgroups_cnt, 3);
	assert_int_equal(o->filters.cgroup_levels[0], 1);
	assert_int_equal(o->filters.cgroup_levels[1], 2);
	assert_int_equal(o->filters.cgroup_ids[1], st.st_ino);
	assert_int_equal(o->filters.cgroup_ids[2], st.st_ino);
	assert_int_equal(o->filters.cgroup_levels[2], 2);
	bad("no cgroup", "-g", name, NULL);
}

static void test_events(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-e", "fork,exec", "--events=reap", NULL);

	assert_int_equal(o->filters.types, 1u << FACT_FORK | 1u << FACT_EXEC | 1u << FACT_REAP);
	assert_false(o->threads);
	assert_true(good(&p, "-e", "thread_exit", NULL)->threads);
	bad("unknown kind 'spoon'; kinds are start,", "-e", "fork,spoon", NULL);
	bad("clock", "-e", "spoon", NULL);
	bad("unknown kind ''", "-e", "fork,", NULL);
	bad("unknown kind 'for'", "-e", "for", NULL);
	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		o = good(&p, "-e", (char *)fact_layouts[type].word, NULL);
		assert_int_equal(o->filters.types, 1u << type);
	}
}

static void test_durations(void **state)
{
	struct parsed p;
	struct options *o;

	o = good(&p, "-d", "2m", "--slower-than", "50ms", "--verify", "3", NULL);
	assert_int_equal(o->duration_ns, 120000000000);
	assert_int_equal(o->filters.slower_than_ns, 50000000);
	assert_int_equal(o->verify_ns, 3000000000);
	assert_int_equal(good(&p, "--verify", "0", NULL)->verify_ns, 0);
	assert_int_equal(good(&p, "--duration=1h", "-d", "1s", NULL)->duration_ns, 1000000000);
	bad("must be more than 0", "-d", "0", NULL);
	bad("-d: 'soon' is not a duration", "-d", "soon", NULL);
	bad("--slower-than: '-1' is not a duration", "--slower-than", "-1", NULL);
	bad("--verify: '1y' is not a duration", "--verify", "1y", NULL);
	bad("too long a time", "--verify", "99999999999999999999d", NULL);
}

static void test_output(void **state)
{
	struct parsed p;
	struct options *o = good(&p, "-o", "a", "--output", "b", NULL);

	assert_ptr_equal(o->output, p.words[4]);
	assert_string_equal(good(&p, "-o-", NULL)->output, "-");
	bad("needs the name of a file", "-o", "", NULL);
}

static void test_tree_max(void **state)
{
	struct parsed p;

	assert_int_equal(good(&p, "--tree-max", "5", NULL)->tree_max, 5);
	bad("between 1 and", "--tree-max", "0", NULL);
	bad("between 1 and", "--tree-max", "4294967296", NULL);
	bad("'many'", "--tree-max", "many", NULL);
}

static void test_ring(void **state)
{
	struct parsed p;

	assert_int_equal(good(&p, "--ring", "64K", NULL)->ring_bytes, 64 << 10);
	assert_int_equal(good(&p, "--ring", "65537", NULL)->ring_bytes, 128 << 10);
	assert_int_equal(good(&p, "--ring", "100M", NULL)->ring_bytes, 128 << 20);
	assert_int_equal(good(&p, "--ring", "1GiB", NULL)->ring_bytes, 1 << 30);
	bad("not between 64K and 1G", "--ring", "65535", NULL);
	bad("not between 64K and 1G", "--ring", "0", NULL);
	bad("not between 64K and 1G", "--ring", "1073741825", NULL);
	bad("not between 64K and 1G", "--ring", "99999999999G", NULL);
	bad("not a size", "--ring", "big", NULL);
	bad("not a size", "--ring", "1.5M", NULL);
}

static void test_reap_source(void **state)
{
	static const char *const words[] = {"auto", "fentry", "kprobe", "syscall", "pidfd", "free"};
	struct parsed p;

	for (int i = REAP_AUTO; i <= REAP_FREE; i++)
		assert_int_equal(good(&p, "--reap-source", words[i], NULL)->reap, i);
	bad("auto|fentry|kprobe|syscall|pidfd|free", "--reap-source", "magic", NULL);
	bad("unknown word ''", "--reap-source", "", NULL);
	bad("unknown word 'auto|fentry'", "--reap-source", "auto|fentry", NULL);
}

static void test_color_and_time(void **state)
{
	struct parsed p;

	assert_int_equal(good(&p, "--color", "auto", NULL)->color, COLOR_AUTO);
	assert_int_equal(good(&p, "--color=always", NULL)->color, COLOR_ALWAYS);
	assert_int_equal(good(&p, "--color=never", NULL)->color, COLOR_NEVER);
	bad("auto|always|never", "--color=red", NULL);
	assert_int_equal(good(&p, "-t", NULL)->time, TIME_STYLE_RELATIVE);
	assert_int_equal(good(&p, "--relative", "--utc", NULL)->time, TIME_STYLE_UTC);
	assert_int_equal(good(&p, "--utc", "-t", NULL)->time, TIME_STYLE_RELATIVE);
}

/* Every "-x" and "--long" at the start of a help line, in order, each to `visit`. */
static size_t each_in_help(void (*visit)(const char *option))
{
	char *help = options_help(80), *rest = help, *line;
	size_t cnt = 0;

	assert_non_null(help);
	while ((line = strsep(&rest, "\n"))) {
		char letter[3] = "", name[32] = "";

		if (sscanf(line, " %2[-a-zA-Z], --%31[a-z-]", letter, name) == 2)
			visit(letter);
		else if (strncmp(line, "      --", 8) || sscanf(line, " --%31[a-z-]", name) != 1)
			continue;
		memmove(name + 2, name, sizeof(name) - 2);
		memcpy(name, "--", 2);
		visit(name);
		cnt++;
	}
	free(help);
	return cnt;
}

static void must_be_known(const char *option)
{
	struct parsed p = {.words = {"proctrace", (char *)option}};
	int result = options_parse(2, p.words, &p.options, &p.action, p.error, sizeof(p.error));

	if (result && strstr(p.error, "unknown"))
		fail_msg("the help names %s, but: %s", option, p.error);
}

static void test_help(void **state)
{
	static const char *const names[] = {
		"-p, --pid PID",
		"-u, --user USER",
		"-c, --comm COMM",
		"-g, --cgroup CGROUP",
		"-e, --events KINDS",
		"--failed",
		"-d, --duration DUR",
		"--slower-than DURATION",
		"-j, --json",
		"-o, --output FILE",
		"-q, --quiet",
		"--tree ",
		"--tree-max N",
		"--threads",
		"--wait-all",
		"--no-args",
		"--verify DURATION",
		"--ring SIZE",
		"--reap-source SOURCE",
		"-t, --relative",
		"--utc",
		"--color WHEN",
		"-h, --help",
		"-V, --version",
	};
	char *help = options_help(0);

	assert_non_null(help);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strstr(help, names[i]))
			fail_msg("the help does not name %s", names[i]);
	}
	free(help);
	assert_int_equal(each_in_help(must_be_known), sizeof(names) / sizeof(*names));
}

static void check_width(unsigned asked, size_t most)
{
	char *help = options_help(asked), *rest = help, *line;

	assert_non_null(help);
	while ((line = strsep(&rest, "\n"))) {
		if (strlen(line) > most)
			fail_msg("%zu columns, not %zu: %s", strlen(line), most, line);
		if (*line)
			assert_int_not_equal(line[strlen(line) - 1], ' ');
	}
	free(help);
}

static void test_help_width(void **state)
{
	check_width(0, 80);
	check_width(80, 80);
	check_width(132, 110);
	check_width(75, 75);
	check_width(1, 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_unknown_option),
		cmocka_unit_test(test_short_error_buffer),
		cmocka_unit_test(test_pid),
		cmocka_unit_test(test_pid_of_thread),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_cgroup_refused),
		cmocka_unit_test(test_cgroup_root),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_tree_max),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_reap_source),
		cmocka_unit_test(test_color_and_time),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_width),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
