#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/number.h"
#include "options_table.h"

#define RING_BYTES_MIN	  (64ull << 10)
#define RING_BYTES_MAX	  (1ull << 30)
#define VERIFY_NS_DEFAULT (10 * 1000000000ull)
#define TREE_MAX_DEFAULT  100000

/* What getopt_long returns for a long name: beyond every letter, so that rows need no numbers. */
#define LONG_BASE 256
#define ROWS_MAX  64

static int take_duration_of(struct parse *parse, const char *value, uint64_t *ret_ns)
{
	int err = duration_parse(value, ret_ns);

	if (err == -ERANGE)
		return options_refuse(parse, "%s: '%s' is too long a time", parse->typed, value);
	if (err)
		return options_refuse(parse,
				      "%s: '%s' is not a duration; give a number with ns, us, ms, "
				      "s, m, h or d, like 500ms",
				      parse->typed, value);
	return 0;
}

static int take_duration(struct parse *parse, const char *value)
{
	int err = take_duration_of(parse, value, &parse->options->duration_ns);

	if (!err && !parse->options->duration_ns)
		return options_refuse(parse,
				      "%s: the duration must be more than 0; leave %s out "
				      "to run until Ctrl-C",
				      parse->typed, parse->typed);
	return err;
}

static int take_slower_than(struct parse *parse, const char *value)
{
	return take_duration_of(parse, value, &parse->options->filters.slower_than_ns);
}

static int take_verify(struct parse *parse, const char *value)
{
	return take_duration_of(parse, value, &parse->options->verify_ns);
}

static int take_output(struct parse *parse, const char *value)
{
	if (!*value)
		return options_refuse(parse, "%s needs the name of a file, or - for stdout",
				      parse->typed);
	parse->options->output = value;
	return 0;
}

static int take_tree_max(struct parse *parse, const char *value)
{
	uint64_t number;

	if (number_parse(value, UINT32_MAX, &number) || !number)
		return options_refuse(parse, "%s: '%s' is not a number of lives between 1 and %u",
				      parse->typed, value, UINT32_MAX);
	parse->options->tree_max = number;
	return 0;
}

/* A ring buffer map must have a power of two of bytes (kernel/bpf/ringbuf.c, ringbuf_map_alloc). */
static int take_ring(struct parse *parse, const char *value)
{
	uint64_t bytes, power = RING_BYTES_MIN;
	int err = size_parse(value, &bytes);

	if (err == -EINVAL)
		return options_refuse(parse,
				      "%s: '%s' is not a size; give bytes, or a number with "
				      "K, M or G, like 16M",
				      parse->typed, value);
	if (err || bytes < RING_BYTES_MIN || bytes > RING_BYTES_MAX)
		return options_refuse(parse, "%s: '%s' is not between 64K and 1G", parse->typed,
				      value);
	while (power < bytes)
		power <<= 1;
	parse->options->ring_bytes = power;
	return 0;
}

/* The index of `value` among `words` ("a|b|c", as the help shows them), or EXIT_USAGE as -1. */
static int take_word(struct parse *parse, const char *value, const char *words)
{
	size_t len = strlen(value);
	int index = 0;

	for (const char *word = words;; index++) {
		size_t word_len = strcspn(word, "|");

		if (word_len == len && !memcmp(word, value, len))
			return index;
		if (!word[word_len])
			break;
		word += word_len + 1;
	}
	options_refuse(parse, "%s: unknown word '%s'; it is one of %s", parse->typed, value, words);
	return -1;
}

#define REAP_WORDS "auto|fentry|kprobe|syscall|pidfd|free" /* in the order of enum reap_choice */
_Static_assert(REAP_AUTO == 0 && REAP_FREE == 5, "REAP_WORDS");

static int take_reap_source(struct parse *parse, const char *value)
{
	int word = take_word(parse, value, REAP_WORDS);

	if (word < 0)
		return EXIT_USAGE;
	parse->options->reap = word;
	return 0;
}

#define COLOR_WORDS "auto|always|never" /* in the order of enum color_when */
_Static_assert(COLOR_AUTO == 0 && COLOR_NEVER == 2, "COLOR_WORDS");

static int take_color(struct parse *parse, const char *value)
{
	int word = take_word(parse, value, COLOR_WORDS);

	if (word < 0)
		return EXIT_USAGE;
	parse->options->color = word;
	return 0;
}

static int take_relative(struct parse *parse, const char *value)
{
	parse->options->time = TIME_STYLE_RELATIVE;
	return 0;
}

static int take_utc(struct parse *parse, const char *value)
{
	parse->options->time = TIME_STYLE_UTC;
	return 0;
}

static int take_help(struct parse *parse, const char *value)
{
	*parse->action = ACTION_HELP;
	return 0;
}

static int take_version(struct parse *parse, const char *value)
{
	*parse->action = ACTION_VERSION;
	return 0;
}

#define FLAG(member) .flag = offsetof(struct options, member)

/*
 * The one list of options: order and words are those of the help. The man page and the completion
 * are held to it by tests/e2e/docs.bats.
 */
const struct option_row option_rows[] = {
	{"Whose lives are told (different filters combine with AND, repeated ones with OR):", "pid",
	 'p', "PID", "process PID and all its descendants", filter_take_pid},
	{NULL, "user", 'u', "USER", "processes of USER, a name or a uid", filter_take_user},
	{NULL, "comm", 'c', "COMM", "processes named COMM, exactly (at most 15 bytes)",
	 filter_take_comm},
	{NULL, "cgroup", 'g', "CGROUP", "processes in CGROUP, a cgroup v2 path, or below it",
	 filter_take_cgroup},
	{NULL, "failed", 0, NULL, "processes that end in failure: code not 0, or a signal",
	 FLAG(filters.failed)},
	{NULL, "slower-than", 0, "DURATION", "lives that were zombies for DURATION or longer",
	 take_slower_than},

	{"What is printed:", "events", 'e', "KINDS",
	 "only these kinds of lines, like fork,exec,exit", filter_take_types},
	{NULL, "json", 'j', NULL, "JSON on stdout, one object a line, instead of text", FLAG(json)},
	{NULL, "output", 'o', "FILE", "JSON into FILE; nothing on stdout", take_output},
	{NULL, "quiet", 'q', NULL, "no summary at the end", FLAG(quiet)},
	{NULL, "tree", 0, NULL, "at the end, the tree of all lives, the dead too", FLAG(tree)},
	{NULL, "tree-max", 0, "N", "lives that the tree keeps (100000)", take_tree_max},
	{NULL, "threads", 0, NULL, "births and deaths of threads too", FLAG(threads)},
	{NULL, "no-args", 0, NULL, "no argument vectors, which may hold secrets", FLAG(no_args)},
	{NULL, "relative", 't', NULL, "times since the start, instead of local time",
	 take_relative},
	{NULL, "utc", 0, NULL, "times in UTC, instead of local time", take_utc},
	{NULL, "color", 0, "WHEN", "colour: " COLOR_WORDS " (auto: on a terminal)", take_color},

	{"How it runs:", "duration", 'd', "DURATION", "stop after DURATION", take_duration},
	{NULL, "wait-all", 0, NULL, "with COMMAND: until its last descendant is reaped",
	 FLAG(wait_all)},
	{NULL, "verify", 0, "DURATION",
	 "compare with /proc so often (10s); 0: at the start and the end only", take_verify},
	{NULL, "ring", 0, "SIZE", "size of the ring buffer, 64K to 1G, a power of two", take_ring},
	{NULL, "reap-source", 0, "SOURCE", "where reap times come from: " REAP_WORDS,
	 take_reap_source},
	{NULL, "help", 'h', NULL, "print this help", take_help},
	{NULL, "version", 'V', NULL, "print the version", take_version},
};
const size_t option_rows_cnt = sizeof(option_rows) / sizeof(*option_rows);
_Static_assert(sizeof(option_rows) / sizeof(*option_rows) <= ROWS_MAX, "ROWS_MAX");

/*
 * Bytes of the command line come from anywhere; the error must stay one line and harmless to a
 * terminal: control characters, C1 ones in UTF-8 among them, are shown as '?'.
 */
static void error_tame(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (iscntrl(*at))
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

int options_refuse(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->error, parse->error_size, format, args);
	va_end(args);
	if (parse->error_size)
		error_tame(parse->error);
	return EXIT_USAGE;
}

/*
 * getopt's two forms of the table: long options, and "+:p:u:...", '+' so that nothing is permuted.
 */
struct getopt_form {
	struct option longs[ROWS_MAX + 1];
	char letters[2 * ROWS_MAX + 3];
};

static void getopt_form_init(struct getopt_form *form)
{
	char *letter = form->letters;

	memset(form, 0, sizeof(*form));
	*letter++ = '+';
	*letter++ = ':';
	for (size_t i = 0; i < option_rows_cnt; i++) {
		const struct option_row *row = &option_rows[i];

		form->longs[i].name = row->name;
		form->longs[i].has_arg = row->value ? required_argument : no_argument;
		form->longs[i].val = LONG_BASE + (int)i;
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (row->value)
			*letter++ = ':';
	}
}

/* The row of what getopt_long returned or left in optopt; NULL = unknown. */
static const struct option_row *row_of(int value)
{
	if (value >= LONG_BASE)
		return &option_rows[value - LONG_BASE];
	for (size_t i = 0; i < option_rows_cnt; i++) {
		if (value && option_rows[i].letter == value)
			return &option_rows[i];
	}
	return NULL;
}

/* Remembers an option by the name that getopt_long found it under, abbreviations in full. */
static void typed_set(struct parse *parse, const struct option_row *row, int found)
{
	if (found >= LONG_BASE)
		snprintf(parse->typed, sizeof(parse->typed), "--%s", row->name);
	else
		snprintf(parse->typed, sizeof(parse->typed), "-%c", row->letter);
}

/* A long option that getopt_long does not know: `word` is all of it. */
static int refuse_long(struct parse *parse, const char *word)
{
	size_t len = strcspn(word, "="), found = 0;

	for (size_t i = 0; i < option_rows_cnt; i++)
		found += !strncmp(option_rows[i].name, word + 2, len - 2);
	return options_refuse(parse, "%s option '%.*s'; try 'proctrace --help'",
			      found > 1 ? "ambiguous" : "unknown", (int)len, word);
}

/* getopt_long returned '?' or ':' for `word`; optopt says which of several reasons it was. */
static int refuse_option(struct parse *parse, int result, const char *word)
{
	const struct option_row *row = row_of(optopt);

	if (!optopt)
		return refuse_long(parse, word);
	if (!row)
		return options_refuse(parse, "unknown option '-%c'; try 'proctrace --help'",
				      isgraph((unsigned char)optopt) ? optopt : '?');
	typed_set(parse, row, optopt);
	if (result == ':')
		return options_refuse(parse, "option '%s' needs a %s; try 'proctrace --help'",
				      parse->typed, row->value);
	return options_refuse(parse, "option '%s' takes no value; try 'proctrace --help'",
			      parse->typed);
}

/* What the self-test of doctor can be run with; all others speak of a stream. */
static bool is_for_doctor(const struct option_row *row)
{
	static const char *const names[] = {"json", "ring", "reap-source", "help", "version"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(row->name, names[i]))
			return true;
	return false;
}

static int take_row(struct parse *parse, const struct option_row *row, int found)
{
	typed_set(parse, row, found);
	if (*parse->action == ACTION_DOCTOR && !is_for_doctor(row))
		return options_refuse(parse,
				      "option '%s' is not for doctor; try 'proctrace --help'",
				      parse->typed);
	if (row->take)
		return row->take(parse, optarg);
	*(bool *)((char *)parse->options + row->flag) = true;
	return 0;
}

/* Rules between options, once all are known. */
static int check_together(struct parse *parse)
{
	const struct options *options = parse->options;

	if (options->wait_all && !options->command)
		return options_refuse(parse, "--wait-all needs a COMMAND: proctrace --wait-all -- "
					     "COMMAND ARG...");
	if (options->filters.pids_cnt && options->command)
		return options_refuse(parse, "-p and COMMAND exclude each other: no life is in the "
					     "subtree of both");
	return 0;
}

/* What is left behind the options: nothing, or `--` and COMMAND. */
static int take_command(struct parse *parse, char **argv, bool dashes)
{
	if (dashes && !*argv)
		return options_refuse(parse, "no COMMAND after '--'; try 'proctrace --help'");
	if (*argv && *parse->action == ACTION_DOCTOR)
		return options_refuse(parse, "doctor takes no COMMAND, and no word like '%s'",
				      *argv);
	if (*argv && !dashes)
		return options_refuse(parse,
				      "unknown command '%s'; to trace a program put -- "
				      "before it: proctrace -- %s",
				      *argv, *argv);
	if (*argv)
		parse->options->command = argv;
	return 0;
}

static int parse_words(struct parse *parse, int argc, char **argv)
{
	const enum action asked = *parse->action;
	struct getopt_form form;
	int behind = 1; /* the word behind the last option and its value */
	int found, err;

	getopt_form_init(&form);
	optind = 0; /* glibc and musl: begin anew */
	opterr = 0;
	while ((found = getopt_long(argc, argv, form.letters, form.longs, NULL)) != -1) {
		const struct option_row *row = row_of(found);

		if (!row || found == '?' || found == ':')
			return refuse_option(parse, found, argv[optind - 1]);
		err = take_row(parse, row, found);
		if (err || *parse->action != asked)
			return err;
		behind = optind;
	}
	/*
	 * Only a "--" that ended the options moves optind; one that was a value did not end them.
	 */
	err = take_command(parse, argv + optind, optind > behind);
	return err ?: check_together(parse);
}

static void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->verify_ns = VERIFY_NS_DEFAULT;
	options->tree_max = TREE_MAX_DEFAULT;
}

int options_parse(int argc, char **argv, struct options *ret_options, enum action *ret_action,
		  char *ret_error, size_t size)
{
	struct parse parse = {.options = ret_options,
			      .action = ret_action,
			      .error = ret_error,
			      .error_size = size};
	const char *word = argc > 1 ? argv[1] : "";

	options_init(ret_options);
	*ret_action = ACTION_TRACE;
	if (!strcmp(word, "help"))
		return take_help(&parse, NULL);
	if (!strcmp(word, "version"))
		return take_version(&parse, NULL);
	/* The subcommand then stands where getopt_long expects the program's name. */
	if (!strcmp(word, "doctor")) {
		*ret_action = ACTION_DOCTOR;
		return parse_words(&parse, argc - 1, argv + 1);
	}
	if (!strcmp(word, "trace"))
		return parse_words(&parse, argc - 1, argv + 1);
	return parse_words(&parse, argc, argv);
}
