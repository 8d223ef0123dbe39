/* What a scenario's judges found wrong: one line each, counted. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct report {
	FILE *out; /* NULL: only count */
	const char *scenario;
	size_t checks;
	size_t failures;
};

/* report_fail - one thing that is not as it must be: what, expected and actual in one line. */
void report_fail(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* report_check - counts a check; a failure unless `holds`. The text is formatted only then. */
#define report_check(report, holds, ...)                                                           \
	do {                                                                                       \
		(report)->checks++;                                                                \
		if (!(holds))                                                                      \
			report_fail((report), __VA_ARGS__);                                        \
	} while (0)
