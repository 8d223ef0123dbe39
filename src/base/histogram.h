/*
 * A log-linear histogram of nanoseconds (or any 64-bit number) in fixed memory.
 *
 *   value     0 1 2 ... 31 | 32-33 34-35 ... 62-63 | 64-67 ... 124-127 | ...   up to 2^64-1
 *   buckets   exact        | 16, each 2 wide       | 16, each 4 wide   | ...   16 for each power of two
 *
 * What comes out stands for its bucket's middle, and a bucket is at most a 16th of the values in it
 * wide: so it is wrong by at most 1/32 (3.2 %) of the exact sample, and right below 32. The largest
 * value is kept as it was.
 */
#pragma once

#include <stdint.h>

#define HISTOGRAM_SPLIT	      16 /* buckets for each power of two */
#define HISTOGRAM_BUCKETS     976 /* 16 exact ones, then 16 for each of the powers 4 to 63 */
#define HISTOGRAM_ERROR_WHOLE 32 /* a percentile is off by at most the exact value / this */

/* Public because it is embedded. 7.8 KB; all zeroes is an empty one. */
struct histogram {
	uint64_t count;
	uint64_t max; /* exact; 0 when empty */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* histogram_clear - empties it. */
void histogram_clear(struct histogram *histogram);

/* histogram_add - one more sample. */
void histogram_add(struct histogram *histogram, uint64_t value);

/* histogram_merge - adds all samples of `from`: the same as if each had been added here. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/*
 * histogram_percentile - the smallest sample that at least `percent` (0 to 100, to four decimals) of
 * all are not above: 50 = the median, 100 = max, exactly. Nearest rank, no interpolation between
 * samples, within the error above and never beyond max. 0 when empty.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
