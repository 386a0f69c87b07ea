// SPDX-License-Identifier: MIT
/*
 * Registers, and what they and the interrupt of health and errors tell of a card that is not well.
 */
#include "pcie_rig.h"

/* Interrupts of health and errors since the last call: @n are waited for, more would have come by the end of the nap. */
static void health_raised(struct host *h, uint64_t n)
{
	uint64_t seen = 0;

	while (seen < n) {
		nap();
		seen += interrupts(h, NMC_VECTOR_HEALTH);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
	assert_int_equal(seen + interrupts(h, NMC_VECTOR_HEALTH), n);
	assert_int_equal(read_reg(h, NMC_REG_INT_CAUSE, 8) & 1ull << NMC_VECTOR_HEALTH, n > 0);
	write_reg(h, NMC_REG_INT_CAUSE, 1ull << NMC_VECTOR_HEALTH, 8);
}

static void release_set(struct host *h)
{
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = h->set.set }, NULL),
			 NMC_STATUS_OK);
	h->set.generation = 0;
}

/* One interrupt a change of health: an error, a tile that is given up, an unusable ring; none for what goes well. */
static void health_vector(void **state)
{
	const struct nmc_isa_control unknown = { .c.opcode = 0xffff };
	const struct card_device_fault broken = { .kind = CARD_DEVICE_TILE };
	struct host *h = *state;
	char error[128];

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	submit(h, 1, 3);
	while (h->done[1] < 3)
		assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
	health_raised(h, 0);
	make_loop(h, 1, 1, &unknown);
	submit(h, 1, 2);
	while (h->done[1] < 5)
		assert_int_equal(completion(h, 1)->status, NMC_STATUS_FAULT);
	health_raised(h, 2);
	make_set(h);
	assert_int_equal(card_inject(h->card, &broken, error, sizeof(error)), 0);
	release_set(h);
	health_raised(h, 1);
	make_queue(h, 2, 0);
	shadow(h, 2)->sq_tail = 12345;
	write_reg(h, NMC_DOORBELL_BASE + 2 * NMC_DOORBELL_PAGE, 1, 4);
	health_raised(h, 1);
}

/* A fatal state is told once, however long it lasts. */
static void fatal_state(void **state)
{
	struct host *h = *state;

	enable(h, 1);
	health_raised(h, 0);
	shadow(h, 0)->sq_tail = 12345;
	while (read_reg(h, NMC_REG_STATUS, 4) != (NMC_STAT_READY | NMC_STAT_FATAL))
		nap();
	health_raised(h, 1);
	disable(h);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
	enable(h, 1);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), NMC_STAT_READY);
	health_raised(h, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(health_vector), T(fatal_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
