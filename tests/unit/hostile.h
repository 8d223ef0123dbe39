/*
 * What data may hold: one corpus that every sink is fed, as bytes and as whole facts. An output
 * that stands all of it stands what a process may call itself.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "model/fact.h"

#define HOSTILE(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
#define HOSTILE_LONG_BYTES 4096
#define HOSTILE_RANDOM_CNT 100

static const struct fact_text hostile_short[] = {
	HOSTILE(""),
	HOSTILE("plain"),
	HOSTILE("two words"),
	HOSTILE("it's \"quoted\" \\ and $HOME `id`"),
	HOSTILE("\x1b[2J\x1b[31mred\x1b[0m"),
	HOSTILE("\x1b]0;title\x07"),
	HOSTILE("\x1b]52;c;cm0gLXJm\x1b\\"),
	HOSTILE("line\nbreak\r\ntab\tbell\x07 back\x08 del\x7f nul"),
	HOSTILE("a\0b\0\0c\0"),
	HOSTILE("\0\0\0"),
	HOSTILE("\x80\x9b"
		"31m raw C1"),
	HOSTILE("\xc2\x9b"
		"31m C1 in UTF-8 \xc2\x85 \xc2\x80"),
	HOSTILE("\xe2\x80\xae"
		"txt.exe \xe2\x81\xa6 isolate \xe2\x81\xa9 \xe2\x80\x8f"),
	HOSTILE("zero\xe2\x80\x8bwidth \xef\xbb\xbf bom \xc2\xad soft"),
	HOSTILE("\xe2\x80\xa8line\xe2\x80\xa9paragraph"),
	HOSTILE("overlong \xc0\xaf \xc1\xbf \xe0\x80\xaf \xf0\x80\x80\xaf"),
	HOSTILE("surrogate \xed\xa0\x80\xed\xbf\xbf"),
	HOSTILE("beyond \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80 \xff\xfe"),
	HOSTILE("cut \xe2\x82"),
	HOSTILE("\xc3\x84 \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x92\xa5 e\xcc\x81"),
	HOSTILE("</script><!--\"},{\"type\":\"exit\""),
	HOSTILE("%s%n%d {} ${x} ;rm -rf /"),
	HOSTILE("\xf3\xa0\x81\x81tag \xf0\x9d\x85\xb3 musical"),
};
#define HOSTILE_SHORT_CNT (sizeof(hostile_short) / sizeof(hostile_short[0]))

/* What the long ones are filled with, over and over. */
static const struct fact_text hostile_fillings[] = {
	HOSTILE("x"),	      HOSTILE("\x01"),	       HOSTILE("\xff"),
	HOSTILE("\""),	      HOSTILE("\0"),	       HOSTILE("a\0"),
	HOSTILE("\x1b[0m\0"), HOSTILE("\xe6\xbc\xa2"), HOSTILE("abcdefg\xf0\x9f\x92\xa5\n"),
	HOSTILE("\xc2\x9b"),  HOSTILE("' \\"),	       HOSTILE("argument \xc0\0"),
};
#define HOSTILE_LONG_CNT (sizeof(hostile_fillings) / sizeof(hostile_fillings[0]))
#define HOSTILE_CNT	 (HOSTILE_SHORT_CNT + HOSTILE_LONG_CNT + HOSTILE_RANDOM_CNT)

/* hostile_text - the corpus by number; lent until the next call. Random ones are the same each
 * time. */
static inline struct fact_text hostile_text(size_t i)
{
	static char bytes[HOSTILE_LONG_BYTES];
	struct fact_text text = {bytes, sizeof(bytes)};

	if (i < HOSTILE_SHORT_CNT)
		return hostile_short[i];
	i -= HOSTILE_SHORT_CNT;
	if (i < HOSTILE_LONG_CNT) {
		for (size_t at = 0; at < sizeof(bytes); at++)
			bytes[at] = hostile_fillings[i].bytes[at % hostile_fillings[i].len];
		return text;
	}
	srandom((unsigned)i);
	text.len = (size_t)random() % sizeof(bytes);
	for (size_t at = 0; at < text.len; at++)
		bytes[at] = (char)(random() % (i % 2 ? 256 : 128));
	return text;
}

/* hostile_fill - a fact with every field there: each text is `text`, each number `n`. */
static inline void hostile_fill(struct fact *fact, enum fact_type type, struct fact_text text,
				fact_num n)
{
	const struct fact_id id = {.pid = 4194304, .start_ns = 9007199254740991};

	fact_clear(fact, type, 1234567890123456789);
	fact->who = fact->parent = id;
	fact->comm = text;
	fact->unsure = true;
	for (size_t i = 0; i < fact_layouts[type].fields_cnt; i++) {
		const struct fact_field *field = &fact_layouts[type].fields[i];
		char *at = (char *)fact + field->offset;

		if (field->form == FIELD_ID)
			*(struct fact_id *)at = id;
		else if (field->form == FIELD_TEXT || field->form == FIELD_LIST)
			*(struct fact_text *)at = text;
		else
			*(fact_num *)at = n;
	}
}
