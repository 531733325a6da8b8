/*
 * hist: see hist.h. The index arithmetic is that of HdrHistogram, with 64 buckets a power of two.
 */
#include "shared/hist.h"

#include <math.h>
#include <string.h>

#define SUB (1u << HIST_SUB_BITS)
#define NS_PER_US_F 1000.0
#define SOUND_BEYOND 10.0
#define Z95 1.959964

static uint64_t get(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void put(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

static double get_squares(const struct hist *h)
{
	double value;

	__atomic_load(&h->squares, &value, __ATOMIC_RELAXED);
	return value;
}

uint64_t hist_bucket_low(unsigned bucket)
{
	if (bucket < 2 * SUB)
		return bucket;
	unsigned shift = (bucket >> HIST_SUB_BITS) - 1;

	if (bucket >= HIST_BUCKETS)
		return UINT64_MAX;
	return (uint64_t)(SUB + (bucket & (SUB - 1))) << shift;
}

static void widen(struct hist *h, uint64_t low1, uint64_t high)
{
	if (get(&h->low1) == 0 || low1 < get(&h->low1))
		put(&h->low1, low1);
	if (high > get(&h->high))
		put(&h->high, high);
}

void hist_stretch(struct hist *h, uint64_t value, unsigned bucket)
{
	/* The buckets first: one that dies in between leaves the bounds to whoever goes on. */
	widen(h, bucket + 1, bucket);
	if (get(&h->min1) == 0 || value + 1 < get(&h->min1))
		put(&h->min1, value + 1);
	if (value > get(&h->max))
		put(&h->max, value);
}

void hist_merge(struct hist *into, const struct hist *from)
{
	uint64_t low1 = get(&from->low1), high = get(&from->high), min1 = get(&from->min1), max = get(&from->max);

	if (low1 == 0)
		return;
	for (uint64_t i = low1 - 1; i <= high && i < HIST_BUCKETS; i++)
		into->buckets[i] += get(&from->buckets[i]);
	into->sum += get(&from->sum);
	into->squares += get_squares(from);
	if (min1 != 0 && (into->min1 == 0 || min1 < into->min1))
		into->min1 = min1;
	if (max > into->max)
		into->max = max;
	widen(into, low1, high);
	into->count += get(&from->count);
}

void hist_since(struct hist *out, const struct hist *now, const struct hist *before)
{
	memset(out, 0, sizeof *out);
	for (uint64_t i = now->low1 ? now->low1 - 1 : HIST_BUCKETS; i <= now->high && i < HIST_BUCKETS; i++) {
		uint64_t more = now->buckets[i] - before->buckets[i];

		if (more == 0)
			continue;
		out->buckets[i] = more;
		out->count += more;
		out->min1 = out->min1 ? out->min1 : hist_bucket_low((unsigned)i) + 1;
		out->max = hist_bucket_low((unsigned)i + 1) - 1;
		widen(out, i + 1, i);
	}
	out->sum = now->sum - before->sum;
	out->squares = now->squares - before->squares;
	if (out->count > 0 && out->max > now->max)
		out->max = now->max;
}

/* The value of that rank, 1 = smallest. */
static int64_t value_at(const struct hist *h, uint64_t rank)
{
	uint64_t seen = 0, value = h->max;

	if (h->count == 0)
		return 0;
	for (unsigned i = h->low1 ? (unsigned)h->low1 - 1 : 0; i <= h->high && i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen < rank)
			continue;
		uint64_t low = hist_bucket_low(i);

		value = low + (hist_bucket_low(i + 1) - low) / 2;
		break;
	}
	if (value > h->max)
		value = h->max;
	if (h->min1 != 0 && value < h->min1 - 1)
		value = h->min1 - 1;
	return (int64_t)value;
}

static uint64_t rank_of(const struct hist *h, double p)
{
	double rank = ceil((double)h->count * p / 100.0 - 1e-9);

	if (rank < 1)
		return 1;
	return rank > (double)h->count ? h->count : (uint64_t)rank;
}

int64_t hist_percentile(const struct hist *h, double p)
{
	return value_at(h, rank_of(h, p));
}

bool hist_sound(const struct hist *h, double p)
{
	return (double)h->count * (100.0 - p) / 100.0 >= SOUND_BEYOND - 1e-9;
}

void hist_interval(const struct hist *h, double p, int64_t *low, int64_t *high)
{
	double n = (double)h->count, q = p / 100.0, half = Z95 * sqrt(n * q * (1 - q));
	double first = floor(n * q - half), last = ceil(n * q + half) + 1;

	*low = value_at(h, first < 1 ? 1 : (uint64_t)first);
	*high = value_at(h, last > n ? h->count : (uint64_t)last);
}

int64_t hist_min(const struct hist *h)
{
	return h->min1 ? (int64_t)(h->min1 - 1) : 0;
}

int64_t hist_max(const struct hist *h)
{
	return (int64_t)h->max;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}

double hist_stddev(const struct hist *h)
{
	if (h->count == 0)
		return 0;
	double mean = hist_mean(h) / NS_PER_US_F, variance = h->squares / (double)h->count - mean * mean;

	return variance > 0 ? sqrt(variance) * NS_PER_US_F : 0;
}

/* --- at rest ---------------------------------------------------------------------------------------------------- */

static void put_varint(struct buf *out, uint64_t value)
{
	unsigned char bytes[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	buf_append(out, bytes, n);
}

static bool get_varint(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		unsigned char byte = *(*at)++;

		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) /* beyond 64 bits, or longer than need be */
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

#define PACK_VERSION 1

void hist_pack(const struct hist *h, struct buf *out)
{
	uint64_t squares, gap = 0;

	memcpy(&squares, &h->squares, sizeof squares);
	put_varint(out, PACK_VERSION);
	put_varint(out, HIST_SUB_BITS);
	put_varint(out, h->count);
	put_varint(out, h->sum);
	put_varint(out, squares);
	put_varint(out, h->min1);
	put_varint(out, h->max);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		gap++;
		if (h->buckets[i] == 0)
			continue;
		put_varint(out, gap);
		put_varint(out, h->buckets[i]);
		gap = 0;
	}
}

static bool unpack_buckets(struct hist *h, const unsigned char *at, const unsigned char *end)
{
	uint64_t bucket = 0, gap, n, total = 0;

	while (at < end) {
		if (!get_varint(&at, end, &gap) || !get_varint(&at, end, &n) || gap == 0 || n == 0)
			return false;
		bucket += gap; /* counted from 1 */
		if (gap > HIST_BUCKETS || bucket > HIST_BUCKETS)
			return false;
		h->buckets[bucket - 1] = n;
		if (__builtin_add_overflow(total, n, &total))
			return false;
		widen(h, bucket, bucket - 1);
	}
	return total == h->count;
}

/* Minimum and maximum lie in the lowest and the highest bucket with values; without values there is nothing. */
static bool bounds_fit(const struct hist *h)
{
	if (h->count == 0)
		return h->sum == 0 && h->squares == 0 && h->min1 == 0 && h->max == 0;
	return h->min1 > 0 && h->min1 - 1 <= h->max && h->max <= INT64_MAX && hist_bucket(h->min1 - 1) == h->low1 - 1 &&
	       hist_bucket(h->max) == h->high;
}

bool hist_unpack(struct hist *h, const void *bytes, size_t len)
{
	const unsigned char *at = bytes, *end = at + len;
	uint64_t version, sub, squares;

	memset(h, 0, sizeof *h);
	if (!get_varint(&at, end, &version) || version != PACK_VERSION || !get_varint(&at, end, &sub) ||
	        sub != HIST_SUB_BITS || !get_varint(&at, end, &h->count) || !get_varint(&at, end, &h->sum) ||
	        !get_varint(&at, end, &squares) || !get_varint(&at, end, &h->min1) || !get_varint(&at, end, &h->max))
		return false;
	memcpy(&h->squares, &squares, sizeof squares);
	return isfinite(h->squares) && h->squares >= 0 && unpack_buckets(h, at, end) && bounds_fit(h);
}
