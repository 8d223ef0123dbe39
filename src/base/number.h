/*
 * Counts and amounts of memory as people type them. Strict: no sign, blank, fraction or
 * hexadecimal.
 */
#pragma once

#include <stdint.h>

/*
 * number_parse - decimal digits. 0; -EINVAL for any other text; -ERANGE above `max`. `ret_number`
 * is untouched on failure.
 */
int number_parse(const char *text, uint64_t max, uint64_t *ret_number);

/*
 * size_parse - "65536", "64K", "100M" or "1G" to bytes: K, M and G are powers of 1024, in either
 * case and with "B" or "iB" behind them if one likes. 0; -EINVAL for any other text; -ERANGE beyond
 * 2^64-1. `ret_bytes` is untouched on failure.
 */
int size_parse(const char *text, uint64_t *ret_bytes);
