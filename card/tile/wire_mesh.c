// SPDX-License-Identifier: MIT
/*
 * Star-mesh elimination, built with NMC_WIRE naming the table of functions it defines. Taking
 * node k out of a mesh puts g_ak g_kb / sum_c g_kc between each two others a and b. For any one
 * element the order of additions is that of the eliminated nodes, whatever the width of a vector
 * and the size of a tile, so every build gives the same bits.
 */
#include <string.h>
#include "card/tile/wire.h"

#if defined(__AVX512F__)
#define LANES	8
#define HIGH	8
#elif defined(__AVX2__)
#define LANES	4
#define HIGH	4
#else
#define LANES	2
#define HIGH	4
#endif
#define ALIGN	16	/* columns where tiles begin, in every build */
#define SUMS	8	/* partial sums of a row, in every build */

_Static_assert(WIRE_BLOCK + HIGH <= WIRE_SPARE && ALIGN % (2 * LANES) == 0, "tiles stay within the mesh");

typedef double lane __attribute__((vector_size(LANES * sizeof(double)), may_alias));

/* Sum of a row from an aligned column on: the order of additions is fixed here, not by the vector width. */
static double row_sum(const double *row, size_t from, size_t to)
{
	double s[SUMS] = { 0 };
	size_t j;
	unsigned int l;

	for (j = from; j < to; j += SUMS)
		for (l = 0; l < SUMS; l++)
			s[l] += row[j + l];
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/*
 * Nodes [first, last) one after another, within their own rows; @fraction gets g_kb / sum_c
 * g_kc. What stands left of the diagonal of row k is cleared as far as tiles reach, so that it
 * adds nothing.
 */
static void block_rows(double *g, double *fraction, unsigned int first, unsigned int last, size_t stride)
{
	unsigned int k, i;
	size_t j;

	for (k = first; k < last; k++) {
		double *row = g + k * stride, *f = fraction + (k - first) * stride;
		size_t from = k & ~(ALIGN - 1u);
		double reciprocal;

		memset(row + from, 0, (k + 1 - from) * sizeof(*row));
		reciprocal = 1.0 / row_sum(row, from, stride);
		for (j = from; j < stride; j++)
			f[j] = row[j] * reciprocal;
		for (i = k + 1; i < last; i++) {
			double *to = g + i * stride, share = f[i];

			for (j = i & ~(ALIGN - 1u); j < stride; j++)
				to[j] += share * row[j];
		}
	}
}

/* HIGH rows by two vectors of the rest of the mesh: to[r][j] += sum_k fraction[k][r] row[k][j], k ascending. */
static inline void tile_add(double *to, const double *fraction, const double *row, unsigned int nodes,
			    size_t stride)
{
	lane sum[HIGH][2];
	unsigned int r, k;

	for (r = 0; r < HIGH; r++) {
		sum[r][0] = *(const lane *)(to + r * stride);
		sum[r][1] = *(const lane *)(to + r * stride + LANES);
	}
	for (k = 0; k < nodes; k++) {
		lane x = *(const lane *)row, y = *(const lane *)(row + LANES);

		for (r = 0; r < HIGH; r++) {
			sum[r][0] += fraction[r] * x;
			sum[r][1] += fraction[r] * y;
		}
		fraction += stride;
		row += stride;
	}
	for (r = 0; r < HIGH; r++) {
		*(lane *)(to + r * stride) = sum[r][0];
		*(lane *)(to + r * stride + LANES) = sum[r][1];
	}
}

static void mesh_eliminate(double *g, unsigned int n, unsigned int p, size_t stride)
{
	double *fraction = g + (n + WIRE_SPARE - WIRE_BLOCK) * stride;
	unsigned int first, last, i;
	size_t j;

	for (first = 0; first < p; first = last) {
		last = p - first < WIRE_BLOCK ? p : first + WIRE_BLOCK;
		block_rows(g, fraction, first, last, stride);
		for (i = last; i < n; i += HIGH)
			for (j = i & ~(ALIGN - 1u); j < n; j += 2 * LANES)
				tile_add(g + i * stride + j, fraction + i, g + first * stride + j, last - first,
					 stride);
	}
}

const struct wire_ops NMC_WIRE = {
	.eliminate = mesh_eliminate,
};
