/* The settings and the shared words, as the programs see them. Defined once, in settings.bpf.c. */
#pragma once

#include "proctrace/settings.h"

extern const volatile struct settings settings;
extern volatile struct control control;
