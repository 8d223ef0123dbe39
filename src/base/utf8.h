/* Strict UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* utf8_decode - the character that `bytes` begins with: its length, 1..4; 0 where there is none. */
size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_char);

bool utf8_valid(const char *bytes, size_t len);

/*
 * utf8_columns - how many columns of a terminal the character takes: 0, 1 or 2. From Unicode's
 * East Asian Width and general categories, so that the result does not hang on the locale.
 */
unsigned utf8_columns(uint32_t c);
