#include "base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"

#define NS_PER_US     1000ULL
#define NS_PER_MS     (1000 * NS_PER_US)
#define NS_PER_S      (1000 * NS_PER_MS)
#define NS_PER_MINUTE (60 * NS_PER_S)
#define NS_PER_HOUR   (60 * NS_PER_MINUTE)
#define NS_PER_DAY    (24 * NS_PER_HOUR)

static const struct {
	const char *word;
	uint64_t ns;
} units[] = {
	{"", NS_PER_S},	    {"ns", 1},	       {"us", NS_PER_US},
	{"ms", NS_PER_MS},  {"s", NS_PER_S},   {"m", NS_PER_MINUTE},
	{"h", NS_PER_HOUR}, {"d", NS_PER_DAY},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int parse_whole(const char **text, uint64_t *ret_n)
{
	uint64_t n = 0;

	if (!is_digit(**text))
		return -EINVAL;
	for (; is_digit(**text); ++*text)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(**text - '0'), &n))
			return -ERANGE;
	*ret_n = n;
	return 0;
}

/* The digits behind the point, as so many of `ret_scale`; a day has 14 digits of nanoseconds. */
static int parse_fraction(const char **text, uint64_t *ret_n, uint64_t *ret_scale)
{
	uint64_t n = 0, scale = 1;

	if (**text != '.')
		goto out;
	if (!is_digit(*++*text))
		return -EINVAL;
	for (; is_digit(**text); ++*text) {
		if (scale >= 1000000000000000000ULL)
			continue;
		n = n * 10 + (uint64_t)(**text - '0');
		scale *= 10;
	}
out:
	*ret_n = n;
	*ret_scale = scale;
	return 0;
}

static uint64_t unit_find(const char *word)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].word, word))
			return units[i].ns;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret_ns)
{
	uint64_t whole, fraction, scale, unit_ns, ns, fraction_ns;
	const char *at = text;
	int error;

	error = parse_whole(&at, &whole);
	if (error == -EINVAL)
		return error;
	while (is_digit(*at)) /* too large, but still to be told from what is no number at all */
		at++;
	if (parse_fraction(&at, &fraction, &scale))
		return -EINVAL;
	unit_ns = unit_find(at);
	if (!unit_ns)
		return -EINVAL;
	if (error)
		return error;
	fraction_ns = (uint64_t)((unsigned __int128)fraction * unit_ns / scale);
	if (__builtin_mul_overflow(whole, unit_ns, &ns) ||
	    __builtin_add_overflow(ns, fraction_ns, &ns))
		return -ERANGE;
	*ret_ns = ns;
	return 0;
}

/* Three digits of n / unit, as 1.20, 12.3 or 123. */
static size_t write_three(char *ret_text, uint64_t n, uint64_t unit)
{
	uint64_t whole = n / unit;
	size_t len = decimal_write(ret_text, whole);
	size_t digits_cnt = whole < 10 ? 2 : whole < 100 ? 1 : 0;

	if (!digits_cnt)
		return len;
	ret_text[len++] = '.';
	decimal_write_fixed(ret_text + len, n % unit * (digits_cnt == 2 ? 100 : 10) / unit,
			    digits_cnt);
	return len + digits_cnt;
}

/* Two units, the smaller one with two digits: 2m03s. */
static size_t write_pair(char *ret_text, uint64_t large, char large_unit, uint64_t small,
			 char small_unit)
{
	size_t len = decimal_write(ret_text, large);

	ret_text[len++] = large_unit;
	decimal_write_fixed(ret_text + len, small, 2);
	len += 2;
	ret_text[len++] = small_unit;
	return len;
}

static size_t write_below_minute(char *ret_text, uint64_t ns)
{
	const char *unit = "s";
	size_t len;

	if (ns < NS_PER_US) {
		len = decimal_write(ret_text, ns);
		unit = "ns";
	} else if (ns < NS_PER_MS) {
		len = write_three(ret_text, ns, NS_PER_US);
		unit = "us";
	} else if (ns < NS_PER_S) {
		len = write_three(ret_text, ns, NS_PER_MS);
		unit = "ms";
	} else {
		len = write_three(ret_text, ns, NS_PER_S);
	}
	memcpy(ret_text + len, unit, strlen(unit));
	return len + strlen(unit);
}

size_t duration_write(char ret_text[DURATION_TEXT_BYTES], uint64_t ns)
{
	size_t len;

	if (ns < NS_PER_MINUTE)
		len = write_below_minute(ret_text, ns);
	else if (ns < NS_PER_HOUR)
		len = write_pair(ret_text, ns / NS_PER_MINUTE, 'm', ns % NS_PER_MINUTE / NS_PER_S,
				 's');
	else if (ns < NS_PER_DAY)
		len = write_pair(ret_text, ns / NS_PER_HOUR, 'h', ns % NS_PER_HOUR / NS_PER_MINUTE,
				 'm');
	else
		len = write_pair(ret_text, ns / NS_PER_DAY, 'd', ns % NS_PER_DAY / NS_PER_HOUR,
				 'h');
	ret_text[len] = '\0';
	return len;
}
