#include "sink/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/signame.h"
#include "base/timefmt.h"

#define KEYS_BYTES_MAX	  ((size_t)64 * 1024)
#define HOST_BYTES_MAX	  255 /* HOST_NAME_MAX is 64 */
#define ELEMENT_BYTES_MIN 8 /* two quotes and the longest escape: at least one character fits */

/* Bytes of json_sink.keys, made once: a key with its comma and colon, or a part of the envelope. */
struct key {
	uint32_t at, len;
};

/* A field of a layout, with what can be known of it before the first fact. */
struct column {
	const struct fact_field *field;
	struct key key, id_key;
	size_t words_cnt;
	bool names_signal; /* signal_name follows */
	bool tells_cut; /* says that the list of the same fact was cut */
	bool has_cut_field; /* list: the layout has a field for that */
};

struct columns {
	struct column *first;
	size_t cnt;
};

struct json_sink {
	struct sink sink;
	struct output output;
	const struct run_context *run;
	size_t line_bytes;
	uint64_t seq;
	struct timefmt_cache time;
	struct buffer keys;
	struct key type[FACT_TYPE_CNT]; /* {"type":"exit" */
	struct key constant; /* ,"schema":1,"host":"h","run":"r","seq": */
	struct key pid, id, ppid, parent_id;
	struct columns columns[FACT_TYPE_CNT];
};

/* A line in the making: how much room its long values have. */
struct line {
	struct json_sink *sink;
	struct buffer *out;
	size_t text_room; /* for each string, quotes included */
	size_t list_room; /* for what is between the brackets of its list, and the list's base 64 */
	bool list_cut;
};

static inline void add_key(struct line *line, struct key key)
{
	buffer_add(line->out, line->sink->keys.bytes + key.at, key.len);
}

/* A key beside a field's own: <name>_b64, <name>_truncated. */
static void add_sibling_key(struct buffer *out, const char *name, const char *suffix)
{
	buffer_add(out, ",\"", 2);
	buffer_add_text(out, name);
	buffer_add_text(out, suffix);
	buffer_add(out, "\":", 2);
}

static void add_truncated(struct buffer *out, const char *name)
{
	add_sibling_key(out, name, "_truncated");
	buffer_add_text(out, "true");
}

static void add_base64(struct buffer *out, const char *name, const char *bytes, size_t len)
{
	add_sibling_key(out, name, "_b64");
	json_add_base64(out, bytes, len);
}

/* The value of `name` and its siblings; the key is there already. */
static void add_string(struct buffer *out, const char *name, struct fact_text text, size_t room)
{
	bool exact = true;
	size_t used = json_add_string_part(out, text.bytes, text.len, room, &exact);

	if (!exact)
		add_base64(out, name, text.bytes, used);
	if (used < text.len)
		add_truncated(out, name);
}

static void add_id_string(struct buffer *out, struct fact_id id)
{
	buffer_add_char(out, '"');
	buffer_add_u64(out, id.pid);
	buffer_add_char(out, '-');
	buffer_add_u64(out, id.start_ns);
	buffer_add_char(out, '"');
}

static void add_id(struct line *line, struct key pid_key, struct key id_key, struct fact_id id)
{
	if (id.pid == FACT_PID_ABSENT)
		return;
	add_key(line, pid_key);
	if (fact_id_known(id))
		buffer_add_u64(line->out, id.pid);
	else
		json_add_null(line->out);
	add_key(line, id_key);
	if (fact_id_known(id) && id.start_ns)
		add_id_string(line->out, id);
	else
		json_add_null(line->out);
}

/* Elements as far as `room` goes; returns how many bytes of the list they are, NULs included. */
static size_t add_elements(struct buffer *out, struct fact_text list, size_t room, bool *ret_exact)
{
	size_t at = 0;

	buffer_add_char(out, '[');
	while (at < list.len) {
		size_t before = out->len;
		size_t comma = at ? 1 : 0;
		size_t len = strnlen(list.bytes + at, list.len - at);
		size_t used;

		if (room < comma + ELEMENT_BYTES_MIN)
			break;
		used = json_add_string_part(out, list.bytes + at, len, room - comma, ret_exact);
		room -= out->len - before;
		at += used;
		if (used < len)
			break;
		at++;
	}
	buffer_add_char(out, ']');
	return at < list.len ? at : list.len;
}

static size_t base64_field_bytes(const char *name, size_t len)
{
	return strlen(",\"_b64\":\"\"") + strlen(name) + base64_bytes(len);
}

static void add_list(struct line *line, const struct column *column, struct fact_text list)
{
	const char *name = column->field->name;
	struct buffer *out = line->out;
	size_t start = out->len;
	bool exact = true;
	size_t used = add_elements(out, list, line->list_room, &exact);
	size_t base64_extra = exact ? 0 : base64_field_bytes(name, used);

	if (base64_extra && !out->error && out->len - start - 2 + base64_extra > line->list_room) {
		/* n bytes of text are at most n of data, and 4/3 n + 4 of base 64. */
		size_t fixed = base64_field_bytes(name, 3);
		size_t room = line->list_room > fixed ? (line->list_room - fixed) / 7 * 3 : 0;

		buffer_rewind(out, start);
		exact = true;
		used = add_elements(out, list, room, &exact);
	}
	if (!exact)
		add_base64(out, name, list.bytes, used);
	line->list_cut = used < list.len;
	if (line->list_cut && !column->has_cut_field)
		add_truncated(out, name);
}

static void add_text_field(struct line *line, const struct column *column, struct fact_text text)
{
	if (text.len == FACT_TEXT_ABSENT)
		return;
	add_key(line, column->key);
	if (!fact_text_known(text))
		json_add_null(line->out);
	else if (column->field->form == FIELD_LIST)
		add_list(line, column, text);
	else
		add_string(line->out, column->field->name, text, line->text_room);
}

static void add_known_number(struct line *line, const struct column *column, fact_num n)
{
	char scratch[SIGNAME_BYTES];

	if (column->field->form == FIELD_BOOL) {
		json_add_bool(line->out, n != 0);
	} else if (column->field->form == FIELD_WORD) {
		if (n < column->words_cnt)
			json_add_text(line->out, column->field->words[n]);
		else
			json_add_null(line->out);
	} else {
		buffer_add_u64(line->out, n);
		if (column->names_signal) {
			buffer_add_text(line->out, ",\"signal_name\":");
			json_add_text(line->out, signame(n, scratch));
		}
	}
}

static void add_number_field(struct line *line, const struct column *column, fact_num n)
{
	if (column->tells_cut && line->list_cut)
		n = true;
	if (n == FACT_ABSENT)
		return;
	add_key(line, column->key);
	if (fact_num_known(n))
		add_known_number(line, column, n);
	else
		json_add_null(line->out);
}

static void add_field(struct line *line, const struct column *column, const struct fact *fact)
{
	const char *at = (const char *)fact + column->field->offset;

	switch ((enum fact_field_form)column->field->form) {
	case FIELD_NUM:
	case FIELD_BOOL:
	case FIELD_WORD:
		add_number_field(line, column, *(const fact_num *)at);
		return;
	case FIELD_TEXT:
	case FIELD_LIST:
		add_text_field(line, column, *(const struct fact_text *)at);
		return;
	case FIELD_ID:
		add_id(line, column->key, column->id_key, *(const struct fact_id *)at);
		return;
	}
}

static void add_time(struct line *line, uint64_t boot_ns)
{
	char text[TIMEFMT_RFC3339_BYTES];
	int64_t unix_ns = (int64_t)(boot_ns + (uint64_t)line->sink->run->boot_to_wall_ns);

	buffer_add_text(line->out, ",\"time\":\"");
	buffer_add(line->out, text, timefmt_rfc3339(&line->sink->time, unix_ns, text));
	buffer_add_text(line->out, "\",\"boot_ns\":");
	buffer_add_u64(line->out, boot_ns);
}

static void add_comm(struct line *line, struct fact_text comm)
{
	if (comm.len == FACT_TEXT_ABSENT)
		return;
	buffer_add_text(line->out, ",\"comm\":");
	if (fact_text_known(comm))
		add_string(line->out, "comm", comm, line->text_room);
	else
		json_add_null(line->out);
}

static void add_envelope(struct line *line, const struct fact *fact)
{
	struct json_sink *sink = line->sink;

	add_key(line, sink->type[fact->type]);
	add_key(line, sink->constant);
	buffer_add_u64(line->out, sink->seq);
	add_time(line, fact->boot_ns);
	add_id(line, sink->pid, sink->id, fact->who);
	add_id(line, sink->ppid, sink->parent_id, fact->parent);
	add_comm(line, fact->comm);
	if (fact->unsure)
		buffer_add_text(line->out, ",\"unsure\":true");
}

/* Writes the line anew, from where it begins; returns its length. */
static size_t write_line(struct json_sink *sink, const struct fact *fact, size_t text_room,
			 size_t list_room)
{
	struct line line = {
		.sink = sink,
		.out = &sink->output.lines,
		.text_room = text_room,
		.list_room = list_room,
	};
	const struct columns *columns = &sink->columns[fact->type];

	buffer_rewind(line.out, sink->output.line_start);
	add_envelope(&line, fact);
	for (size_t i = 0; i < columns->cnt; i++)
		add_field(&line, &columns->first[i], fact);
	buffer_add(line.out, "}\n", 2);
	return line.out->len - sink->output.line_start;
}

static bool fits(const struct json_sink *sink, size_t len)
{
	return len < sink->line_bytes && !sink->output.lines.error;
}

/*
 * The same line, but shorter: strings give way by halves until a quarter is left for the list (no
 * layout has two), and the list takes what there is.
 */
static void write_cut_line(struct json_sink *sink, const struct fact *fact)
{
	static const size_t text_rooms[] = {JSON_STRING_WHOLE, 1024, 512, 256, 128, 64, 32, 16};
	size_t len, room = 0;

	for (size_t i = 0; i < sizeof(text_rooms) / sizeof(text_rooms[0]); i++) {
		room = text_rooms[i];
		len = write_line(sink, fact, room, 0);
		if (fits(sink, len + sink->line_bytes / 4))
			break;
	}
	if (fits(sink, len))
		write_line(sink, fact, room, sink->line_bytes - 1 - len);
}

static struct json_sink *json_sink_of(struct sink *sink)
{
	return (struct json_sink *)sink; /* its first member */
}

static int json_sink_take(struct sink *sink, const struct fact *fact)
{
	struct json_sink *self = json_sink_of(sink);
	size_t len;

	self->seq++;
	output_begin(&self->output);
	len = write_line(self, fact, JSON_STRING_WHOLE, JSON_STRING_WHOLE);
	if (!fits(self, len))
		write_cut_line(self, fact);
	return output_end(&self->output);
}

static int json_sink_flush(struct sink *sink)
{
	return output_flush(&json_sink_of(sink)->output);
}

static void json_sink_free(struct sink *sink)
{
	struct json_sink *self = json_sink_of(sink);

	for (int type = 0; type < FACT_TYPE_CNT; type++)
		free(self->columns[type].first);
	buffer_release(&self->keys);
	output_release(&self->output);
	free(self);
}

static const struct sink_ops json_sink_ops = {
	.take = json_sink_take,
	.flush = json_sink_flush,
	.free = json_sink_free,
};

static struct key key_end(const struct json_sink *sink, size_t start)
{
	return (struct key){.at = (uint32_t)start, .len = (uint32_t)(sink->keys.len - start)};
}

static struct key make_key(struct json_sink *sink, const char *name)
{
	size_t start = sink->keys.len;

	add_sibling_key(&sink->keys, name, "");
	return key_end(sink, start);
}

static void make_constants(struct json_sink *sink)
{
	struct buffer *keys = &sink->keys;
	struct fact_text host = {sink->run->host, strnlen(sink->run->host, HOST_BYTES_MAX)};
	size_t start;

	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		start = keys->len;
		buffer_add_text(keys, "{\"type\":");
		json_add_text(keys, fact_layouts[type].word);
		sink->type[type] = key_end(sink, start);
	}
	start = keys->len;
	buffer_add_text(keys, ",\"schema\":");
	json_add_u64(keys, JSON_SCHEMA_VERSION);
	buffer_add_text(keys, ",\"host\":");
	add_string(keys, "host", host, HOST_BYTES_MAX + 2);
	buffer_add_text(keys, ",\"run\":");
	json_add_text(keys, sink->run->run);
	buffer_add_text(keys, ",\"seq\":");
	sink->constant = key_end(sink, start);
	sink->pid = make_key(sink, "pid");
	sink->id = make_key(sink, "id");
	sink->ppid = make_key(sink, "ppid");
	sink->parent_id = make_key(sink, "parent_id");
}

static bool tells_cut_of(const struct fact_field *flag, const struct fact_field *list)
{
	size_t len = strlen(list->name);

	return list->form == FIELD_LIST && flag->form == FIELD_BOOL &&
	       !strncmp(flag->name, list->name, len) && !strcmp(flag->name + len, "_truncated");
}

static struct column make_column(struct json_sink *sink, const struct fact_layout *layout,
				 const struct fact_field *field)
{
	struct column column = {
		.field = field,
		.key = make_key(sink, field->name),
		.names_signal = field->form == FIELD_NUM && !strcmp(field->name, "signal"),
	};

	if (field->form == FIELD_ID)
		column.id_key = make_key(sink, field->id_name);
	if (field->form == FIELD_WORD)
		while (field->words[column.words_cnt])
			column.words_cnt++;
	for (size_t i = 0; i < layout->fields_cnt; i++) {
		column.tells_cut |= tells_cut_of(field, &layout->fields[i]);
		column.has_cut_field |= tells_cut_of(&layout->fields[i], field);
	}
	return column;
}

/* False when out of memory. */
static bool make_columns(struct json_sink *sink)
{
	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		const struct fact_layout *layout = &fact_layouts[type];
		struct columns *columns = &sink->columns[type];

		columns->first = calloc(layout->fields_cnt, sizeof(*columns->first));
		if (!columns->first)
			return false;
		columns->cnt = layout->fields_cnt;
		for (size_t i = 0; i < layout->fields_cnt; i++)
			columns->first[i] = make_column(sink, layout, &layout->fields[i]);
	}
	return !sink->keys.error;
}

static size_t bounded(size_t n, size_t min, size_t max)
{
	return n < min ? min : n > max ? max : n;
}

struct sink *json_sink_new(const struct json_sink_config *config)
{
	struct json_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->sink.ops = &json_sink_ops;
	self->run = config->run;
	self->line_bytes = bounded(config->line_bytes ? config->line_bytes : JSON_LINE_BYTES,
				   JSON_LINE_BYTES_MIN, JSON_LINE_BYTES_MAX);
	output_init(&self->output, config->fd, config->write, config->write_context);
	buffer_init(&self->keys, KEYS_BYTES_MAX);
	make_constants(self);
	if (!make_columns(self)) {
		json_sink_free(&self->sink);
		return NULL;
	}
	return &self->sink;
}

uint64_t json_sink_lost(const struct sink *sink)
{
	return output_lost(&((const struct json_sink *)sink)->output);
}

uint64_t json_sink_lines(const struct sink *sink)
{
	return ((const struct json_sink *)sink)->seq;
}
