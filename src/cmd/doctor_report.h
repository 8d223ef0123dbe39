/* What the doctor found, as text for people and as one JSON object. Pure: it looks at nothing itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum doctor_section { DOCTOR_MACHINE, DOCTOR_HOOKS, DOCTOR_SOURCES, DOCTOR_SELF_TEST, DOCTOR_SECTION_CNT };

/* DOCTOR_NONE: it does not apply, or could not be looked at. Words: "ok", "no", "n/a". */
enum doctor_state { DOCTOR_OK, DOCTOR_NO, DOCTOR_NONE };

struct doctor_item {
	enum doctor_section section;
	enum doctor_state state;
	bool taken; /* DOCTOR_SOURCES: the one that reap times come from */
	const char *name; /* lent */
	char note[384]; /* what was found, and what follows from it; of any content */
};

#define DOCTOR_ITEMS_MAX 48

struct doctor_report {
	struct doctor_item items[DOCTOR_ITEMS_MAX];
	size_t cnt;
	int exit_code; /* enum exit_code */
};

/* doctor_say - one more item; lent until the next call, NULL when there is no room. */
struct doctor_item *doctor_say(struct doctor_report *report, enum doctor_section section,
			       const char *name, enum doctor_state state, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* doctor_cnt - how many items of a section are in that state. */
size_t doctor_cnt(const struct doctor_report *report, enum doctor_section section,
		  enum doctor_state state);

/* Both append to `out`, which keeps an error. `ascii`: the terminal is not in UTF-8. */
void doctor_print_text(const struct doctor_report *report, bool ascii, struct buffer *out);
void doctor_print_json(const struct doctor_report *report, struct buffer *out);
