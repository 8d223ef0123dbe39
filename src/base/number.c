#include "base/number.h"

#include <errno.h>
#include <stddef.h>
#include <strings.h>

static const struct {
	const char *word;
	unsigned shift;
} units[] = {
	{"", 0},    {"B", 0},	 {"K", 10}, {"KB", 10}, {"KiB", 10}, {"M", 20},
	{"MB", 20}, {"MiB", 20}, {"G", 30}, {"GB", 30}, {"GiB", 30},
};

/* Digits up to the first byte that is none, which `ret_end` points at. */
static int digits_parse(const char *text, uint64_t *ret_number, const char **ret_end)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned digit = *at - '0';

		if (number > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		number = number * 10 + digit;
	}
	if (at == text)
		return -EINVAL;
	*ret_number = number;
	*ret_end = at;
	return 0;
}

int number_parse(const char *text, uint64_t max, uint64_t *ret_number)
{
	const char *end;
	uint64_t number;
	int err = digits_parse(text, &number, &end);

	if (err)
		return err;
	if (*end)
		return -EINVAL;
	if (number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	const char *end;
	uint64_t number;
	int err = digits_parse(text, &number, &end);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcasecmp(end, units[i].word))
			continue;
		if (number > UINT64_MAX >> units[i].shift)
			return -ERANGE;
		*ret_bytes = number << units[i].shift;
		return 0;
	}
	return -EINVAL;
}
