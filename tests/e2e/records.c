#include "e2e/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_int_t record_num(const struct record *record, const char *key, json_int_t fallback)
{
	const json_t *value = json_object_get(record->json, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

const char *record_text(const struct record *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record->json, key));

	return text ? text : "";
}

bool record_has(const struct record *record, const char *key)
{
	return json_object_get(record->json, key) != NULL;
}

/* The same id: the same life. A new id with a pid already seen: that pid's next one. */
static unsigned life_of(const struct records *records, const struct record *record)
{
	unsigned next = 0;

	for (size_t i = records->cnt; i-- > 0;) {
		const struct record *earlier = &records->list[i];

		if (earlier->pid != record->pid || !earlier->id[0])
			continue;
		if (!strcmp(earlier->id, record->id))
			return earlier->life;
		if (earlier->life >= next)
			next = earlier->life + 1;
	}
	return next;
}

/* Flat: arrays of strings are the one thing nested. */
static bool is_flat(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) if (json_is_object(value)) return false;
	return true;
}

static int grow(struct records *records)
{
	if (records->cnt & (records->cnt - 1))
		return 0;
	size_t room = records->cnt ? records->cnt * 2 : 1;
	struct record *list = realloc(records->list, room * sizeof(*list));

	if (!list)
		return -ENOMEM;
	records->list = list;
	return 0;
}

int records_add(struct records *records, const char *line, size_t len, const char *kind_key)
{
	struct record record = {.json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL)};
	int ret = grow(records);

	if (ret || !json_is_object(record.json) || !is_flat(record.json) ||
	    !record_text(&record, kind_key)[0]) {
		json_decref(record.json);
		return ret ? ret : -EBADMSG;
	}
	record.type = record_text(&record, kind_key);
	record.id = record_text(&record, "id");
	record.pid = record_num(&record, "pid", -1);
	record.seq = record_num(&record, "seq", -1);
	record.boot_ns = record_num(&record, "boot_ns", -1);
	record.life =
		record.id[0] ? life_of(records, &record) : (unsigned)record_num(&record, "life", 0);
	records->list[records->cnt++] = record;
	return 0;
}

int records_add_text(struct records *records, const char *text, size_t len, const char *kind_key,
		     size_t *ret_line)
{
	size_t number = 1;

	for (size_t at = 0; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		int ret = end ? records_add(records, text + at, (size_t)(end - text) - at, kind_key)
			      : -EBADMSG;

		if (ret) {
			*ret_line = number;
			return ret;
		}
		at = (size_t)(end - text) + 1;
	}
	return 0;
}

void records_release(struct records *records)
{
	for (size_t i = 0; i < records->cnt; i++)
		json_decref(records->list[i].json);
	free(records->list);
	*records = (struct records){0};
}
