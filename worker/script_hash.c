/*
 * script_hash: FNV-1a and MurmurHash2 (64 bit) of one number, and a permutation of 0 .. size-1 that a seed chooses.
 * They must yield pgbench's numbers: scripts use them to spread keys, and data made with one program is read with the
 * other. Only script_function.c calls it.
 */
#include "worker/script_function.h"

int64_t script_hash_fnv1a(int64_t value, int64_t seed)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)seed, rest = (uint64_t)value;

	for (int byte = 0; byte < 8; byte++) {
		hash = (hash ^ (rest & 0xff)) * UINT64_C(0x100000001b3);
		rest >>= 8;
	}
	return (int64_t)hash;
}

int64_t script_hash_murmur2(int64_t value, int64_t seed)
{
	const uint64_t factor = UINT64_C(0xc6a4a7935bd1e995);
	uint64_t block = (uint64_t)value * factor;
	uint64_t hash = (uint64_t)seed ^ (8 * factor);

	block = (block ^ (block >> 47)) * factor;
	hash = (hash ^ block) * factor;
	hash = (hash ^ (hash >> 47)) * factor;
	return (int64_t)(hash ^ (hash >> 47));
}

/* xoroshiro128**, seeded through splitmix64. */
struct generator {
	uint64_t low, high;
};

static uint64_t splitmix(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = *state;

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t next(struct generator *g)
{
	uint64_t result = rotate(g->low * 5, 7) * 9, mixed = g->low ^ g->high;

	g->low = rotate(g->low, 24) ^ mixed ^ (mixed << 16);
	g->high = rotate(mixed, 37);
	return result;
}

static int highest_bit(uint64_t x)
{
	return 63 - __builtin_clzll(x);
}

/* 0 .. most: as many of the upper bits as it takes, again and again until they fit. */
static uint64_t next_up_to(struct generator *g, uint64_t most)
{
	uint64_t x;

	if (most == 0)
		return 0;
	do
		x = next(g) >> (63 - highest_bit(most));
	while (x > most);
	return x;
}

/* A bijection of 0 .. mask (a power of two less one): odd factor, exclusive or, rotation by one bit. */
static uint64_t scramble(uint64_t x, uint64_t mask, int bits, uint64_t factor, uint64_t flip)
{
	x = (x * factor ^ flip) & mask;
	return ((x << 1) & mask) | x >> (bits - 1);
}

int64_t script_permute(int64_t value, int64_t size, int64_t seed)
{
	if (size < 2)
		return 0;
	struct generator g;
	uint64_t state = (uint64_t)seed, n = (uint64_t)size, x = (uint64_t)value % n;
	int bits = highest_bit(n);
	uint64_t mask = (UINT64_C(1) << bits) - 1;

	g.low = splitmix(&state);
	g.high = splitmix(&state);
	/* As size is rarely a power of two, each round scrambles the lower part and then the upper one, which overlap.
	 */
	for (int round = 0; round < 6; round++) {
		uint64_t factor = (next(&g) & mask) | 1, flip = next(&g) & mask;

		if (x <= mask)
			x = scramble(x, mask, bits, factor, flip);
		factor = (next(&g) & mask) | 1;
		flip = next(&g) & mask;
		uint64_t mirrored = n - 1 - x;

		if (mirrored <= mask)
			x = n - 1 - scramble(mirrored, mask, bits, factor, flip);
		x = (x + next_up_to(&g, n - 1)) % n;
	}
	return (int64_t)x;
}
