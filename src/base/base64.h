/* Base 64 of RFC 4648 section 4, with padding. */
#pragma once

#include <stddef.h>

#include "base/buffer.h"

/* base64_bytes - how many bytes base64_add() appends for `len`. */
static inline size_t base64_bytes(size_t len)
{
	return (len + 2) / 3 * 4;
}

void base64_add(struct buffer *out, const void *bytes, size_t len);
