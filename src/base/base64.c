#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz"
			       "0123456789+/";

static void encode_group(char *ret_text, uint32_t group)
{
	ret_text[0] = alphabet[group >> 18];
	ret_text[1] = alphabet[group >> 12 & 63];
	ret_text[2] = alphabet[group >> 6 & 63];
	ret_text[3] = alphabet[group & 63];
}

void base64_add(struct buffer *out, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;
	char *room = buffer_room(out, base64_bytes(len));

	if (!room)
		return;
	out->len += base64_bytes(len);
	for (; len >= 3; len -= 3, in += 3, room += 4)
		encode_group(room, (uint32_t)in[0] << 16 | in[1] << 8 | in[2]);
	if (!len)
		return;
	encode_group(room, (uint32_t)in[0] << 16 | (len == 2 ? in[1] << 8 : 0));
	room[3] = '=';
	if (len == 1)
		room[2] = '=';
}
