#include "base/timefmt.h"

#include <string.h>
#include <time.h>

#include "base/decimal.h"

#define NS_PER_S 1000000000LL

/* Splits so that 0 <= ns < 1 s, before 1970 too. */
static int64_t split(int64_t unix_ns, uint64_t *ret_ns)
{
	int64_t second = unix_ns / NS_PER_S;
	int64_t ns = unix_ns % NS_PER_S;

	if (ns < 0) {
		ns += NS_PER_S;
		second--;
	}
	*ret_ns = (uint64_t)ns;
	return second;
}

static void fill_clock(char *ret_text, const struct tm *tm)
{
	memcpy(ret_text, "00:00:00.", 9);
	decimal_write_fixed(ret_text, (uint64_t)tm->tm_hour, 2);
	decimal_write_fixed(ret_text + 3, (uint64_t)tm->tm_min, 2);
	decimal_write_fixed(ret_text + 6, (uint64_t)tm->tm_sec, 2);
}

/* An int64_t of nanoseconds ends in the year 2262, so four digits always do. */
static void fill_rfc3339(struct timefmt_cache *cache, int64_t second)
{
	time_t unix_s = (time_t)second;
	struct tm tm = {0};

	gmtime_r(&unix_s, &tm);
	memcpy(cache->text, "0000-00-00T", 11);
	decimal_write_fixed(cache->text, (uint64_t)tm.tm_year + 1900, 4);
	decimal_write_fixed(cache->text + 5, (uint64_t)tm.tm_mon + 1, 2);
	decimal_write_fixed(cache->text + 8, (uint64_t)tm.tm_mday, 2);
	fill_clock(cache->text + 11, &tm);
	cache->text[29] = 'Z';
}

static bool cache_holds(struct timefmt_cache *cache, int64_t second)
{
	if (cache->filled && cache->second == second)
		return true;
	cache->filled = true;
	cache->second = second;
	return false;
}

size_t timefmt_rfc3339(struct timefmt_cache *cache, int64_t unix_ns, char *ret_text)
{
	uint64_t ns;
	int64_t second = split(unix_ns, &ns);

	if (!cache_holds(cache, second))
		fill_rfc3339(cache, second);
	memcpy(ret_text, cache->text, TIMEFMT_RFC3339_BYTES);
	decimal_write_fixed(ret_text + 20, ns, 9);
	return TIMEFMT_RFC3339_BYTES;
}

size_t timefmt_clock(struct timefmt_cache *cache, int64_t unix_ns, bool utc, char *ret_text)
{
	uint64_t ns;
	int64_t second = split(unix_ns, &ns);

	if (!cache_holds(cache, second)) {
		time_t unix_s = (time_t)second;
		struct tm tm = {0};

		if (utc)
			gmtime_r(&unix_s, &tm);
		else
			localtime_r(&unix_s, &tm);
		fill_clock(cache->text, &tm);
	}
	memcpy(ret_text, cache->text, 9);
	decimal_write_fixed(ret_text + 9, ns / 1000, 6);
	return TIMEFMT_CLOCK_BYTES;
}

size_t timefmt_relative(int64_t ns, char *ret_text)
{
	uint64_t us = (ns < 0 ? -(uint64_t)ns : (uint64_t)ns) / 1000;
	size_t len = 0;

	if (ns < 0)
		ret_text[len++] = '-';
	len += decimal_write(ret_text + len, us / 1000000);
	ret_text[len++] = '.';
	decimal_write_fixed(ret_text + len, us % 1000000, 6);
	return len + 6;
}
