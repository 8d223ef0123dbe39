#include "base/json.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/utf8.h"

#define ESCAPE_BYTES_MAX 6 /* \u001b, the longest that one byte of input becomes */

/* 1: the byte stands for itself in a string. */
static const uint8_t plain[256] = {
	[0x20 ... 0x21] = 1,
	[0x23 ... 0x5b] = 1,
	[0x5d ... 0x7e] = 1,
};

/* A value or key needs a comma before it unless it is the first of its container, line or pair. */
static void separate(struct buffer *out)
{
	switch (out->len ? out->bytes[out->len - 1] : '\n') {
	case '{':
	case '[':
	case ':':
	case '\n':
		return;
	default:
		buffer_add_char(out, ',');
	}
}

void json_object_begin(struct buffer *out)
{
	separate(out);
	buffer_add_char(out, '{');
}

void json_object_end(struct buffer *out)
{
	buffer_add_char(out, '}');
}

void json_array_begin(struct buffer *out)
{
	separate(out);
	buffer_add_char(out, '[');
}

void json_array_end(struct buffer *out)
{
	buffer_add_char(out, ']');
}

void json_add_key(struct buffer *out, const char *name)
{
	separate(out);
	buffer_add_char(out, '"');
	buffer_add_text(out, name);
	buffer_add(out, "\":", 2);
}

void json_add_u64(struct buffer *out, uint64_t n)
{
	separate(out);
	buffer_add_u64(out, n);
}

void json_add_i64(struct buffer *out, int64_t n)
{
	separate(out);
	if (n < 0)
		buffer_add_char(out, '-');
	buffer_add_u64(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void json_add_bool(struct buffer *out, bool value)
{
	separate(out);
	buffer_add_text(out, value ? "true" : "false");
}

void json_add_null(struct buffer *out)
{
	separate(out);
	buffer_add(out, "null", 4);
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* How many bytes from the start are whole characters that stand for themselves. */
static size_t plain_run(const char *bytes, size_t len)
{
	size_t at = 0;

	for (;;) {
		uint32_t c;
		size_t step;

		while (at < len && plain[(uint8_t)bytes[at]])
			at++;
		if (at == len || !(bytes[at] & 0x80))
			return at;
		step = utf8_decode(bytes + at, len - at, &c);
		if (!step || is_control(c))
			return at;
		at += step;
	}
}

static size_t escape_control(char *ret_text, uint32_t c)
{
	static const char hex[] = "0123456789abcdef";

	memcpy(ret_text, "\\u00", 4);
	ret_text[4] = hex[c >> 4];
	ret_text[5] = hex[c & 15];
	return 6;
}

static size_t escape_pair(char *ret_text, char c)
{
	ret_text[0] = '\\';
	ret_text[1] = c;
	return 2;
}

static size_t escape(char *ret_text, uint32_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return escape_pair(ret_text, (char)c);
	case '\n':
		return escape_pair(ret_text, 'n');
	case '\t':
		return escape_pair(ret_text, 't');
	case '\r':
		return escape_pair(ret_text, 'r');
	case '\b':
		return escape_pair(ret_text, 'b');
	case '\f':
		return escape_pair(ret_text, 'f');
	default:
		return is_control(c) ? escape_control(ret_text, c) : 0;
	}
}

static size_t replace_invalid(char *ret_text)
{
	memcpy(ret_text, "\xef\xbf\xbd", 3); /* U+FFFD */
	return 3;
}

/*
 * What stands between the quotes, in at most `room` bytes. Returns how much of the input is in it.
 */
static size_t add_content(struct buffer *out, const char *bytes, size_t len, size_t room,
			  bool *ret_exact)
{
	size_t at = 0;

	while (at < len) {
		size_t left = len - at;
		size_t run = plain_run(bytes + at, left < room ? left : room);
		char text[ESCAPE_BYTES_MAX];
		size_t step, text_len;
		uint32_t c;

		buffer_add(out, bytes + at, run);
		at += run;
		room -= run;
		if (at == len)
			break;
		step = utf8_decode(bytes + at, len - at, &c);
		text_len = step ? escape(text, c) : replace_invalid(text);
		if (!text_len || text_len > room)
			break; /* a plain character ends a run only where the room does */
		if (!step)
			*ret_exact = false;
		buffer_add(out, text, text_len);
		at += step ? step : 1;
		room -= text_len;
	}
	return at;
}

size_t json_add_string_part(struct buffer *out, const char *bytes, size_t len, size_t room_bytes,
			    bool *ret_exact)
{
	size_t used;

	separate(out);
	buffer_add_char(out, '"');
	used = add_content(out, bytes, len, room_bytes > 2 ? room_bytes - 2 : 0, ret_exact);
	buffer_add_char(out, '"');
	return used;
}

bool json_add_string(struct buffer *out, const char *bytes, size_t len)
{
	bool exact = true;

	json_add_string_part(out, bytes, len, JSON_STRING_WHOLE, &exact);
	return exact;
}

bool json_add_text(struct buffer *out, const char *text)
{
	return json_add_string(out, text, strlen(text));
}

void json_add_base64(struct buffer *out, const void *bytes, size_t len)
{
	separate(out);
	buffer_add_char(out, '"');
	base64_add(out, bytes, len);
	buffer_add_char(out, '"');
}
