#include "base/signame.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/decimal.h"

#define REALTIME_FIRST 34
#define REALTIME_LAST  64

#define NAMED(signal) [signal] = #signal
static const char *const names[] = {
	NAMED(SIGHUP),	  NAMED(SIGINT),   NAMED(SIGQUIT), NAMED(SIGILL),  NAMED(SIGTRAP),
	NAMED(SIGABRT),	  NAMED(SIGBUS),   NAMED(SIGFPE),  NAMED(SIGKILL), NAMED(SIGUSR1),
	NAMED(SIGSEGV),	  NAMED(SIGUSR2),  NAMED(SIGPIPE), NAMED(SIGALRM), NAMED(SIGTERM),
	NAMED(SIGCHLD),	  NAMED(SIGCONT),  NAMED(SIGSTOP), NAMED(SIGTSTP), NAMED(SIGTTIN),
	NAMED(SIGTTOU),	  NAMED(SIGURG),   NAMED(SIGXCPU), NAMED(SIGXFSZ), NAMED(SIGVTALRM),
	NAMED(SIGPROF),	  NAMED(SIGWINCH), NAMED(SIGIO),   NAMED(SIGPWR),  NAMED(SIGSYS),
#ifdef SIGSTKFLT
	NAMED(SIGSTKFLT),
#endif
};

static const char *numbered(char scratch[SIGNAME_BYTES], const char *prefix, uint64_t n)
{
	size_t len = strlen(prefix);

	memcpy(scratch, prefix, len);
	scratch[len + decimal_write(scratch + len, n)] = '\0';
	return scratch;
}

const char *signame(uint64_t signal, char scratch[SIGNAME_BYTES])
{
	if (signal < sizeof(names) / sizeof(names[0]) && names[signal])
		return names[signal];
	if (signal == REALTIME_FIRST)
		return "SIGRTMIN";
	if (signal > REALTIME_FIRST && signal <= REALTIME_LAST)
		return numbered(scratch, "SIGRTMIN+", signal - REALTIME_FIRST);
	return numbered(scratch, "SIG", signal);
}
