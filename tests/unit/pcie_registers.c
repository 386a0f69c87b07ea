// SPDX-License-Identifier: MIT
/*
 * Registers, and what they and the interrupt of health and errors tell of a card that is not well.
 */
#include "pcie_rig.h"

/* Interrupts of health and errors since the last call: @n are waited for, more would come in the nap. */
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

static void wait_fatal(struct host *h)
{
	while (read_reg(h, NMC_REG_STATUS, 4) != (NMC_STAT_READY | NMC_STAT_FATAL))
		nap();
	health_raised(h, 1);
}

/* Disable and enable recover: the card is ready and answers. */
static void recover(struct host *h)
{
	disable(h);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
	enable(h, 1);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), NMC_STAT_READY);
	make_set(h);
	health_raised(h, 0);
}

/* A first command whose answer nobody waits for. */
static void give_identify(struct host *h)
{
	const struct nmc_sqe sqe = { .opcode = NMC_ADMIN_IDENTIFY, .addr = GUEST + DATA,
				     .bytes = sizeof(struct nmc_identify) };

	memcpy(descriptor(h, 0, 0), &sqe, sizeof(sqe));
	shadow(h, 0)->sq_tail = 1;
	write_reg(h, NMC_DOORBELL_BASE, 1, 4);
}

/* An admin ring that makes no sense: told once, and never served again even if the host mends it. */
static void broken_admin_ring(void **state)
{
	struct host *h = *state;

	enable(h, 1);
	health_raised(h, 0);
	shadow(h, 0)->sq_tail = 12345;
	wait_fatal(h);
	give_identify(h);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_int_equal(((struct nmc_identify *)(h->at + DATA))->tiles, 0);
	assert_int_equal(shadow(h, 0)->cq_tail, 0);
	recover(h);
}

/* Nor does it get a late answer: the event that comes after the failure has nobody to go to. */
static void no_late_answer(void **state)
{
	const struct nmc_isa_control unknown = { .c.opcode = 0xffff };
	struct host *h = *state;
	uint32_t answered;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_loop(h, 1, 1, &unknown);
	*(struct nmc_sqe *)descriptor(h, 0, h->tail[0]++) = (struct nmc_sqe){ .opcode = NMC_ADMIN_EVENT, .addr = GUEST + DATA,
		.bytes = sizeof(struct nmc_event_record) };
	show_tail(h, 0, h->tail[0] - 1);
	while (__atomic_load_n(&shadow(h, 0)->sq_event, __ATOMIC_ACQUIRE) != h->tail[0])
		nap();
	answered = shadow(h, 0)->cq_tail;
	shadow(h, 0)->sq_tail = 12345;
	write_reg(h, NMC_DOORBELL_BASE, 1, 4);
	wait_fatal(h);
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_FAULT);
	health_raised(h, 1);
	assert_int_equal(shadow(h, 0)->cq_tail, answered);
}

/* A completion ring that does not answer. */
static void no_room_to_answer(void **state)
{
	struct host *h = *state;

	enable(h, 1);
	disable(h);
	write_reg(h, NMC_REG_ADMIN_CQ, GUEST + MEMORY, 8);
	memset(shadow(h, 0), 0, sizeof(struct nmc_shadow));
	write_reg(h, NMC_REG_CTRL, NMC_CTRL_ENABLE, 4);
	while (!(read_reg(h, NMC_REG_STATUS, 4) & NMC_STAT_READY))
		nap();
	give_identify(h);
	wait_fatal(h);
	recover(h);
}

/* The fault that shows it: the heartbeat goes on, and a reset does not help as long as it is shown. */
static void fatal_fault(void **state)
{
	struct host *h = *state;
	uint64_t beat;

	enable(h, 1);
	card_server_inject(h->server, CARD_FAULT_FATAL);
	wait_fatal(h);
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	while (read_reg(h, NMC_REG_HEARTBEAT, 8) == beat)
		nap();
	disable(h);
	enable(h, 1);
	wait_fatal(h);
	card_server_inject(h->server, CARD_FAULT_NONE);
	recover(h);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(health_vector), T(broken_admin_ring), T(no_late_answer), T(no_room_to_answer), T(fatal_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
