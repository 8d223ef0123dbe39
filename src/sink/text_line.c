#include "sink/text_line.h"

#include <string.h>

#include "base/decimal.h"
#include "base/duration.h"
#include "base/printable.h"
#include "base/signame.h"
#include "base/utf8.h"

static void add_ascii(struct text_line *line, const char *text, size_t len)
{
	buffer_add(line->out, text, len);
	line->columns += len;
}

void text_line_add(struct text_line *line, const char *text)
{
	add_ascii(line, text, strlen(text));
}

void text_line_add_u64(struct text_line *line, uint64_t n)
{
	char digits[DECIMAL_U64_BYTES];

	add_ascii(line, digits, decimal_write(digits, n));
}

void text_line_add_duration(struct text_line *line, uint64_t ns)
{
	char text[DURATION_TEXT_BYTES];

	add_ascii(line, text, duration_write(text, ns));
}

void text_line_add_signal(struct text_line *line, uint64_t signal)
{
	char scratch[SIGNAME_BYTES];

	text_line_add(line, signame(signal, scratch));
}

void text_line_add_data(struct text_line *line, struct fact_text text)
{
	if (text.len == FACT_TEXT_ABSENT)
		text_line_add(line, "-");
	else if (!fact_text_known(text))
		text_line_add(line, "?");
	else
		line->columns += printable_add(line->out, text.bytes, text.len, PRINTABLE_WHOLE,
					       line->ascii);
}

void text_line_add_process(struct text_line *line, struct fact_text comm, struct fact_id id)
{
	if (!fact_text_known(comm)) {
		if (fact_id_known(id))
			text_line_add_u64(line, id.pid);
		else
			text_line_add(line, "?");
		return;
	}
	text_line_add_data(line, comm);
	text_line_add(line, "(");
	if (fact_id_known(id))
		text_line_add_u64(line, id.pid);
	else
		text_line_add(line, "?");
	text_line_add(line, ")");
}

void text_line_pad(struct text_line *line, size_t column)
{
	size_t cnt = line->columns < column ? column - line->columns : 1;

	buffer_add_repeated(line->out, ' ', cnt);
	line->columns += cnt;
}

#define DOTS "..."

void text_line_cut(struct text_line *line, size_t start, size_t column)
{
	size_t room = line->columns_max > strlen(DOTS) ? line->columns_max - strlen(DOTS) : 0;
	size_t at = start;

	if (!line->columns_max || line->columns <= line->columns_max)
		return;
	while (at < line->out->len) {
		uint32_t character;
		size_t len = utf8_decode(line->out->bytes + at, line->out->len - at, &character);
		unsigned columns = len ? utf8_columns(character) : 1;

		if (column + columns > room)
			break;
		column += columns;
		at += len ? len : 1;
	}
	buffer_rewind(line->out, at);
	line->columns = column;
	text_line_add(line, DOTS);
}
