#include "e2e/report.h"

#include <stdarg.h>

void report_fail(struct report *report, const char *format, ...)
{
	va_list values;

	report->failures++;
	if (!report->out)
		return;
	fprintf(report->out, "%s: ", report->scenario);
	va_start(values, format);
	vfprintf(report->out, format, values);
	va_end(values);
	fputc('\n', report->out);
}
