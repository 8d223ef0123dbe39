/* Signals by name. */
#pragma once

#include <stdint.h>

#define SIGNAME_BYTES 24

/*
 * signame - "SIGKILL"; real-time ones as "SIGRTMIN+3", counted from 34 as programs see them (32 and
 * 33 are the C library's own, signal(7)); "SIG99" for what has no name. The text lies in `scratch`
 * or is static.
 */
const char *signame(uint64_t signal, char scratch[SIGNAME_BYTES]);
