#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/decimal.h"

#define BUFFER_FIRST_BYTES 256

void buffer_init(struct buffer *buffer, size_t max)
{
	*buffer = (struct buffer){.max = max};
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->bytes);
	buffer_init(buffer, buffer->max);
}

void buffer_rewind(struct buffer *buffer, size_t len)
{
	if (len < buffer->len)
		buffer->len = len;
	buffer->error = 0;
}

char *buffer_grow(struct buffer *buffer, size_t bytes)
{
	size_t size = buffer->size ? buffer->size : BUFFER_FIRST_BYTES;
	char *grown;

	if (buffer->error)
		return NULL;
	if (bytes > buffer->max - buffer->len) {
		buffer->error = -ENOBUFS;
		return NULL;
	}
	while (size - buffer->len < bytes && size <= buffer->max / 2)
		size *= 2;
	if (size > buffer->max || size - buffer->len < bytes)
		size = buffer->max;
	grown = realloc(buffer->bytes, size ? size : 1);
	if (!grown) {
		buffer->error = -ENOMEM;
		return NULL;
	}
	buffer->bytes = grown;
	buffer->size = size;
	return grown + buffer->len;
}

void buffer_add_u64(struct buffer *buffer, uint64_t n)
{
	char digits[DECIMAL_U64_BYTES];

	buffer_add(buffer, digits, decimal_write(digits, n));
}

void buffer_add_repeated(struct buffer *buffer, char c, size_t cnt)
{
	char *room = buffer_room(buffer, cnt);

	if (!room || !cnt)
		return;
	memset(room, c, cnt);
	buffer->len += cnt;
}
