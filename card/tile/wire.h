/* SPDX-License-Identifier: MIT */
/*
 * Wire resistance of a crossbar (IR drop): the resistive network of cells and wires is solved
 * exactly once, and from then on a product is a plain product with effective conductances.
 * Equations and costs: Documentation/physics-wires.rst.
 */
#ifndef NMC_CARD_WIRE_H
#define NMC_CARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#define WIRE_LINES	1024	/* most rows and most columns of a solve */

/**
 * enum wire_ends - at which ends a line has its terminal
 * @WIRE_FIRST: before the first cell: a row at column 0, a column at row 0
 * @WIRE_LAST: after the last cell
 * @WIRE_BOTH: at both ends, which are one terminal: one voltage drives a row, currents of a column add up
 */
enum wire_ends {
	WIRE_FIRST = 1,
	WIRE_LAST = 2,
	WIRE_BOTH = 3,
};

/**
 * struct wire - the wires of a crossbar
 * @row_ohm: resistance of a row between two neighbouring cells, ohm; 0 is an ideal wire
 * @col_ohm: the same of a column
 * @row_end_ohm: resistance between a row's driver and its nearest cell, at each driven end; 0 is an ideal driver
 * @col_end_ohm: resistance between a column's nearest cell and ground, at each read end
 * @driven: ends of the rows with a driver
 * @read: ends of the columns that are read, at virtual ground
 *
 * An end without a terminal is open. All resistances are ohmic, finite and not negative.
 */
struct wire {
	float row_ohm;
	float col_ohm;
	float row_end_ohm;
	float col_end_ohm;
	enum wire_ends driven;
	enum wire_ends read;
};

/* The usual array: rows driven at column 0, columns read after the last row, one more segment at each terminal. */
#define WIRE_ARRAY(row, col) ((struct wire){ .row_ohm = (row), .col_ohm = (col), .row_end_ohm = (row), \
					     .col_end_ohm = (col), .driven = WIRE_FIRST, .read = WIRE_LAST })

/**
 * struct wire_ops - one build of the kernel; all of them give the same bits
 * @eliminate: star-mesh elimination of the first @p of @n nodes of a mesh
 *
 * The mesh @g holds in g[a * stride + b], a < b, the conductance between nodes a and b. It is
 * aligned to 64 bytes, @stride is wire_stride(@n), everything else in it is 0; it ends with
 * %WIRE_SPARE rows of work space after the @n of the nodes.
 */
struct wire_ops {
	void (*eliminate)(double *g, unsigned int n, unsigned int p, size_t stride);
};

#define WIRE_BLOCK	32			/* nodes eliminated together */
#define WIRE_SPARE	(WIRE_BLOCK + 8)	/* rows: fractions of a block, overhang of the last rows */

/*
 * Elements from row to row: whole tiles of 16, and an odd number of cache lines, so that a
 * column of a mesh spreads over all sets of a cache.
 */
static inline size_t wire_stride(unsigned int n)
{
	return (n + 15) / 16 * 16 + 8;
}

extern const struct wire_ops wire_plain;
extern const struct wire_ops wire_avx2;
extern const struct wire_ops wire_avx512;

/* The best build for this machine, or the baseline one. */
const struct wire_ops *wire_select(bool plain_c);

/**
 * wire_solve() - effective conductances of an array with resistive wires
 * @ops: build of the kernel
 * @w: wires
 * @rows: rows, 1 .. %WIRE_LINES
 * @cols: physical columns, 1 .. %WIRE_LINES; pairs interleaved on the columns are part of the one network
 * @g: conductances of the cells, microsiemens, @rows x @cols, finite and not negative; 0 is no cell
 * @g_eff: out: effective conductances, microsiemens, @rows x @cols; may be @g
 *
 * With every row driven at low impedance, rows at 0 V included, and every column at virtual
 * ground, the current out of column j is sum_i g_eff[i][j] V_i for any voltages V: exact for
 * ohmic cells (Kirchhoff's laws; the mesh of a resistive network between its terminals, A.
 * Rosen, J. IEE 62, 916 (1924)). g_eff[i][j] is the conductance of that mesh between row
 * terminal i and column terminal j, and a conductance has no direction: the same matrix gives
 * the currents out of the rows, sum_j g_eff[i][j] V_j, when the columns are driven and the rows
 * are read through the same end resistances. Solving the transposed array with the roles swapped
 * gives the transposed matrix within rounding.
 *
 * Every conductance on the way is a sum, product and quotient of positive numbers in double,
 * nothing is subtracted, so a small cell is not lost beside a large wire: the relative error of
 * each element is about that of rounding to float. Ideal wires are joined nodes: with four zero
 * resistances @g_eff equals @g to the bit. The result depends on the arguments alone, not on the
 * build.
 *
 * Memory: allocates at most 72 (@rows + @cols)^2 bytes and 256 KiB, all freed on return
 * (Documentation/physics-wires.rst has measured peaks). Thread-safe: a pure function of its
 * arguments.
 *
 * Return: 0, -EINVAL for sizes, resistances, conductances or ends that are not allowed, -ENOMEM.
 * @g_eff is untouched after an error.
 */
int wire_solve(const struct wire_ops *ops, const struct wire *w, unsigned int rows, unsigned int cols,
	       const float *g, float *g_eff);

#endif
