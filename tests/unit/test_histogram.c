#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"

#define SAMPLES 20000

/* splitmix64: the same samples in every run. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t make_small(uint64_t *state)
{
	return next_random(state) % 40;
}

static uint64_t make_uniform(uint64_t *state)
{
	return next_random(state) % 1000000000;
}

/* Every magnitude as likely as any other. */
static uint64_t make_any_magnitude(uint64_t *state)
{
	uint64_t shift = next_random(state) % 64;

	return next_random(state) >> shift;
}

/* What reaps look like: most in microseconds, a few in hours. */
static uint64_t make_two_humps(uint64_t *state)
{
	uint64_t random = next_random(state);

	return random % 50 ? 20000 + random % 90000 : 3600000000000 + random % 1000000000;
}

/* The edges of buckets, and one to each side. */
static uint64_t make_edges(uint64_t *state)
{
	uint64_t random = next_random(state);
	uint64_t edge = (16 + random % 16) << (random >> 8) % 60;

	return edge + (random >> 16) % 3 - 1;
}

static uint64_t make_largest(uint64_t *state)
{
	return UINT64_MAX - next_random(state) % 3;
}

static uint64_t (*const makers[])(uint64_t *state) = {
	make_small, make_uniform, make_any_magnitude, make_two_humps, make_edges, make_largest,
};
#define MAKERS (sizeof(makers) / sizeof(*makers))

static const struct {
	double percent;
	uint64_t parts; /* of 1,000,000: the same as an exact number */
} percents[] = {
	{0, 0},	      {0.0001, 1},  {1, 10000},	    {10, 100000},    {50, 500000},
	{90, 900000}, {99, 990000}, {99.9, 999000}, {99.99, 999900}, {100, 1000000},
};
#define PERCENTS (sizeof(percents) / sizeof(*percents))

static int by_value(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* The definition, on sorted samples. */
static uint64_t exact_percentile(const uint64_t *sorted, uint64_t cnt, uint64_t parts)
{
	uint64_t rank = (cnt * parts + 999999) / 1000000;

	return sorted[rank ? rank - 1 : 0];
}

static void check_against(const struct histogram *histogram, uint64_t *samples, uint64_t cnt)
{
	uint64_t before = 0;

	qsort(samples, cnt, sizeof(*samples), by_value);
	assert_true(histogram->count == cnt);
	assert_true(histogram->max == samples[cnt - 1]);
	for (size_t i = 0; i < PERCENTS; i++) {
		uint64_t exact = exact_percentile(samples, cnt, percents[i].parts);
		uint64_t got = histogram_percentile(histogram, percents[i].percent);
		uint64_t off = got > exact ? got - exact : exact - got;

		if (off > exact / HISTOGRAM_ERROR_WHOLE)
			fail_msg("%g%%: %llu, exact %llu", percents[i].percent,
				 (unsigned long long)got, (unsigned long long)exact);
		assert_true(got >= before && got <= histogram->max);
		before = got;
	}
	assert_true(histogram_percentile(histogram, 100) == samples[cnt - 1]);
}

static void test_percentiles(void **state)
{
	static const uint64_t cnts[] = {1, 2, 3, 99, 100, 101, 1000, SAMPLES};
	static uint64_t samples[SAMPLES];
	static struct histogram histogram;
	uint64_t seed = 1;

	for (size_t m = 0; m < MAKERS; m++) {
		for (size_t c = 0; c < sizeof(cnts) / sizeof(*cnts); c++) {
			histogram_clear(&histogram);
			for (uint64_t i = 0; i < cnts[c]; i++) {
				samples[i] = makers[m](&seed);
				histogram_add(&histogram, samples[i]);
			}
			check_against(&histogram, samples, cnts[c]);
		}
	}
}

/*
 * Alone or beside a larger one, each value comes back within the bound: no bucket is out of place.
 */
static void test_every_bucket(void **state)
{
	static struct histogram histogram;

	for (unsigned power = 0; power < 64; power++) {
		for (uint64_t part = 0; part < 64; part++) {
			uint64_t value = (1ull << power) + ((1ull << power) / 64) * part;
			uint64_t got, off;

			histogram_clear(&histogram);
			histogram_add(&histogram, value);
			assert_true(histogram_percentile(&histogram, 50) == value);
			histogram_add(&histogram, UINT64_MAX);
			got = histogram_percentile(&histogram, 50);
			off = got > value ? got - value : value - got;
			assert_true(off <= value / HISTOGRAM_ERROR_WHOLE);
		}
	}
}

static void test_merge(void **state)
{
	static struct histogram parts[MAKERS], sum, all;
	uint64_t seed = 2;

	histogram_clear(&all);
	for (size_t m = 0; m < MAKERS; m++) {
		histogram_clear(&parts[m]);
		for (int i = 0; i < 1000; i++) {
			uint64_t value = makers[m](&seed);

			histogram_add(&parts[m], value);
			histogram_add(&all, value);
		}
	}
	histogram_clear(&sum);
	for (size_t m = MAKERS; m-- > 0;)
		histogram_merge(&sum, &parts[m]);
	assert_memory_equal(&sum, &all, sizeof(all));
	histogram_clear(&parts[0]);
	histogram_merge(&sum, &parts[0]);
	assert_memory_equal(&sum, &all, sizeof(all));
}

static void test_empty(void **state)
{
	static struct histogram histogram = {.count = 1, .max = 5, .buckets = {0, 0, 0, 0, 0, 1}};

	assert_true(histogram_percentile(&histogram, 50) == 5);
	histogram_clear(&histogram);
	assert_true(histogram.count == 0 && histogram.max == 0);
	assert_true(histogram_percentile(&histogram, 0) == 0);
	assert_true(histogram_percentile(&histogram, 50) == 0);
	assert_true(histogram_percentile(&histogram, 100) == 0);
}

/*
 * A rank must not overflow where the counts are huge, nor a percentage outside of 0 to 100 do harm.
 */
static void test_extremes(void **state)
{
	static struct histogram histogram;

	histogram_clear(&histogram);
	histogram.count = 1ull << 62;
	histogram.max = 9;
	histogram.buckets[3] = 3ull << 60;
	histogram.buckets[9] = 1ull << 60;
	assert_true(histogram_percentile(&histogram, 75) == 3);
	assert_true(histogram_percentile(&histogram, 75.0001) == 9);
	assert_true(histogram_percentile(&histogram, -1) == 3);
	assert_true(histogram_percentile(&histogram, 1000) == 9);
	assert_true(histogram_percentile(&histogram, __builtin_nan("")) == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles), cmocka_unit_test(test_every_bucket),
		cmocka_unit_test(test_merge),	    cmocka_unit_test(test_empty),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
