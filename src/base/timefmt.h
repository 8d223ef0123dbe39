/* Instants as text. The part that changes once a second is kept, so that most calls only copy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMEFMT_RFC3339_BYTES  30 /* 2024-02-29T23:59:59.123456789Z */
#define TIMEFMT_CLOCK_BYTES    15 /* 23:59:59.123456 */
#define TIMEFMT_RELATIVE_BYTES 22 /* at most; -9223372036.854775 */

/* All zeroes is empty. One for each format, and one for each zone. */
struct timefmt_cache {
	int64_t second;
	bool filled;
	char text[TIMEFMT_RFC3339_BYTES];
};

/* timefmt_rfc3339 - UTC with nine digits, not terminated; returns TIMEFMT_RFC3339_BYTES. */
size_t timefmt_rfc3339(struct timefmt_cache *cache, int64_t unix_ns, char *ret_text);

/* timefmt_clock - time of day in UTC or in the zone of TZ, not terminated; TIMEFMT_CLOCK_BYTES. */
size_t timefmt_clock(struct timefmt_cache *cache, int64_t unix_ns, bool utc, char *ret_text);

/* timefmt_relative - seconds with six digits ("12.345678"), not terminated; returns the length. */
size_t timefmt_relative(int64_t ns, char *ret_text);
