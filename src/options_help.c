#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options_table.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN	70 /* below, the longest words do not fit */
#define COLUMNS_MAX	110 /* longer lines are harder to read */
#define HELP_COLUMN	28 /* where what an option does begins */

static const char usage[] = "Usage: proctrace [trace] [OPTION]... [-- COMMAND ARG...]\n"
			    "       proctrace doctor [-j]\n"
			    "       proctrace help | version\n\n";

static const char intro[] =
	"Tells every life of a process on this machine, from the kernel's own tracepoints: fork, "
	"exec, exit, how long it was a zombie, who reaped it, who inherited its children. With "
	"COMMAND, only that of COMMAND and its descendants, and ends with COMMAND's exit status.";

static const char notes[] =
	"DURATION is a number with ns, us, ms, s, m, h or d, or of seconds; SIZE one with K, M or "
	"G. A life that matches the filters once is told from then to its end, its fork included. "
	"Data goes to stdout (with COMMAND to stderr), everything else to stderr. See "
	"proctrace(8).";

/* Words of `text` from column `at` on, broken before `columns`, later lines indented. */
static void put_wrapped(FILE *out, const char *text, unsigned at, unsigned indent, unsigned columns)
{
	const char *word = text;

	while (*word) {
		unsigned len = strcspn(word, " ");
		bool first = word == text;

		if (!first && at + 1 + len > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		fwrite(word, 1, len, out);
		at += len;
		word += len + (word[len] == ' ');
	}
	fputc('\n', out);
}

/* "  -p, --pid PID" or "      --tree", and what it does. */
static void put_row(FILE *out, const struct option_row *row, unsigned columns)
{
	char left[64];
	int len;

	if (row->section) {
		fputc('\n', out);
		put_wrapped(out, row->section, 0, 0, columns);
	}
	len = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
		       row->letter ?: ' ', row->letter ? ',' : ' ', row->name,
		       row->value ? " " : "", row->value ?: "");
	if (len >= HELP_COLUMN - 1)
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "%-*s", HELP_COLUMN, left);
	put_wrapped(out, row->help, HELP_COLUMN, HELP_COLUMN, columns);
}

static unsigned columns_clamp(unsigned columns)
{
	if (!columns)
		return COLUMNS_DEFAULT;
	if (columns < COLUMNS_MIN)
		return COLUMNS_MIN;
	return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

char *options_help(unsigned columns)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	columns = columns_clamp(columns);
	fputs(usage, out);
	put_wrapped(out, intro, 0, 0, columns);
	for (size_t i = 0; i < option_rows_cnt; i++)
		put_row(out, &option_rows[i], columns);
	fputc('\n', out);
	put_wrapped(out, notes, 0, 0, columns);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
