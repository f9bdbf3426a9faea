/* SPDX-License-Identifier: Apache-2.0 */
#include <host/publish.h>
#include <string.h>

void publish_init(struct publish *publish)
{
    struct gn_state none = {.size = sizeof none, .stratum = 16, .leap = GN_LEAP_UNSYNCHRONISED};
    atomic_init(&publish->sequence, 0);
    for (size_t i = 0; i < PUBLISH_WORDS; i++)
        atomic_init(&publish->words[i], 0);
    publish_write(publish, &none);
}

void publish_write(struct publish *publish, const struct gn_state *state)
{
    uint64_t words[PUBLISH_WORDS] = {0};
    unsigned sequence = atomic_load_explicit(&publish->sequence, memory_order_relaxed);
    memcpy(words, state, sizeof *state);
    atomic_store_explicit(&publish->sequence, sequence + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < PUBLISH_WORDS; i++)
        atomic_store_explicit(&publish->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&publish->sequence, sequence + 2, memory_order_release);
}

void publish_read(struct publish *publish, struct gn_state *state)
{
    uint64_t words[PUBLISH_WORDS];
    unsigned before, after;
    do {
        before = atomic_load_explicit(&publish->sequence, memory_order_acquire);
        for (size_t i = 0; i < PUBLISH_WORDS; i++)
            words[i] = atomic_load_explicit(&publish->words[i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&publish->sequence, memory_order_relaxed);
    } while (before != after || (before & 1) != 0);
    memcpy(state, words, sizeof *state);
}
