/* Copies of facts that outlive the call in which a fact was lent. */
#pragma once

#include <stddef.h>

#include "model/fact.h"

/* fact_texts_bytes - of all the texts that `fact` borrows. */
size_t fact_texts_bytes(const struct fact *fact);

/*
 * fact_copy - `fact`, its texts moved into the caller's `texts`, which has room for fact_texts_bytes().
 * The copy borrows from there and is good as long as that memory is.
 */
void fact_copy(const struct fact *fact, struct fact *ret_copy, char *texts);
