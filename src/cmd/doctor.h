/* proctrace doctor: what this kernel and these privileges allow, and a self-test. */
#pragma once

#include "options.h"

/*
 * doctor_run - looks, lives, tells on stdout: text, or one JSON object. EXIT_OK only where all is well;
 * EXIT_RUNTIME where the tracer told its own lives wrong or could not be tried; EXIT_REFUSED where this
 * machine does not allow it.
 */
int doctor_run(const struct options *options);
