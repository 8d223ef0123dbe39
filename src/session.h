/*
 * One run of the tracer: start, loop, stop, in that order and in one place.
 */
#pragma once

#include "options.h"

/*
 * session_run - traces as `options` say until a signal, the duration or COMMAND ends it. Returns an
 * enum exit_code or COMMAND's; where COMMAND died by a signal, so does this process.
 */
int session_run(const struct options *options);
