/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <sim/chance.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* FNV-1a, with the end of each text counted, so that "a" "bc" and "ab" "c" are two purposes. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
    } while (*text++ != '\0');
    return hash;
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void chance_init(struct chance *chance, uint64_t seed, const char *kind, const char *name)
{
    uint64_t start = splitmix(&seed) ^ mix_text(mix_text(FNV_OFFSET, kind), name);
    for (int i = 0; i < 4; i++)
        chance->state[i] = splitmix(&start);
    chance->spare = 0;
    chance->has_spare = 0;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t chance_bits(struct chance *chance)
{
    uint64_t *s = chance->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double chance_uniform(struct chance *chance)
{
    return (double)(chance_bits(chance) >> 11) * 0x1p-53;
}

double chance_exp(struct chance *chance)
{
    return -log1p(-chance_uniform(chance));
}

/* Marsaglia's polar method: no sine, whose last bits differ between libraries more than sqrt's. */
double chance_normal(struct chance *chance)
{
    double u, v, square;
    if (chance->has_spare) {
        chance->has_spare = 0;
        return chance->spare;
    }
    do {
        u = 2 * chance_uniform(chance) - 1;
        v = 2 * chance_uniform(chance) - 1;
        square = u * u + v * v;
    } while (square >= 1 || square <= 0);
    double scale = sqrt(-2 * log(square) / square);
    chance->spare = v * scale;
    chance->has_spare = 1;
    return u * scale;
}
