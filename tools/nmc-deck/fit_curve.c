// SPDX-License-Identifier: MIT
/*
 * Weighted least squares for a handful of coefficients, by orthogonal columns (modified Gram-Schmidt).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/fit.h"

#define KNEES	64	/* that are tried */
#define TINY	1e-9	/* of a column's length: what is left of it depends on those before */

double fit_value(const struct fit_curve *c, double r)
{
	double y = c->ln != 0 ? c->ln * log(r > 1e-6 ? r : 1e-6) : 0, power = 1;
	unsigned int k;

	for (k = 0; k < c->terms; k++, power *= r)
		y += c->poly[k] * power;
	return y < c->min ? c->min : y > c->max ? c->max : y;
}

static double dot(const double *a, const double *b, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/*
 * Coefficients @x of @terms columns of @n values in @a that come nearest to @y; both are changed. A column that
 * depends on those before it gets none.
 */
static void least_squares(double (*a)[FIT_LEVELS], double *y, unsigned int n, unsigned int terms, double *x)
{
	double r[FIT_TERMS][FIT_TERMS] = { 0 };
	bool skip[FIT_TERMS] = { false };
	unsigned int i, j, k;

	for (k = 0; k < terms; k++) {
		double before = sqrt(dot(a[k], a[k], n)), length;

		for (j = 0; j < k; j++) {
			r[j][k] = skip[j] ? 0 : dot(a[j], a[k], n);
			for (i = 0; i < n && !skip[j]; i++)
				a[k][i] -= r[j][k] * a[j][i];
		}
		length = sqrt(dot(a[k], a[k], n));
		skip[k] = !(length > TINY * before);
		for (i = 0; i < n && !skip[k]; i++)
			a[k][i] /= length;
		r[k][k] = length;
		x[k] = skip[k] ? 0 : dot(a[k], y, n);
		for (i = 0; i < n && !skip[k]; i++)
			y[i] -= x[k] * a[k][i];
	}
	for (k = terms; k-- > 0;) {
		for (j = k + 1; j < terms && !skip[k]; j++)
			x[k] -= r[k][j] * x[j];
		x[k] = skip[k] ? 0 : x[k] / r[k][k];
	}
}

static void bounds(const struct fit_point *p, unsigned int n, struct fit_curve *c)
{
	unsigned int i;

	c->min = p[0].y;
	c->max = p[0].y;
	for (i = 1; i < n; i++) {
		c->min = p[i].y < c->min ? p[i].y : c->min;
		c->max = p[i].y > c->max ? p[i].y : c->max;
	}
	if (c->max <= c->min)	/* a deck wants min below max */
		c->max = c->min + 1e-6 + 1e-3 * fabs(c->min);
}

static double distance(const struct fit_point *p, unsigned int n, const struct fit_curve *c)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += pow((p[i].y - fit_value(c, p[i].r)) / p[i].error, 2);
	return sqrt(sum / n);
}

/* Columns 1, r, r^2, ..., each point in units of its error. */
static void solve(const struct fit_point *p, unsigned int n, unsigned int terms, struct fit_curve *c)
{
	double (*a)[FIT_LEVELS] = calloc(FIT_TERMS, sizeof(*a)), *y = calloc(FIT_LEVELS, sizeof(*y)), x[FIT_TERMS] = { 0 };
	unsigned int i, k;

	*c = (struct fit_curve){ .terms = terms };
	for (i = 0; i < n && a && y; i++) {
		double power = 1 / p[i].error;

		y[i] = p[i].y / p[i].error;
		for (k = 0; k < terms; k++, power *= p[i].r)
			a[k][i] = power;
	}
	if (a && y)
		least_squares(a, y, n, terms, x);
	memcpy(c->poly, x, terms * sizeof(*x));
	bounds(p, n, c);
	c->error = distance(p, n, c);
	free(a);
	free(y);
}

void fit_polynomial(const struct fit_point *p, unsigned int n, unsigned int degree, struct fit_curve *c)
{
	unsigned int terms = degree + 1 < n ? degree + 1 : n;

	solve(p, n, terms < FIT_TERMS ? terms : FIT_TERMS, c);
}

/* A plateau from @knee on, below it a straight line in ln r that ends there. */
static void solve_knee(const struct fit_point *p, unsigned int n, double knee, struct fit_curve *c)
{
	double (*a)[FIT_LEVELS] = calloc(2, sizeof(*a)), *y = calloc(FIT_LEVELS, sizeof(*y)), x[2] = { 0 };
	unsigned int i;

	for (i = 0; i < n && a && y; i++) {
		y[i] = p[i].y / p[i].error;
		a[0][i] = 1 / p[i].error;
		a[1][i] = p[i].r < knee ? log((p[i].r > 1e-6 ? p[i].r : 1e-6) / knee) / p[i].error : 0;
	}
	if (a && y)
		least_squares(a, y, n, 2, x);
	*c = (struct fit_curve){ .terms = 1, .poly = { x[0] - x[1] * log(knee) }, .ln = x[1] };
	bounds(p, n, c);
	if (x[1] < 0)
		c->min = x[0];
	else
		c->max = x[0];
	if (c->max <= c->min)
		bounds(p, n, c);
	c->error = distance(p, n, c);
	free(a);
	free(y);
}

void fit_parabola_or_log(const struct fit_point *p, unsigned int n, struct fit_curve *c)
{
	struct fit_curve other;
	unsigned int i;

	fit_polynomial(p, n, 2, c);
	for (i = 0; n > 2 && i <= KNEES; i++) {
		solve_knee(p, n, p[0].r * pow(p[n - 1].r / p[0].r, (i + 1.0) / (KNEES + 1)), &other);
		if (other.error < c->error)
			*c = other;
	}
}
