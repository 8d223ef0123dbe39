/* JSON lines as records: the tracer's facts and the workload's truth alike. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Numbers are -1 where the line has none; type and id "" . All borrowed from json. */
struct record {
	json_t *json;
	const char *type; /* of a fact `type`, of the truth `expect` */
	const char *id;
	json_int_t pid, seq, boot_ns;
	unsigned life; /* how many ids with this pid came before this one's first line */
	bool told; /* a line of the truth speaks of it */
};

struct records {
	struct record *list;
	size_t cnt;
};

/*
 * records_add - the line (len bytes, without its newline) as one more record. `kind_key`: "type" or
 * "expect". 0; -EBADMSG if it is not one flat JSON object with that key; -ENOMEM.
 */
int records_add(struct records *records, const char *line, size_t len, const char *kind_key);

/* records_add_text - every line of `text`; stops at the first error, ret_line its number from 1. */
int records_add_text(struct records *records, const char *text, size_t len, const char *kind_key,
		     size_t *ret_line);

void records_release(struct records *records);

/* Fields of a record; the fallback where it is absent, null or of another kind. */
json_int_t record_num(const struct record *record, const char *key, json_int_t fallback);
const char *record_text(const struct record *record, const char *key);

/* record_has - present, null included. */
bool record_has(const struct record *record, const char *key);
