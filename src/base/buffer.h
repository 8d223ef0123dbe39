/*
 * A growable byte buffer, made with its maximum. Appending never fails silently: the first failure
 * is kept in `error` and everything after it is refused, so the content never has a hole.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Open, because every writer appends to one: bytes[0..len) is the content, not terminated. */
struct buffer {
	char *bytes;
	size_t len;
	size_t size; /* allocated */
	size_t max;
	int error; /* -ENOMEM, or -ENOBUFS when `max` was met; until buffer_rewind() or _clear() */
};

/* buffer_init - empty, nothing allocated yet; never grows beyond `max` bytes. */
void buffer_init(struct buffer *buffer, size_t max);
void buffer_release(struct buffer *buffer);

/* buffer_rewind - back to `len` bytes (at most the present length), and forgets the error. */
void buffer_rewind(struct buffer *buffer, size_t len);

static inline void buffer_clear(struct buffer *buffer)
{
	buffer_rewind(buffer, 0);
}

/* buffer_grow - the slow half of buffer_room(). */
char *buffer_grow(struct buffer *buffer, size_t bytes);

/* buffer_room - where `bytes` more bytes may be written, or NULL with the error set; `len` is the
 * caller's to raise. */
static inline char *buffer_room(struct buffer *buffer, size_t bytes)
{
	if (bytes > buffer->size - buffer->len || buffer->error)
		return buffer_grow(buffer, bytes);
	return buffer->bytes + buffer->len;
}

static inline void buffer_add(struct buffer *buffer, const void *bytes, size_t len)
{
	char *room = buffer_room(buffer, len);

	if (!room || !len)
		return;
	memcpy(room, bytes, len);
	buffer->len += len;
}

static inline void buffer_add_char(struct buffer *buffer, char c)
{
	char *room = buffer_room(buffer, 1);

	if (!room)
		return;
	*room = c;
	buffer->len++;
}

/* buffer_add_text - a terminated string, without its NUL. */
static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

/* buffer_add_u64 - the number in decimal. */
void buffer_add_u64(struct buffer *buffer, uint64_t n);

/* buffer_add_repeated - `c`, `cnt` times. */
void buffer_add_repeated(struct buffer *buffer, char c, size_t cnt);
