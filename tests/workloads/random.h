/* Random trees of lives, reproducible from a seed; the ledger of each is its truth. */
#pragma once

/* random_live - "random:SEED:LIVES". False: not such a name. */
bool random_live(const char *name);

/* random_is_name - whether random_live() would live it. */
bool random_is_name(const char *name);
