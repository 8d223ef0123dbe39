/* What the doctor sees by looking around: kernel, privileges, what is mounted. Changes nothing. */
#pragma once

#include <stdint.h>

#include "cmd/doctor_report.h"

/* doctor_machine - the items of DOCTOR_MACHINE; ring_bytes: the one that tracing would use. */
void doctor_machine(struct doctor_report *report, uint64_t ring_bytes);
