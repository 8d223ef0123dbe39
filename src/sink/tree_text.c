#include "sink/tree_text.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/duration.h"
#include "base/printable.h"
#include "base/signame.h"
#include "base/timefmt.h"

#define LINE_BYTES_MAX	 65536
#define NAME_COLUMNS_MAX 44 /* what is longer shifts its own line only */
#define BIRTH_COLUMNS	 (TIMEFMT_CLOCK_BYTES + 1)
#define TIME_COLUMNS	 7
#define END_COLUMNS_MAX	 34 /* of the end and the notes; likewise */
#define ARGS_COLUMNS_MIN 8 /* less is not worth the room */

#define SGR_RED	   "31"
#define SGR_YELLOW "1;33"
#define SGR_DIM	   "2"

/* One line in the making; `columns` is where the pen stands on the terminal. */
struct pen {
	const struct tree_text_options *options;
	struct buffer line;
	size_t columns;
	bool last[TREE_TEXT_LEVELS + 1]; /* by level: no brother follows on this path */
	struct timefmt_cache clock;
};

/* Own words, in ASCII. */
static void pen_words(struct pen *pen, const char *words)
{
	buffer_add_text(&pen->line, words);
	pen->columns += strlen(words);
}

static void pen_number(struct pen *pen, uint64_t n)
{
	size_t before = pen->line.len;

	buffer_add_u64(&pen->line, n);
	pen->columns += pen->line.len - before;
}

static void pen_to(struct pen *pen, size_t column)
{
	if (pen->columns >= column)
		return;
	buffer_add_repeated(&pen->line, ' ', column - pen->columns);
	pen->columns = column;
}

static void pen_span(struct pen *pen, uint64_t ns)
{
	char text[DURATION_TEXT_BYTES];

	duration_write(text, ns);
	pen_words(pen, text);
}

static void pen_color(struct pen *pen, const char *sgr)
{
	if (!pen->options->color)
		return;
	buffer_add_text(&pen->line, "\x1b[");
	buffer_add_text(&pen->line, sgr);
	buffer_add_char(&pen->line, 'm');
}

static void pen_who(struct pen *pen, const struct life *life)
{
	if (life->comm[0])
		pen->columns += printable_add(&pen->line, life->comm, strlen(life->comm),
					      PRINTABLE_WHOLE, !pen->options->utf8);
	else
		pen_words(pen, "?");
	pen_words(pen, "(");
	pen_number(pen, life->id.tgid);
	pen_words(pen, ")");
}

static void pen_glyph(struct pen *pen, const char *utf8, const char *ascii)
{
	buffer_add_text(&pen->line, pen->options->utf8 ? utf8 : ascii);
	pen->columns += 2;
}

static void draw_branch(struct pen *pen, const struct life *life, size_t depth)
{
	size_t level, levels = depth < TREE_TEXT_LEVELS ? depth : TREE_TEXT_LEVELS;

	if (depth <= TREE_TEXT_LEVELS)
		pen->last[depth] = tree_last_brother(life);
	for (level = 1; level < levels; level++) {
		if (pen->last[level])
			pen_words(pen, "  ");
		else
			pen_glyph(pen, "│ ", "| ");
	}
	if (!depth)
		return;
	if (tree_last_brother(life))
		pen_glyph(pen, "└─", "`-");
	else
		pen_glyph(pen, "├─", "|-");
	if (depth > TREE_TEXT_LEVELS) {
		pen_words(pen, "[");
		pen_number(pen, depth);
		pen_words(pen, "] ");
	}
}

static void draw_lifetime(struct pen *pen, const struct life *life)
{
	char text[DURATION_TEXT_BYTES];
	uint64_t lifetime_ns;
	size_t len;

	if (life_lifetime_ns(life, pen->options->now_ns, &lifetime_ns))
		duration_write(text, lifetime_ns);
	else
		strcpy(text, "?");
	len = strlen(text);
	pen_to(pen, pen->columns + (len < TIME_COLUMNS ? TIME_COLUMNS - len : 0));
	pen_words(pen, text);
	pen_words(pen, "  ");
}

static void draw_signal(struct pen *pen, const struct life *life)
{
	char scratch[SIGNAME_BYTES];

	pen_words(pen, signame(life->value, scratch));
	if (life->core_dumped)
		pen_words(pen, ", core dumped");
	if (life->oom)
		pen_words(pen, ", out of memory");
	if (life->killer) {
		pen_words(pen, ", killed by ");
		pen_who(pen, life->killer);
	} else if (life->killed_by_kernel && !life->oom) {
		pen_words(pen, ", killed by the kernel");
	}
}

static void draw_end(struct pen *pen, const struct life *life)
{
	bool failed = life->end == LIFE_SIGNAL || (life->end == LIFE_CODE && life->value);

	if (failed)
		pen_color(pen, SGR_RED);
	switch (life->end) {
	case LIFE_ALIVE:
		pen_words(pen, "alive");
		break;
	case LIFE_CODE:
		pen_words(pen, "code ");
		pen_number(pen, life->value);
		break;
	case LIFE_SIGNAL:
		draw_signal(pen, life);
		break;
	default:
		pen_words(pen, life->found_gone ? "found gone" : "ended, how is not known");
	}
	if (failed)
		pen_color(pen, "0");
}

static void draw_handings(struct pen *pen, const struct life *life)
{
	const struct handing *handing;

	for (handing = life->handings; handing; handing = handing->next) {
		if (!handing->next && life->handings_cnt > LIFE_HANDINGS_MAX)
			pen_words(pen, ", ...");
		pen_words(pen, ", handed to ");
		if (handing->to)
			pen_who(pen, handing->to);
		else
			pen_words(pen, "nobody knows whom");
		if (!life->id.start_ns || handing->at_ns < life->id.start_ns)
			continue;
		pen_words(pen, " at +");
		pen_span(pen, handing->at_ns - life->id.start_ns);
	}
}

static void draw_waiting(struct pen *pen, const struct life *life)
{
	uint64_t since_ns = life->zombie_ns ? life->zombie_ns : life->exit_ns;

	pen_words(pen, ", ");
	pen_color(pen, SGR_YELLOW);
	if (!since_ns) {
		pen_words(pen, "zombie since before the start");
	} else {
		pen_words(pen, "zombie for ");
		pen_span(pen,
			 pen->options->now_ns > since_ns ? pen->options->now_ns - since_ns : 0);
	}
	pen_color(pen, "0");
	if (!life->parent || life->parent == life->birth_parent || life->handings)
		return;
	pen_words(pen, ", to be reaped by ");
	pen_who(pen, life->parent);
}

static void draw_reap(struct pen *pen, const struct life *life)
{
	if (life->latency_known) {
		pen_words(pen, ", zombie ");
		if (life->latency_at_most)
			pen_words(pen, "at most ");
		if (life->latency_at_least)
			pen_words(pen, "at least ");
		pen_span(pen, life->latency_ns);
	}
	if (life->how == HOW_AUTO)
		pen_words(pen, ", reaped by itself");
	else if (life->how == HOW_NAMESPACE)
		pen_words(pen, ", reaped with its namespace");
	else if (life->how == HOW_KERNEL)
		pen_words(pen, ", reaped by the kernel");
	else if (life->reaper && life->reaper != life->parent) {
		pen_words(pen, ", reaped by ");
		pen_who(pen, life->reaper);
	}
}

static void draw_args(struct pen *pen, const struct life *life, size_t end_column)
{
	size_t width = pen->options->width, room = PRINTABLE_WHOLE;

	if (!life->args_bytes)
		return;
	pen_to(pen, end_column);
	pen_words(pen, "  ");
	if (width) {
		room = width > pen->columns ? width - pen->columns : 0;
		room -= life->args_cut && room >= 4 ? 4 : 0;
		if (room < ARGS_COLUMNS_MIN)
			return;
	}
	pen_color(pen, SGR_DIM);
	pen->columns +=
		printable_args(&pen->line, life->args, life->args_bytes, room, !pen->options->utf8);
	if (life->args_cut)
		pen_words(pen, " ...");
	pen_color(pen, "0");
}

static void draw_birth(struct pen *pen, const struct life *life)
{
	char text[TIMEFMT_CLOCK_BYTES + 1];
	size_t len;

	if (!pen->options->births)
		return;
	if (life->id.start_ns) {
		len = timefmt_clock(&pen->clock,
				    (int64_t)life->id.start_ns + pen->options->boot_to_wall_ns,
				    false, text);
		text[len] = '\0';
		pen_words(pen, text);
	}
	pen_to(pen, BIRTH_COLUMNS);
}

static void draw_name(struct pen *pen, const struct life *life, size_t depth)
{
	buffer_clear(&pen->line);
	pen->columns = 0;
	draw_birth(pen, life);
	draw_branch(pen, life, depth);
	pen_who(pen, life);
}

static void line_end(struct pen *pen)
{
	struct buffer *line = &pen->line;

	while (line->len && line->bytes[line->len - 1] == ' ')
		line->len--;
	buffer_add_char(line, '\n');
}

/* All after the name but the arguments. */
static void draw_story(struct pen *pen, const struct life *life)
{
	draw_lifetime(pen, life);
	draw_end(pen, life);
	draw_handings(pen, life);
	if (life->zombie)
		draw_waiting(pen, life);
	else if (life->reaped)
		draw_reap(pen, life);
}

/* Where the columns stand: a first pass over all lives finds the widest of each, within reason. */
struct layout {
	size_t name_columns, story_columns;
};

static void draw_life(struct pen *pen, const struct life *life, size_t depth,
		      const struct layout *layout)
{
	draw_name(pen, life, depth);
	if (life->seen) {
		pen_to(pen, layout->name_columns);
		pen_words(pen, "  ");
		draw_story(pen, life);
		draw_args(pen, life, layout->name_columns + 2 + layout->story_columns);
	}
	line_end(pen);
}

static void widen(size_t *columns, size_t needed, size_t max)
{
	if (*columns < needed)
		*columns = needed < max ? needed : max;
}

static struct layout measure(struct pen *pen, struct tree *tree)
{
	size_t depth, name_max = NAME_COLUMNS_MAX;
	const struct life *life = tree_first(tree, pen->options->kthreads, &depth);
	struct layout layout = {};

	name_max += pen->options->births ? BIRTH_COLUMNS : 0;
	for (; life; life = tree_next(life, &depth)) {
		draw_name(pen, life, depth);
		if (!life->seen)
			continue;
		widen(&layout.name_columns, pen->columns, name_max);
		pen->columns = 0;
		draw_story(pen, life);
		widen(&layout.story_columns, pen->columns, TIME_COLUMNS + 2 + END_COLUMNS_MAX);
	}
	return layout;
}

static void draw_count(struct pen *pen, size_t n, const char *words)
{
	pen_words(pen, pen->columns ? ", " : "");
	pen_number(pen, n);
	pen_words(pen, words);
}

static void draw_totals(struct pen *pen, const struct tree *tree)
{
	struct tree_totals totals = tree_totals(tree);

	buffer_clear(&pen->line);
	pen->columns = 0;
	draw_count(pen, totals.lives, totals.lives == 1 ? " life" : " lives");
	draw_count(pen, totals.alive, " alive");
	draw_count(pen, totals.zombies, totals.zombies == 1 ? " zombie" : " zombies");
	if (totals.left_out)
		draw_count(pen, totals.left_out, " more not kept (--tree-max)");
	line_end(pen);
}

static int line_write(struct pen *pen, FILE *out)
{
	if (pen->line.error)
		return pen->line.error;
	if (fwrite(pen->line.bytes, 1, pen->line.len, out) != pen->line.len)
		return errno ? -errno : -EIO;
	return 0;
}

int tree_text_draw(struct tree *tree, const struct tree_text_options *options, FILE *out)
{
	struct pen pen = {.options = options};
	const struct life *life;
	struct layout layout;
	size_t depth;
	int err = 0;

	buffer_init(&pen.line, LINE_BYTES_MAX);
	layout = measure(&pen, tree);
	for (life = tree_first(tree, options->kthreads, &depth); life && !err;
	     life = tree_next(life, &depth)) {
		draw_life(&pen, life, depth, &layout);
		err = line_write(&pen, out);
	}
	if (!err) {
		draw_totals(&pen, tree);
		err = line_write(&pen, out);
	}
	if (!err && fflush(out))
		err = -errno;
	buffer_release(&pen.line);
	return err;
}
