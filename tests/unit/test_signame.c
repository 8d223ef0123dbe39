#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/signame.h"

/* The C library names them too. */
static void test_all_standard_ones(void **state)
{
	char scratch[SIGNAME_BYTES], expected[32];

	for (int signal = 1; signal < 32; signal++) {
		assert_non_null(sigabbrev_np(signal));
		snprintf(expected, sizeof(expected), "SIG%s",
			 signal == SIGPOLL ? "IO" : sigabbrev_np(signal));
		assert_string_equal(signame((uint64_t)signal, scratch), expected);
	}
}

static void test_others(void **state)
{
	char scratch[SIGNAME_BYTES];

	assert_string_equal(signame(0, scratch), "SIG0");
	assert_string_equal(signame(32, scratch), "SIG32");
	assert_string_equal(signame(34, scratch), "SIGRTMIN");
	assert_string_equal(signame(37, scratch), "SIGRTMIN+3");
	assert_string_equal(signame(64, scratch), "SIGRTMIN+30");
	assert_string_equal(signame(65, scratch), "SIG65");
	assert_string_equal(signame(UINT64_MAX, scratch), "SIG18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_standard_ones),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
