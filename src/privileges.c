#include "privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

#ifdef HAVE_LIBCAP_NG

#include <cap-ng.h>
#include <linux/capability.h>

int privileges_drop(void)
{
	static const unsigned kept[] = {CAP_BPF,	  CAP_PERFMON,
					CAP_SYS_PTRACE,	  CAP_DAC_READ_SEARCH,
					CAP_DAC_OVERRIDE, CAP_CHOWN};
	bool have[sizeof(kept) / sizeof(*kept)];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EPERM;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (have[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

#else

int privileges_drop(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : -ENOTSUP;
}

#endif
