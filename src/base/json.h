/*
 * JSON (RFC 8259) appended to a buffer. Commas are put where the bytes before ask for one, so the
 * writer keeps no state of its own; a buffer that holds lines ends each with '\n'.
 *
 * Strings take any bytes. Quotes, backslashes, C0, DEL and C1 controls are escaped, so that a line
 * may be shown on a terminal; every byte that is not part of valid UTF-8 becomes one U+FFFD.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

void json_object_begin(struct buffer *out);
void json_object_end(struct buffer *out);
void json_array_begin(struct buffer *out);
void json_array_end(struct buffer *out);

/* json_add_key - `name` must need no escape: it is ours, never data. */
void json_add_key(struct buffer *out, const char *name);

void json_add_u64(struct buffer *out, uint64_t n);
void json_add_i64(struct buffer *out, int64_t n);
void json_add_bool(struct buffer *out, bool value);
void json_add_null(struct buffer *out);

/*
 * json_add_string - false where a byte had to be replaced: then say the exact ones beside it with
 * json_add_base64().
 */
bool json_add_string(struct buffer *out, const char *bytes, size_t len);

/* json_add_text - a terminated string. */
bool json_add_text(struct buffer *out, const char *text);

#define JSON_STRING_WHOLE SIZE_MAX

/*
 * json_add_string_part - json_add_string() in at most `room_bytes` of output, quotes included (but
 * never less than the two quotes). Returns how many bytes of input are in it: `len`, unless it had
 * to be cut, always between characters. Clears `ret_exact` where a byte was replaced, else leaves
 * it.
 */
size_t json_add_string_part(struct buffer *out, const char *bytes, size_t len, size_t room_bytes,
			    bool *ret_exact);

/* json_add_base64 - the bytes as a string of base 64. */
void json_add_base64(struct buffer *out, const void *bytes, size_t len);
