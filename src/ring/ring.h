/*
 * The reader's end of the BPF ring: hands on each record and counts. Never looks inside one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Takes one record; its memory is lent for the call. */
typedef void (*ring_take)(void *context, const void *data, size_t size);

/* ring_new - maps the ring behind `map_fd`. 0 or -errno. */
int ring_new(int map_fd, ring_take take, void *context, struct ring **ret_ring);
void ring_free(struct ring *ring);

/*
 * ring_consume - hands on at most `records_max` records and gives their room back. Returns how many,
 * or -errno. Fewer than asked for: the ring was empty at some instant of the call.
 */
long ring_consume(struct ring *ring, long records_max);
