/* The self-test: a few known lives under a tracer of their own, this very program as a user would start it. */
#pragma once

#include "base/buffer.h"
#include "cmd/doctor_check.h"
#include "options.h"

/*
 * doctor_live - lives them. What the tracer told in `ret_lines`, who they were in `ret_pids`. 0; else
 * EXIT_RUNTIME or how the tracer ended, and why in `ret_error`.
 */
int doctor_live(const struct options *options, struct buffer *ret_lines,
		pid_t ret_pids[DOCTOR_LIVES_CNT], char *ret_error, size_t size);
