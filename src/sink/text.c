#include "sink/text.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "sink/text_line.h"

#define RELATIVE_COLUMNS 12
/* Widths: pids have up to 7 digits, names up to 15 bytes. */
#define EVENT_COLUMNS	   8
#define PID_COLUMNS	   8
#define WHO_COLUMNS	   15
#define WHO_COLUMNS_NARROW 9 /* most names are short, and a narrow terminal needs room for WHAT */
#define NARROW_COLUMNS	   100
#define GAP_COLUMNS	   2

#define STYLE_NONE   ""
#define STYLE_BOLD   "\x1b[1m"
#define STYLE_DIM    "\x1b[2m"
#define STYLE_RED    "\x1b[31m"
#define STYLE_YELLOW "\x1b[33m"
#define STYLE_RESET  "\x1b[0m"

/* Where the columns begin (time, event, who, what) or, being right-aligned, end (pid, parent). */
struct columns {
	size_t event, pid_end, parent_end, who, what;
};

struct text_sink {
	struct sink sink;
	struct output output;
	struct text_sink_config config;
	struct timefmt_cache time;
	struct columns at;
};

static struct text_sink *text_sink_of(struct sink *sink)
{
	return (struct text_sink *)sink; /* its first member */
}

static const char *exit_style(const struct fact *fact)
{
	if (fact_num_known(fact->exit.signal))
		return STYLE_RED;
	if (fact_num_known(fact->exit.exit_code) && fact->exit.exit_code)
		return STYLE_RED;
	return STYLE_NONE;
}

static const char *style_of(const struct fact *fact)
{
	switch (fact->type) {
	case FACT_EXIT:
		return exit_style(fact);
	case FACT_LOST:
	case FACT_MISMATCH:
		return STYLE_RED;
	case FACT_ZOMBIE:
	case FACT_LEADER_ZOMBIE:
	case FACT_REPARENT:
	case FACT_RESYNC:
	case FACT_CLOCK:
		return STYLE_YELLOW;
	case FACT_FREE:
	case FACT_PROCESS:
		return STYLE_DIM;
	default:
		return STYLE_NONE;
	}
}

/* Takes no column. */
static void add_style(struct text_sink *sink, struct text_line *line, const char *style)
{
	if (sink->config.color)
		buffer_add_text(line->out, style);
}

static void add_time(struct text_sink *sink, struct text_line *line, uint64_t boot_ns)
{
	const struct run_context *run = sink->config.run;
	char text[TIMEFMT_RELATIVE_BYTES];
	size_t len;

	if (sink->config.time == TIME_STYLE_RELATIVE) {
		len = timefmt_relative((int64_t)(boot_ns - run->start_ns), text);
		if (len < RELATIVE_COLUMNS)
			text_line_pad(line, RELATIVE_COLUMNS - len);
	} else {
		len = timefmt_clock(&sink->time,
				    (int64_t)(boot_ns + (uint64_t)run->boot_to_wall_ns),
				    sink->config.time == TIME_STYLE_UTC, text);
	}
	buffer_add(line->out, text, len);
	line->columns += len;
}

/* Right-aligned, so that it ends at column `end`. */
static void add_pid(struct text_line *line, struct fact_id id, size_t end)
{
	size_t len = 1;

	if (fact_id_known(id))
		for (uint32_t rest = id.pid / 10; rest; rest /= 10)
			len++;
	text_line_pad(line, end - len);
	if (fact_id_known(id))
		text_line_add_u64(line, id.pid);
	else
		text_line_add(line, id.pid == FACT_PID_ABSENT ? "-" : "?");
}

static struct text_line line_begin(struct text_sink *sink)
{
	return (struct text_line){
		.out = output_begin(&sink->output),
		.columns_max = sink->config.columns,
		.ascii = sink->config.ascii,
	};
}

static int line_end(struct text_sink *sink)
{
	buffer_add_char(&sink->output.lines, '\n');
	return output_end(&sink->output);
}

static bool is_shown(const struct text_sink *sink, enum fact_type type)
{
	switch (type) {
	case FACT_START:
	case FACT_END:
		return false;
	case FACT_FREE:
		return sink->config.show_free;
	case FACT_PROCESS:
		return sink->config.show_processes;
	default:
		return true;
	}
}

static int text_sink_take(struct sink *sink, const struct fact *fact)
{
	struct text_sink *self = text_sink_of(sink);
	const char *style = style_of(fact);
	struct text_line line;
	size_t what_start;

	if (!is_shown(self, fact->type))
		return self->output.error;
	line = line_begin(self);
	add_time(self, &line, fact->boot_ns);
	text_line_pad(&line, self->at.event);
	add_style(self, &line, style);
	text_line_add(&line, fact_layouts[fact->type].word);
	add_pid(&line, fact->who, self->at.pid_end);
	add_pid(&line, fact->parent, self->at.parent_end);
	text_line_pad(&line, self->at.who);
	text_line_add_data(&line, fact->comm);
	text_line_pad(&line, self->at.what);
	what_start = line.out->len;
	text_what(&line, fact);
	text_line_cut(&line, what_start, self->at.what);
	if (*style)
		add_style(self, &line, STYLE_RESET);
	return line_end(self);
}

static int text_sink_flush(struct sink *sink)
{
	return output_flush(&text_sink_of(sink)->output);
}

static void text_sink_free(struct sink *sink)
{
	struct text_sink *self = text_sink_of(sink);

	output_release(&self->output);
	free(self);
}

static const struct sink_ops text_sink_ops = {
	.take = text_sink_take,
	.flush = text_sink_flush,
	.free = text_sink_free,
};

static struct columns columns_of(enum time_style time, size_t terminal)
{
	bool narrow = terminal && terminal < NARROW_COLUMNS;
	struct columns at;

	at.event = (time == TIME_STYLE_RELATIVE ? RELATIVE_COLUMNS : TIMEFMT_CLOCK_BYTES) +
		   GAP_COLUMNS;
	at.pid_end = at.event + EVENT_COLUMNS + PID_COLUMNS;
	at.parent_end = at.pid_end + PID_COLUMNS;
	at.who = at.parent_end + GAP_COLUMNS;
	at.what = at.who + (narrow ? WHO_COLUMNS_NARROW : WHO_COLUMNS) + GAP_COLUMNS;
	return at;
}

static void add_header(struct text_sink *sink)
{
	struct text_line line = line_begin(sink);

	add_style(sink, &line, STYLE_BOLD);
	text_line_add(&line, "TIME");
	text_line_pad(&line, sink->at.event);
	text_line_add(&line, "EVENT");
	text_line_pad(&line, sink->at.pid_end - strlen("PID"));
	text_line_add(&line, "PID");
	text_line_pad(&line, sink->at.parent_end - strlen("PARENT"));
	text_line_add(&line, "PARENT");
	text_line_pad(&line, sink->at.who);
	text_line_add(&line, "WHO");
	text_line_pad(&line, sink->at.what);
	text_line_add(&line, "WHAT");
	add_style(sink, &line, STYLE_RESET);
	line_end(sink);
}

struct sink *text_sink_new(const struct text_sink_config *config)
{
	struct text_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->sink.ops = &text_sink_ops;
	self->config = *config;
	self->at = columns_of(config->time, config->columns);
	output_init(&self->output, config->fd, config->write, config->write_context);
	add_header(self);
	return &self->sink;
}

uint64_t text_sink_lost(const struct sink *sink)
{
	return output_lost(&((const struct text_sink *)sink)->output);
}

void text_sink_resize(struct sink *sink, size_t columns)
{
	struct text_sink *self = text_sink_of(sink);

	self->config.columns = columns;
	self->at = columns_of(self->config.time, columns);
}
