// SPDX-License-Identifier: MIT
/*
 * Kernels of the product, built with NMC_PRODUCT naming the table of functions it defines. Sums are exact in int32
 * (at most 384 rows of 32767 x 127), conversions exact in double: at most 33 + 16 bits before rounding.
 */
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#include "card/cell/normal.h"
#include "card/tile/product.h"

/* Sums of GROUP vectors and STRIPES registers of columns stay in registers while the matrix passes by once. */
#if defined(__AVX512VNNI__)
#define GROUP	6
typedef __m512i lane;
typedef __m512 lane_float;
#define LANES	16
#define LANE(op)	_mm512_##op
#define lane_quarters(a, b) _mm512_broadcast_i32x4(_mm_set_epi64x(b, a))
#define lane_load(p)	_mm512_loadu_si512(p)
#define lane_store(p, v) _mm512_storeu_si512(p, v)
#define lane_zero()	_mm512_setzero_si512()
#define lane_dot(a, w, x) _mm512_dpwssd_epi32(a, w, x)
#define lane_widen(p)	_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(p)))
#elif defined(__AVX2__)
#define GROUP	2
typedef __m256i lane;
typedef __m256 lane_float;
#define LANES	8
#define LANE(op)	_mm256_##op
#define lane_quarters(a, b) _mm256_broadcastsi128_si256(_mm_set_epi64x(b, a))
#define lane_load(p)	_mm256_loadu_si256((const void *)(p))
#define lane_store(p, v) _mm256_storeu_si256((void *)(p), v)
#define lane_zero()	_mm256_setzero_si256()
#define lane_dot(a, w, x) _mm256_add_epi32(a, _mm256_madd_epi16(w, x))
#define lane_widen(p)	_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(p)))
#endif

#if defined(__AVX2__)
#define STRIPES	4

_Static_assert(PRODUCT_BLOCK % (STRIPES * LANES) == 0, "a block of columns is whole stripes");

static inline int32_t pair_at(const int16_t *x)
{
	int32_t pair;

	memcpy(&pair, x, 4);
	return pair;
}

/* The columns of STRIPES registers for @group vectors; @group is a constant where it is inlined. */
static inline __attribute__((always_inline)) void block_sum(int32_t *acc, const int16_t *w, unsigned int cols,
							    const int16_t *x, unsigned int pairs, unsigned int group)
{
	lane sum[GROUP * STRIPES];
	unsigned int p, v, s;

	for (v = 0; v < group; v++)
		for (s = 0; s < STRIPES; s++)
			sum[v * STRIPES + s] = lane_zero();
	for (p = 0; p < pairs; p++) {
		const int16_t *row = w + (size_t)p * cols * 2;

		for (v = 0; v < group; v++) {
			lane pair = LANE(set1_epi32)(pair_at(x + ((size_t)v * PRODUCT_PAIRS + p) * 2));

			for (s = 0; s < STRIPES; s++)
				sum[v * STRIPES + s] = lane_dot(sum[v * STRIPES + s], lane_load(row + s * LANES * 2), pair);
		}
	}
	for (v = 0; v < group; v++)
		for (s = 0; s < STRIPES; s++)
			lane_store(acc + (size_t)v * PRODUCT_COLS + s * LANES, sum[v * STRIPES + s]);
}

static void product_sum(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int first, unsigned int count,
			const int16_t *x, unsigned int pairs, unsigned int vectors)
{
	unsigned int block, v;

	for (block = 0; block < count; block += STRIPES * LANES) {
		const int16_t *part = w + (size_t)(first + block) * 2;

		for (v = 0; v + GROUP <= vectors; v += GROUP)
			block_sum(acc + (size_t)v * PRODUCT_COLS + block, part, cols,
				  x + (size_t)v * PRODUCT_PAIRS * 2, pairs, GROUP);
		for (; v < vectors; v++)
			block_sum(acc + (size_t)v * PRODUCT_COLS + block, part, cols,
				  x + (size_t)v * PRODUCT_PAIRS * 2, pairs, 1);
	}
}
#else
static void product_sum(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int first, unsigned int count,
			const int16_t *x, unsigned int pairs, unsigned int vectors)
{
	unsigned int v, p, c;

	for (v = 0; v < vectors; v++) {
		int32_t *a = acc + (size_t)v * PRODUCT_COLS;

		memset(a, 0, count * sizeof(*a));
		for (p = 0; p < pairs; p++) {
			const int16_t *row = w + ((size_t)p * cols + first) * 2;
			int32_t x0 = x[((size_t)v * PRODUCT_PAIRS + p) * 2];
			int32_t x1 = x[((size_t)v * PRODUCT_PAIRS + p) * 2 + 1];

			if (!x0 && !x1)
				continue;
			for (c = 0; c < count; c++)
				a[c] += row[2 * c] * x0 + row[2 * c + 1] * x1;
		}
	}
}
#endif

/* Row pairs that are summed side by side, columns of them a register at a time; back_lanes() returns how many columns are done. */
#define BACK	4
#if defined(__AVX2__)
static inline int32_t lane_total(lane x)
{
	int32_t part[LANES], total = 0;
	unsigned int i;

	lane_store(part, x);
	for (i = 0; i < LANES; i++)
		total += part[i];
	return total;
}

/* One register of codes meets @pairs rows of pairs; @pairs is a constant where it is inlined. */
static inline __attribute__((always_inline)) unsigned int back_lanes(int32_t *acc, const int16_t *w, unsigned int cols,
								     unsigned int count, const int16_t *code, unsigned int pairs)
{
	lane sum[2 * BACK];
	unsigned int c, p;

	for (p = 0; p < 2 * pairs; p++)
		sum[p] = lane_zero();
	for (c = 0; c + LANES <= count; c += LANES) {
		lane low = lane_widen(code + c), high = LANE(slli_epi32)(low, 16);

		for (p = 0; p < pairs; p++) {
			lane both = lane_load(w + ((size_t)p * cols + c) * 2);

			sum[2 * p] = lane_dot(sum[2 * p], both, low);
			sum[2 * p + 1] = lane_dot(sum[2 * p + 1], both, high);
		}
	}
	for (p = 0; p < 2 * pairs; p++)
		acc[p] = lane_total(sum[p]);
	return c;
}
#else
static inline unsigned int back_lanes(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int count, const int16_t *code,
				      unsigned int pairs)
{
	(void)w;
	(void)cols;
	(void)count;
	(void)code;
	memset(acc, 0, 2 * pairs * sizeof(*acc));
	return 0;
}
#endif

static inline __attribute__((always_inline)) void back_pairs(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int count,
							     const int16_t *code, unsigned int pairs)
{
	unsigned int c = back_lanes(acc, w, cols, count, code, pairs), p;

	for (; c < count; c++)
		for (p = 0; p < 2 * pairs; p++)
			acc[p] += w[((size_t)(p / 2) * cols + c) * 2 + p % 2] * code[c];
}

static void product_back(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int count, const int16_t *x, unsigned int pairs,
			 unsigned int vectors)
{
	unsigned int p, v;

	for (v = 0; v < vectors; v++) {
		const int16_t *code = x + (size_t)v * PRODUCT_COLS;
		int32_t *sum = acc + (size_t)v * PRODUCT_COLS;

		for (p = 0; p + BACK <= pairs; p += BACK)
			back_pairs(sum + 2 * p, w + (size_t)p * cols * 2, cols, count, code, BACK);
		for (; p < pairs; p++)
			back_pairs(sum + 2 * p, w + (size_t)p * cols * 2, cols, count, code, 1);
	}
}

/* Where the codes go of rows from @first on; the other halves of the outer pairs are zero. */
static int16_t *pack_rows(int16_t *x, unsigned int first, unsigned int rows)
{
	unsigned int before = first & 1;

	if (before)
		x[0] = 0;
	if ((before + rows) & 1)
		x[before + rows] = 0;
	return x + before;
}

static void product_pack(int16_t *x, const int8_t *restrict in, unsigned int first, unsigned int rows)
{
	int16_t *restrict to = pack_rows(x, first, rows);
	unsigned int i;

	for (i = 0; i < rows; i++)
		to[i] = in[i];
}

static unsigned int product_square(int16_t *x, const int8_t *restrict in, unsigned int first, unsigned int rows)
{
	int16_t *restrict to = pack_rows(x, first, rows);
	unsigned int shift = 0, i;
	int16_t peak = 0;
	uint16_t half;

	for (i = 0; i < rows; i++) {
		to[i] = (int16_t)(in[i] * in[i]);
		peak = to[i] > peak ? to[i] : peak;
	}
	while (peak >> shift > PRODUCT_SQUARE)
		shift++;
	half = (uint16_t)((1u << shift) / 2);
	for (i = 0; shift && i < rows; i++) {
		uint16_t square = (uint16_t)to[i], odd = square >> shift & 1;

		to[i] = (int16_t)((uint16_t)(square + half - 1u + odd) >> shift);
	}
	return shift;
}

/* Nearest integer, ties to even, of any x; limited so that the largest sum of rows stays below 2^31 with it. */
static inline __attribute__((always_inline)) int32_t noise_code(float x)
{
	const float most = 5e8f, whole = 0x1p23f;
	float y = x > most ? most : x < -most ? -most : x;
	float size = y < 0.0f ? -y : y;
	float near = (size + whole) - whole;

	near = size < whole ? near : size;
	return (int32_t)(y < 0.0f ? -near : near);
}

/* The sum, limited to 32 bits: 512 columns of one sign, driven backwards, leave no room for much noise. */
static inline __attribute__((always_inline)) int32_t add_limited(int32_t a, int32_t b)
{
	uint32_t sum = (uint32_t)a + (uint32_t)b, limit = (uint32_t)(a >> 31) ^ 0x7fffffff;
	uint32_t over = (uint32_t)((int32_t)(~((uint32_t)a ^ (uint32_t)b) & ((uint32_t)a ^ sum)) >> 31);

	return (int32_t)((sum & ~over) | (limit & over));
}

static void product_noise(int32_t *acc, const int32_t *var, float unit, unsigned int first, unsigned int n,
			  const struct philox_stream *s, unsigned int draw)
{
	unsigned int skip = first & 3, blocks = (skip + n + 3) / 4;
	float z[PRODUCT_COLS + 8];
	unsigned int i;

	for (i = 0; i < blocks; i++) {
		uint32_t r[4];

		philox_draw(s, (first / 4 + i) | draw << PHILOX_DRAW_SHIFT, r);
		z[4 * i] = gauss(r[0]);
		z[4 * i + 1] = gauss(r[1]);
		z[4 * i + 2] = gauss(r[2]);
		z[4 * i + 3] = gauss(r[3]);
	}
	for (i = 0; i < n; i++) {
		float sigma = __builtin_sqrtf((float)var[i] * unit);

		acc[i] = add_limited(acc[i], noise_code(sigma * z[skip + i]));
	}
}

static inline int32_t even_of(uint32_t pair)
{
	return (int32_t)(pair << 16) >> 16;
}

static inline int32_t odd_of(uint32_t pair)
{
	return (int32_t)pair >> 16;
}

static void product_widen(struct product_pair *restrict to, const uint32_t *restrict g, const uint32_t *restrict sigma, float unit,
			  unsigned int cols)
{
	unsigned int i;

	for (i = 0; i < cols; i++) {
		to->even[i] = (float)even_of(g[i]);
		to->odd[i] = (float)odd_of(g[i]);
		to->even_sigma[i] = (float)even_of(sigma[i]) * unit;
		to->odd_sigma[i] = (float)odd_of(sigma[i]) * unit;
	}
}

/* A cell drawn anew: its code is cut off at zero. */
static inline __attribute__((always_inline)) int32_t drawn(float g, float sigma, float z)
{
	float y = g + sigma * z;

	y = y < 0.0f ? 0.0f : y;
	y = y > 32767.0f ? 32767.0f : y;
	return (int32_t)round_half_evenf(y);
}

/*
 * Compilers make branches of the limits of drawn(), for which reason whole registers of cells are drawn by hand. Returns how many
 * columns are done.
 */
#if defined(__AVX2__)
static inline lane lane_drawn(const float *g, const float *sigma, const float *z)
{
	return LANE(cvtps_epi32)(LANE(add_ps)(LANE(loadu_ps)(g), LANE(mul_ps)(LANE(loadu_ps)(sigma), LANE(loadu_ps)(z))));
}

/* Pairs of both, which packing limits to 16 bits and is not in the order of pairs. */
static inline lane lane_paired(lane low, lane high)
{
	const lane order = lane_quarters(0x0b0a030209080100, 0x0f0e07060d0c0504);
	lane pair = LANE(shuffle_epi8)(LANE(packs_epi32)(low, high), order);

	return LANE(max_epi16)(pair, lane_zero());
}

static inline unsigned int noisy_lanes(int32_t *acc, const struct product_pair *w, unsigned int cols, const int16_t *x,
				       const float *even, const float *odd)
{
	const lane codes = LANE(set1_epi32)(pair_at(x));
	unsigned int i;

	for (i = 0; i + LANES <= cols; i += LANES) {
		lane low = lane_drawn(w->even + i, w->even_sigma + i, even + i);
		lane high = lane_drawn(w->odd + i, w->odd_sigma + i, odd + i);

		lane_store(acc + i, lane_dot(lane_load(acc + i), lane_paired(low, high), codes));
	}
	return i;
}
#else
static inline unsigned int noisy_lanes(int32_t *acc, const struct product_pair *w, unsigned int cols, const int16_t *x,
				       const float *even, const float *odd)
{
	(void)acc;
	(void)w;
	(void)cols;
	(void)x;
	(void)even;
	(void)odd;
	return 0;
}
#endif

static void product_cells(int32_t *restrict acc, const struct product_pair *restrict w, unsigned int cols, const int16_t *x,
			  const struct philox_stream *s, uint32_t cell, unsigned int pitch)
{
	float room[2][PRODUCT_COLS + 2 * NORMAL_BLOCK];
	const float *even = normal_cells(s, cell, cols, 0, room[0]);
	const float *odd = normal_cells(s, cell + pitch, cols, 0, room[1]);
	unsigned int i = noisy_lanes(acc, w, cols, x, even, odd);

	for (; i < cols; i++)
		acc[i] += drawn(w->even[i], w->even_sigma[i], even[i]) * x[0] + drawn(w->odd[i], w->odd_sigma[i], odd[i]) * x[1];
}

static inline int32_t code_of(float g)
{
	float x = g < 0.0f ? 0.0f : g;

	x = x > 32767.0f ? 32767.0f : x;
	return (int32_t)round_half_evenf(x);
}

/* Two rows of a pair side by side. */
static inline uint32_t pair_of(int32_t even, int32_t odd)
{
	return ((uint32_t)even & 0xffff) | (uint32_t)odd << 16;
}

static void product_encode(uint32_t *restrict to, const float *restrict even, const float *restrict odd, unsigned int cols)
{
	unsigned int i;

	for (i = 0; i < cols; i++)
		to[i] = pair_of(code_of(even[i]), code_of(odd[i]));
}

/*
 * Differences of neighbours, which compilers make of strided loads: instead each pair of codes is taken as 64 bits, of which
 * the upper half is subtracted from the lower one, or as one multiplied by 1 and one by -1. Returns how many are done.
 */
#if defined(__AVX512F__)
static inline __m512i difference_of(const float *g)
{
	__m512 x = _mm512_max_ps(_mm512_min_ps(_mm512_loadu_ps(g), _mm512_set1_ps(32767.0f)), _mm512_setzero_ps());
	__m512i code = _mm512_cvtps_epi32(x);

	return _mm512_sub_epi32(code, _mm512_srli_epi64(code, 32));
}

static inline unsigned int encode_blocks(uint32_t *to, const float *even, const float *odd, unsigned int outputs)
{
	unsigned int i;

	for (i = 0; i + 8 <= outputs; i += 8) {
		__m512i low = _mm512_and_si512(difference_of(even + 2 * i), _mm512_set1_epi32(0xffff));
		__m512i high = _mm512_slli_epi32(difference_of(odd + 2 * i), 16);

		_mm256_storeu_si256((__m256i *)(to + i), _mm512_cvtepi64_epi32(_mm512_or_si512(low, high)));
	}
	return i;
}
#elif defined(__AVX2__)
static inline __m256i codes_of(const float *g)
{
	return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(_mm256_loadu_ps(g), _mm256_set1_ps(32767.0f)),
						_mm256_setzero_ps()));
}

/* Differences of four pairs of each row: two of the one and two of the other in each half. */
static inline __m256i differences_of(const float *even, const float *odd)
{
	return _mm256_madd_epi16(_mm256_packs_epi32(codes_of(even), codes_of(odd)), _mm256_set1_epi32(0xffff0001));
}

static inline unsigned int encode_blocks(uint32_t *to, const float *even, const float *odd, unsigned int outputs)
{
	const __m256i rows = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
					      0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
	unsigned int i;

	for (i = 0; i + 8 <= outputs; i += 8) {
		__m256i x = _mm256_packs_epi32(differences_of(even + 2 * i, odd + 2 * i),
					       differences_of(even + 2 * i + 8, odd + 2 * i + 8));

		x = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(x, rows), _MM_SHUFFLE(3, 1, 2, 0));
		_mm256_storeu_si256((__m256i *)(to + i), x);
	}
	return i;
}
#else
static inline unsigned int encode_blocks(uint32_t *to, const float *even, const float *odd, unsigned int outputs)
{
	(void)to;
	(void)even;
	(void)odd;
	(void)outputs;
	return 0;
}
#endif

static void product_encode_pairs(uint32_t *restrict to, const float *restrict even, const float *restrict odd,
				 unsigned int outputs)
{
	unsigned int i = encode_blocks(to, even, odd, outputs);

	for (; i < outputs; i++)
		to[i] = pair_of(code_of(even[2 * i]) - code_of(even[2 * i + 1]),
				code_of(odd[2 * i]) - code_of(odd[2 * i + 1]));
}

static inline int32_t weight_of(float var)
{
	const float most = (float)(PRODUCT_VAR / 2);	/* of one cell */

	return (int32_t)round_half_evenf(var > most ? most : var);
}

static void product_weigh(uint32_t *restrict to, const float *restrict even, const float *restrict odd, unsigned int cols,
			  float per_unit)
{
	unsigned int i;

	for (i = 0; i < cols; i++)
		to[i] = pair_of(weight_of(even[i] * per_unit), weight_of(odd[i] * per_unit));
}

static void product_weigh_pairs(uint32_t *restrict to, const float *restrict even, const float *restrict odd,
				unsigned int outputs, float per_unit)
{
	unsigned int i;

	for (i = 0; i < outputs; i++)
		to[i] = pair_of(weight_of(even[2 * i] * per_unit) + weight_of(even[2 * i + 1] * per_unit),
				weight_of(odd[2 * i] * per_unit) + weight_of(odd[2 * i + 1] * per_unit));
}

static inline __attribute__((always_inline)) uint64_t convert(double *restrict code, const int32_t *restrict acc,
							      const struct product_convert *restrict c, bool bent)
{
	const double limit = c->limit;
	const unsigned int n = c->cols;
	uint64_t clips = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		double x = round_half_even(product_level(c, acc, i, bent));
		double y = x > limit ? limit : x;

		y = y < -limit ? -limit : y;
		code[i] = y;
		clips += x != y ? 1u : 0u;
	}
	return clips;
}

static uint64_t product_convert(double *code, const int32_t *acc, const struct product_convert *c)
{
	return c->bent ? convert(code, acc, c, true) : convert(code, acc, c, false);
}

static inline __attribute__((always_inline)) uint64_t scale(int32_t *restrict out, const double *restrict code,
							    const double *restrict factor, unsigned int n, bool accumulate)
{
	const double most = 2147483647.0, least = -2147483648.0;
	uint64_t beyond = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		double x = round_half_even(code[i] * factor[i]) + (accumulate ? (double)out[i] : 0.0);
		double y = x > most ? most : x;

		y = y < least ? least : y;
		out[i] = (int32_t)y;
		beyond += x != y ? 1u : 0u;
	}
	return beyond;
}

static uint64_t product_scale(int32_t *out, const double *code, const struct product_convert *c, bool accumulate)
{
	return accumulate ? scale(out, code, c->scale, c->cols, true) : scale(out, code, c->scale, c->cols, false);
}

const struct product_ops NMC_PRODUCT = {
	.sum = product_sum,
	.back = product_back,
	.pack = product_pack,
	.square = product_square,
	.noise = product_noise,
	.widen = product_widen,
	.cells = product_cells,
	.encode = product_encode,
	.encode_pairs = product_encode_pairs,
	.weigh = product_weigh,
	.weigh_pairs = product_weigh_pairs,
	.convert = product_convert,
	.scale = product_scale,
};
