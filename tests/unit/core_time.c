// SPDX-License-Identifier: MIT
/*
 * Time and temperature of tile sets: ageing by IDLE and from outside, Arrhenius acceleration, additivity when warm.
 */
#include <math.h>
#include "tests/unit/core_rig.h"

#define HOUR	3600000000000ull
#define CELLS	128

/* A card whose RRAM tile has been programmed to the middle of the range. */
static struct rig *programmed(void)
{
	struct rig *r = rig_small();
	int i;

	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 256);
	for (i = 0; i < CELLS; i++)
		((int16_t *)r->data)[i] = NMC_CONDUCTANCE_MAX / 2;
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_RRAM, .tile = 0,
					     .data = { 0, 16, 0 }, .report = 1024, .rows = 16, .cols = 8 });
	rig_finish(r);
	return r;
}

static void idle(struct rig *r, uint64_t ns)
{
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = SET_RRAM, .time = ns });
	rig_finish(r);
}

static void look(struct rig *r, float *g)
{
	assert_int_equal(card_oracle(r->card, r->table.sets[SET_RRAM].set, 0, g, NULL), 0);
}

/* Ageing from outside is what IDLE does. */
static void from_outside(void **state)
{
	struct rig *a = programmed(), *b = programmed();
	float x[CELLS], y[CELLS], fresh[CELLS];

	(void)state;
	look(a, fresh);
	idle(a, 5 * HOUR);
	idle(b, 0);
	card_age(b->card, 2 * HOUR);
	card_age(b->card, 3 * HOUR);
	look(a, x);
	look(b, y);
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, fresh, sizeof(x));
	rig_free(a);
	rig_free(b);
}

/* An hour at 330 K is e^(1 eV / k (1/300 - 1/330)) = 33.66 hours at 300 K, within the grid of ages. */
static void arrhenius(void **state)
{
	const double faster = exp(1.0 / 8.617333e-5 * (1.0 / 300 - 1.0 / 330));
	struct rig *warm = programmed(), *cold = programmed(), *halves = programmed();
	float x[CELLS], y[CELLS], z[CELLS], fresh[CELLS];
	double apart = 0, moved = 0;
	int i;

	(void)state;
	look(warm, fresh);
	card_temperature(warm->card, 330);
	card_temperature(halves->card, 330);
	idle(warm, HOUR);
	idle(halves, HOUR / 2);
	idle(halves, HOUR / 2);
	idle(cold, (uint64_t)(faster * HOUR));
	look(warm, x);
	look(halves, z);
	look(cold, y);
	assert_memory_equal(x, z, sizeof(x));
	for (i = 0; i < CELLS; i++) {
		apart += fabs(x[i] - y[i]);
		moved += fabs(x[i] - fresh[i]);
	}
	assert_true(moved > 0 && apart < 0.005 * moved);
	rig_free(warm);
	rig_free(cold);
	rig_free(halves);
}

/* Time from outside passes at the temperature that was set before it, whether or not a job came between. */
static void warm_from_outside(void **state)
{
	struct rig *a = programmed(), *b = programmed();
	float x[CELLS], y[CELLS];

	(void)state;
	card_temperature(a->card, 330);
	card_temperature(b->card, 330);
	idle(a, HOUR);
	card_age(b->card, HOUR);
	look(a, x);
	look(b, y);
	assert_memory_equal(x, y, sizeof(x));
	card_temperature(b->card, CARD_KELVIN);
	idle(b, 0);
	look(b, y);
	assert_memory_equal(x, y, sizeof(x));
	rig_free(a);
	rig_free(b);
}

/* Back at the reference the past stays what it was, and time runs as before. */
static void cooled_again(void **state)
{
	struct rig *a = programmed(), *b = programmed();
	float x[CELLS], y[CELLS];

	(void)state;
	card_temperature(a->card, 360);
	idle(a, 0);
	card_temperature(a->card, CARD_KELVIN);
	idle(a, HOUR);
	idle(b, HOUR);
	look(a, x);
	look(b, y);
	assert_memory_equal(x, y, sizeof(x));
	rig_free(a);
	rig_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_outside),
		cmocka_unit_test(arrhenius),
		cmocka_unit_test(warm_from_outside),
		cmocka_unit_test(cooled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
