/* Spans of time as people write and read them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * duration_parse - "50ms", "1.5h", "10" (seconds) and so on: digits, perhaps a fraction, one of ns,
 * us, ms, s, m, h, d. What is finer than a nanosecond is dropped. 0; -EINVAL when it is no
 * duration; -ERANGE when it does not fit in 64 bits.
 */
int duration_parse(const char *text, uint64_t *ret_ns);

#define DURATION_TEXT_BYTES 16

/*
 * duration_write - at a glance, terminated: 812ns, 50.2us, 12.3ms, 1.20s, 2m03s, 1h02m, 3d04h. Cut,
 * not rounded: never more than there was. Returns the length.
 */
size_t duration_write(char ret_text[DURATION_TEXT_BYTES], uint64_t ns);
