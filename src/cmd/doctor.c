#include "cmd/doctor.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/doctor_check.h"
#include "cmd/doctor_hooks.h"
#include "cmd/doctor_lives.h"
#include "cmd/doctor_machine.h"
#include "cmd/doctor_report.h"

#define LINES_BYTES_MAX	 (1u << 20)
#define REPORT_BYTES_MAX (1u << 18)

static int test_self(const struct options *options, struct doctor_report *report)
{
	struct buffer lines;
	pid_t pids[DOCTOR_LIVES_CNT] = {0};
	char error[256] = "";
	int result;

	buffer_init(&lines, LINES_BYTES_MAX);
	result = doctor_live(options, &lines, pids, error, sizeof(error));
	if (result)
		doctor_say(report, DOCTOR_SELF_TEST, "tracer", DOCTOR_NO, "%s", error);
	else
		doctor_check(lines.bytes, lines.len, pids, report);
	buffer_release(&lines);
	if (!result && doctor_cnt(report, DOCTOR_SELF_TEST, DOCTOR_NO))
		result = EXIT_RUNTIME;
	return result;
}

static int print(const struct doctor_report *report, bool json)
{
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"), failed;
	struct buffer out;

	buffer_init(&out, REPORT_BYTES_MAX);
	if (json)
		doctor_print_json(report, &out);
	else
		doctor_print_text(report, !utf8, &out);
	failed = out.error || fwrite(out.bytes, 1, out.len, stdout) != out.len || fflush(stdout);
	buffer_release(&out);
	return failed ? EXIT_RUNTIME : report->exit_code;
}

int doctor_run(const struct options *options)
{
	struct doctor_report report = {0};
	uint64_t ring_bytes = 0;
	int result = doctor_hooks(options, &report, &ring_bytes);

	doctor_machine(&report, ring_bytes);
	if (result)
		doctor_say(&report, DOCTOR_SELF_TEST, "tracer", DOCTOR_NONE,
			   "not tried: it cannot run here");
	else
		result = test_self(options, &report);
	report.exit_code = result == EXIT_REFUSED ? EXIT_REFUSED : result ? EXIT_RUNTIME : EXIT_OK;
	return print(&report, options->json);
}
