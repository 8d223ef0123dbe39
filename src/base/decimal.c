#include "base/decimal.h"

#include <string.h>

static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

size_t decimal_write(char *ret_digits, uint64_t n)
{
	char digits[DECIMAL_U64_BYTES];
	size_t at = sizeof(digits);

	while (n >= 100) {
		at -= 2;
		memcpy(&digits[at], &pairs[n % 100 * 2], 2);
		n /= 100;
	}
	if (n >= 10) {
		at -= 2;
		memcpy(&digits[at], &pairs[n * 2], 2);
	} else {
		digits[--at] = '0' + n;
	}
	memcpy(ret_digits, &digits[at], sizeof(digits) - at);
	return sizeof(digits) - at;
}

void decimal_write_fixed(char *ret_digits, uint64_t n, size_t digits_cnt)
{
	while (digits_cnt >= 2) {
		digits_cnt -= 2;
		memcpy(&ret_digits[digits_cnt], &pairs[n % 100 * 2], 2);
		n /= 100;
	}
	if (digits_cnt)
		ret_digits[0] = '0' + n % 10;
}
