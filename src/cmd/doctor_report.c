#include "cmd/doctor_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/printable.h"
#include "options.h"

#define NAME_COLUMNS 22

static const char *const state_words[] = {"ok", "no", "n/a"};
static const struct {
	const char *title, *key;
} sections[DOCTOR_SECTION_CNT] = {
	[DOCTOR_MACHINE] = {"machine", "machine"},
	[DOCTOR_HOOKS] = {"hooks", "hooks"},
	[DOCTOR_SOURCES] = {"where reap times come from, best first", "reap_sources"},
	[DOCTOR_SELF_TEST] = {"self-test: known lives, and what was told of them", "self_test"},
};

struct doctor_item *doctor_say(struct doctor_report *report, enum doctor_section section,
			       const char *name, enum doctor_state state, const char *format, ...)
{
	struct doctor_item *item;
	va_list args;

	if (report->cnt == DOCTOR_ITEMS_MAX)
		return NULL;
	item = &report->items[report->cnt];
	*item = (struct doctor_item){.section = section, .name = name, .state = state};
	va_start(args, format);
	vsnprintf(item->note, sizeof(item->note), format, args);
	va_end(args);
	report->cnt++;
	return item;
}

size_t doctor_cnt(const struct doctor_report *report, enum doctor_section section,
		  enum doctor_state state)
{
	size_t cnt = 0;

	for (size_t i = 0; i < report->cnt; i++)
		cnt += report->items[i].section == section && report->items[i].state == state;
	return cnt;
}

static const char *verdict_of(const struct doctor_report *report)
{
	switch (report->exit_code) {
	case EXIT_OK:
		return "well";
	case EXIT_REFUSED:
		return "refused";
	default:
		return "wrong";
	}
}

static void print_item(const struct doctor_item *item, bool ascii, struct buffer *out)
{
	char head[64];

	snprintf(head, sizeof(head), "  %-4s %-*s ", state_words[item->state], NAME_COLUMNS,
		 item->name);
	buffer_add_text(out, head);
	if (item->taken)
		buffer_add_text(out, "(taken) ");
	printable_add(out, item->note, strlen(item->note), PRINTABLE_WHOLE, ascii);
	buffer_add_char(out, '\n');
}

void doctor_print_text(const struct doctor_report *report, bool ascii, struct buffer *out)
{
	static const char *const last_words[] = {
		[EXIT_OK] = "All is well.\n",
		[EXIT_RUNTIME] = "The self-test is wrong: do not believe this tracer here.\n",
		[EXIT_REFUSED] = "This machine or these privileges do not allow tracing.\n",
	};

	for (int section = 0; section < DOCTOR_SECTION_CNT; section++) {
		buffer_add_text(out, sections[section].title);
		buffer_add_char(out, '\n');
		for (size_t i = 0; i < report->cnt; i++)
			if ((int)report->items[i].section == section)
				print_item(&report->items[i], ascii, out);
		buffer_add_char(out, '\n');
	}
	buffer_add_text(out, last_words[report->exit_code]);
}

static void add_item(const struct doctor_item *item, struct buffer *out)
{
	json_object_begin(out);
	json_add_key(out, "name");
	json_add_text(out, item->name);
	json_add_key(out, "state");
	json_add_text(out, state_words[item->state]);
	if (item->section == DOCTOR_SOURCES) {
		json_add_key(out, "taken");
		json_add_bool(out, item->taken);
	}
	json_add_key(out, "note");
	json_add_text(out, item->note);
	json_object_end(out);
}

void doctor_print_json(const struct doctor_report *report, struct buffer *out)
{
	json_object_begin(out);
	json_add_key(out, "type");
	json_add_text(out, "doctor");
	json_add_key(out, "version");
	json_add_text(out, PROCTRACE_VERSION);
	json_add_key(out, "verdict");
	json_add_text(out, verdict_of(report));
	for (int section = 0; section < DOCTOR_SECTION_CNT; section++) {
		json_add_key(out, sections[section].key);
		json_array_begin(out);
		for (size_t i = 0; i < report->cnt; i++)
			if ((int)report->items[i].section == section)
				add_item(&report->items[i], out);
		json_array_end(out);
	}
	json_object_end(out);
	buffer_add_char(out, '\n');
}
