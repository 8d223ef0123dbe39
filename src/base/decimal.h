/* Numbers as decimal digits, two at a time; printf is some ten times slower. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_U64_BYTES 20 /* digits of UINT64_MAX */

/* decimal_write - `n` without leading zeroes, not terminated; returns how many digits (1..20). */
size_t decimal_write(char *ret_digits, uint64_t n);

/* decimal_write_fixed - the last `digits_cnt` digits of `n` with leading zeroes, not terminated. */
void decimal_write_fixed(char *ret_digits, uint64_t n, size_t digits_cnt);
