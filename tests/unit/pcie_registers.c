// SPDX-License-Identifier: MIT
/*
 * Registers, and what they and the interrupt of health and errors tell of a card that is not well.
 */
#include "pcie_rig.h"

#define MAX_REGISTERS	32

/**
 * struct reg - a register as Documentation/card/registers.rst has it
 * @at: offset
 * @bytes: size
 * @name: its name
 * @access: RO, RW or W1C
 * @reset: value after power-on, or "card"
 */
struct reg {
	uint64_t at;
	unsigned int bytes;
	char name[40];
	char access[8];
	char reset[16];
};

static struct reg regs[MAX_REGISTERS];
static unsigned int reg_count;

static void read_table(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct reg *r = &regs[reg_count];
		unsigned long at;

		assert_true(reg_count < MAX_REGISTERS);
		if (sscanf(line, " 0x%lx, ``NMC_REG_%39[A-Z_]``, %u, %7[A-Z0-9], %15[^,],", &at, r->name, &r->bytes,
			   r->access, r->reset) != 5)
			continue;
		r->at = at;
		reg_count++;
	}
	fclose(f);
	assert_int_equal(reg_count, 19);
}

static bool is(const struct reg *r, const char *word)
{
	return !strcmp(r->name, word) || !strcmp(r->access, word);
}

static uint64_t all_ones(const struct reg *r)
{
	return r->bytes == 8 ? ~0ull : 0xffffffff;
}

/* What a register reads after ones were written to it while the card is disabled; @before is what it read then. */
static uint64_t keeps(const struct reg *r, uint64_t before)
{
	if (is(r, "INT_MASK"))
		return (1ull << NMC_VECTORS) - 1;
	return is(r, "RW") ? all_ones(r) : before;
}

static void function_reset(struct host *h)
{
	write_at(h, VFIO_PCI_CONFIG_REGION_INDEX, 0x70 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
}

/* Values after power-on, and after a function reset whatever was written: only the heartbeat goes on. */
static void reset_values(void **state)
{
	struct host *h = *state;
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < reg_count; i++) {
			if (is(&regs[i], "HEARTBEAT") || is(&regs[i], "CTRL"))
				continue;
			if (strcmp(regs[i].reset, "card"))
				assert_true(read_reg(h, regs[i].at, regs[i].bytes) == strtoull(regs[i].reset, NULL, 0));
			write_reg(h, regs[i].at, ~0ull, regs[i].bytes);
		}
		function_reset(h);
	}
	enable(h, 1);
	assert_int_equal(read_reg(h, NMC_REG_CTRL, 4), NMC_CTRL_ENABLE);
	function_reset(h);
	assert_int_equal(read_reg(h, NMC_REG_CTRL, 4), 0);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
}

/* Ones, then zeros in one half: what is kept is what the table says, and the other half stays. */
static void access_while_disabled(void **state)
{
	struct host *h = *state;
	unsigned int i;

	for (i = 0; i < reg_count; i++) {
		const struct reg *r = &regs[i];
		uint64_t before = read_reg(h, r->at, r->bytes);

		if (is(r, "HEARTBEAT") || is(r, "CTRL"))
			continue;
		write_reg(h, r->at, ~0ull, r->bytes);
		assert_true(read_reg(h, r->at, r->bytes) == keeps(r, before));
		assert_true(read_reg(h, r->at, 4) == (uint32_t)keeps(r, before));
		if (r->bytes == 4 || !is(r, "RW"))
			continue;
		write_reg(h, r->at + 4, 0, 4);
		assert_true(read_reg(h, r->at, 8) == (uint32_t)keeps(r, before));
		write_reg(h, r->at + 4, ~0ull, 4);
		write_reg(h, r->at, 0, 4);
		assert_true(read_reg(h, r->at, 8) == (keeps(r, before) & ~0xffffffffull));
		write_reg(h, r->at, 0, 8);
	}
	write_reg(h, NMC_REG_HEARTBEAT, ~0ull, 8);
	assert_true(read_reg(h, NMC_REG_HEARTBEAT, 8) < 1ull << 32);
}

/* What is set before enable stays as it was; reserved bits of control do nothing, nor do writes beside its bit. */
static void access_while_enabled(void **state)
{
	struct host *h = *state;
	uint64_t before, beat;
	unsigned int i;

	enable(h, 1);
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	for (i = 0; i < reg_count; i++) {
		const struct reg *r = &regs[i];

		if (is(r, "CTRL") || is(r, "INT_MASK") || is(r, "INT_CAUSE") || is(r, "HEARTBEAT"))
			continue;
		before = read_reg(h, r->at, r->bytes);
		write_reg(h, r->at, ~before, r->bytes);
		assert_true(read_reg(h, r->at, r->bytes) == before);
	}
	write_reg(h, NMC_REG_CTRL, ~0ull, 4);
	assert_int_equal(read_reg(h, NMC_REG_CTRL, 4), NMC_CTRL_ENABLE);
	write_reg(h, NMC_REG_CTRL + 1, 0, 2);
	assert_int_equal(read_reg(h, NMC_REG_CTRL, 4), NMC_CTRL_ENABLE);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), NMC_STAT_READY);
	make_set(h);
	while (read_reg(h, NMC_REG_HEARTBEAT, 8) <= beat)
		nap();
	write_reg(h, NMC_REG_INT_MASK, 1ull << 63 | 1ull << NMC_VECTOR_IO, 8);
	assert_true(read_reg(h, NMC_REG_INT_MASK, 8) == 1ull << NMC_VECTOR_IO);
	while (!(read_reg(h, NMC_REG_INT_CAUSE, 8) & 1ull << NMC_VECTOR_ADMIN))
		nap();
	write_reg(h, NMC_REG_INT_CAUSE, ~(1ull << NMC_VECTOR_ADMIN), 8);
	assert_true(read_reg(h, NMC_REG_INT_CAUSE, 8) == 1ull << NMC_VECTOR_ADMIN);
	write_reg(h, NMC_REG_INT_CAUSE, 1ull << NMC_VECTOR_ADMIN, 4);
	assert_int_equal(read_reg(h, NMC_REG_INT_CAUSE, 8), 0);
	write_reg(h, NMC_REG_CTRL, ~(uint64_t)NMC_CTRL_ENABLE, 4);
	assert_int_equal(read_reg(h, NMC_REG_CTRL, 4), 0);
}

static bool known(uint64_t at)
{
	unsigned int i;

	for (i = 0; i < reg_count; i++)
		if (at - regs[i].at < regs[i].bytes)
			return true;
	return false;
}

/* What is no register, and what is write-only, reads zero whatever is written. */
static void reads_zero(void **state)
{
	struct host *h = *state;
	uint64_t at;

	for (at = 0; at < 0x400; at += 4) {
		if (known(at))
			continue;
		write_reg(h, at, 0xffffffff, 4);
		assert_int_equal(read_reg(h, at, 4), 0);
	}
	for (at = NMC_DOORBELL_BASE; at < NMC_BAR_REGS_BYTES; at += NMC_DOORBELL_PAGE) {
		write_reg(h, at, 0xffffffff, 4);
		write_reg(h, at + 8, 0xffffffff, 4);
		assert_int_equal(read_reg(h, at, 8), 0);
	}
	enable(h, 1);
}

static unsigned int set_info(struct host *h, uint32_t set)
{
	return admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_INFO, .id = set, .addr = GUEST + DATA,
					  .bytes = sizeof(struct nmc_tileset_info) }, NULL);
}

/* Volatile tile sets outlive a disable as long as the host is the same. */
static void host_epoch(void **state)
{
	struct host *h = *state;
	uint32_t set;

	enable(h, 7);
	make_set(h);
	set = h->set.set;
	disable(h);
	enable(h, 7);
	assert_int_equal(set_info(h, set), NMC_STATUS_OK);
	disable(h);
	enable(h, 8);
	assert_int_equal(set_info(h, set), NMC_STATUS_NOT_FOUND);
}

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

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(reset_values), T(access_while_disabled), T(access_while_enabled), T(reads_zero), T(host_epoch),
		T(health_vector), T(broken_admin_ring), T(no_late_answer), T(no_room_to_answer), T(fatal_fault),
	};

	if (argc != 2)
		return 2;
	read_table(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
