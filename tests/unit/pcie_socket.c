// SPDX-License-Identifier: MIT
/*
 * The PCIe endpoint from the other end of its socket: a host in miniature that maps memory, enables the card, makes a
 * queue, runs jobs and misbehaves.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "card/card.h"
#include "card/pcie/vfu_proto.h"

#define MEMORY		(1u << 20)
#define GUEST		0x100000000ull	/* where the host's memory lies for the card */
#define ENTRIES		16

/* Layout of the host's memory. */
enum { ADMIN_SQ = 0, ADMIN_CQ = 0x1000, IO_SQ = 0x2000, IO_CQ = 0x3000, SHADOWS = 0x4000, DATA = 0x5000,
       TABLE = 0x6000, STREAM = 0x7000, REPORT = 0x8000 };

struct host {
	struct card *card;
	struct card_server *server;
	char path[64];
	int fd;
	int memory;
	uint8_t *at;
	int vector[NMC_VECTORS];
	uint32_t admin_tail, admin_done, io_tail, io_done;
};

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	assert_int_equal(connect(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

static void transmit(int fd, unsigned int command, uint32_t flags, const void *data, size_t bytes, int pass)
{
	struct vfu_header h = { .id = 7, .command = (uint16_t)command, .size = (uint32_t)(sizeof(h) + bytes),
				.flags = flags };
	struct iovec v[2] = { { &h, sizeof(h) }, { (void *)data, bytes } };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = 2 };

	if (pass >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &pass, sizeof(pass));
	}
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)(sizeof(h) + bytes));
}

/* Error of the reply; its payload goes to @out. */
static int answer(int fd, void *out, size_t room)
{
	uint8_t data[8192];
	struct vfu_header h;

	assert_int_equal(recv(fd, &h, sizeof(h), MSG_WAITALL), sizeof(h));
	assert_int_equal(h.id, 7);
	assert_int_equal(h.flags & VFU_FLAG_TYPE, VFU_FLAG_REPLY);
	assert_in_range(h.size, sizeof(h), sizeof(h) + sizeof(data));
	if (h.size > sizeof(h))
		assert_int_equal(recv(fd, data, h.size - sizeof(h), MSG_WAITALL), h.size - sizeof(h));
	if (h.flags & VFU_FLAG_ERROR) {
		assert_int_equal(h.size, sizeof(h));
		return (int)h.error;
	}
	if (out)
		memcpy(out, data, h.size - sizeof(h) < room ? h.size - sizeof(h) : room);
	return 0;
}

static int call(struct host *h, unsigned int command, const void *data, size_t bytes, int pass, void *out, size_t room)
{
	transmit(h->fd, command, 0, data, bytes, pass);
	return answer(h->fd, out, room);
}

static uint64_t read_reg(struct host *h, uint64_t at, unsigned int bytes)
{
	struct vfu_access a = { at, NMC_BAR_REGS, bytes };
	struct {
		struct vfu_access a;
		uint64_t value;
	} r = { 0 };

	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, &r, sizeof(r)), 0);
	return r.value;
}

static void write_at(struct host *h, uint32_t region, uint64_t at, uint64_t value, unsigned int bytes)
{
	struct {
		struct vfu_access a;
		uint64_t value;
	} w = { { at, region, bytes }, value };

	assert_int_equal(call(h, VFU_REGION_WRITE, &w, sizeof(w.a) + bytes, -1, NULL, 0), 0);
}

static void write_reg(struct host *h, uint64_t at, uint64_t value, unsigned int bytes)
{
	write_at(h, NMC_BAR_REGS, at, value, bytes);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

static struct nmc_shadow *shadow(struct host *h, unsigned int queue)
{
	return (struct nmc_shadow *)(h->at + SHADOWS + queue * sizeof(struct nmc_shadow));
}

static void introduce(struct host *h)
{
	struct vfu_version v = { 0, 1 };
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST, MEMORY };
	unsigned int i;

	assert_int_equal(call(h, VFU_VERSION, &v, sizeof(v), -1, NULL, 0), 0);
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
	for (i = 0; i < NMC_VECTORS; i++) {
		struct vfu_irq_set set = { sizeof(set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					   VFIO_PCI_MSIX_IRQ_INDEX, i, 1 };

		assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[i], NULL, 0), 0);
	}
}

static void enable(struct host *h, uint64_t epoch)
{
	memset(h->at, 0, MEMORY);
	h->admin_tail = h->admin_done = h->io_tail = h->io_done = 0;
	write_reg(h, NMC_REG_EPOCH, epoch, 8);
	write_reg(h, NMC_REG_ADMIN_SQ, GUEST + ADMIN_SQ, 8);
	write_reg(h, NMC_REG_ADMIN_CQ, GUEST + ADMIN_CQ, 8);
	write_reg(h, NMC_REG_ADMIN_SHADOW, GUEST + SHADOWS, 8);
	write_reg(h, NMC_REG_ADMIN_ENTRIES, ENTRIES, 4);
	write_reg(h, NMC_REG_CTRL, NMC_CTRL_ENABLE, 4);
	while (!(read_reg(h, NMC_REG_STATUS, 4) & NMC_STAT_READY))
		nap();
}

static void disable(struct host *h)
{
	write_reg(h, NMC_REG_CTRL, 0, 4);
	while (read_reg(h, NMC_REG_STATUS, 4) & NMC_STAT_READY)
		nap();
}

static int setup(void **state)
{
	struct card_options options = { .tiles = 2, .rows = 16, .cols = 16, .threads = 1, .engines = 2, .queues = 2 };
	struct host *h = calloc(1, sizeof(*h));
	struct card_server_options server;
	char error[256];
	unsigned int i;

	snprintf(h->path, sizeof(h->path), "/tmp/nmc-test-%d.sock", getpid());
	server = (struct card_server_options){ .socket = h->path };
	assert_int_equal(card_create(&options, &h->card, error, sizeof(error)), 0);
	assert_int_equal(card_server_start(h->card, &server, &h->server, error, sizeof(error)), 0);
	h->memory = memfd_create("host", MFD_CLOEXEC);
	assert_int_equal(ftruncate(h->memory, MEMORY), 0);
	h->at = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, h->memory, 0);
	for (i = 0; i < NMC_VECTORS; i++)
		h->vector[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->fd = connect_to(h->path);
	introduce(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct host *h = *state;
	unsigned int i;

	close(h->fd);
	card_server_stop(h->server);
	card_destroy(h->card);
	for (i = 0; i < NMC_VECTORS; i++)
		close(h->vector[i]);
	munmap(h->at, MEMORY);
	close(h->memory);
	assert_int_equal(access(h->path, F_OK), -1);
	free(h);
	return 0;
}

/* One admin command; @result may be NULL. */
static unsigned int admin(struct host *h, struct nmc_sqe sqe, uint64_t *result)
{
	struct nmc_cqe *cqe = (struct nmc_cqe *)(h->at + ADMIN_CQ) + h->admin_done % ENTRIES;
	uint32_t phase = !(h->admin_done & ENTRIES);
	uint32_t old = h->admin_tail;

	sqe.cookie = 1000 + h->admin_tail;
	memcpy(h->at + ADMIN_SQ + old % ENTRIES * sizeof(sqe), &sqe, sizeof(sqe));
	h->admin_tail++;
	__atomic_store_n(&shadow(h, 0)->sq_tail, h->admin_tail, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&shadow(h, 0)->sq_event, __ATOMIC_SEQ_CST) == old)
		write_reg(h, NMC_DOORBELL_BASE, 1, 4);
	while ((__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE) & NMC_CQE_PHASE) != phase)
		nap();
	h->admin_done++;
	assert_int_equal(cqe->cookie, sqe.cookie);
	assert_int_equal(cqe->sq_head, h->admin_tail);
	if (result)
		*result = cqe->result;
	return cqe->status;
}

static void make_queue(struct host *h, uint64_t coalesce_ns)
{
	struct nmc_queue_config config = { GUEST + IO_SQ, GUEST + IO_CQ, GUEST + SHADOWS + sizeof(struct nmc_shadow),
					   ENTRIES, NMC_VECTOR_IO, coalesce_ns, { 0 } };

	memcpy(h->at + DATA, &config, sizeof(config));
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_CREATE, .id = 1, .addr = GUEST + DATA,
			 .bytes = sizeof(config) }, NULL), NMC_STATUS_OK);
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = 1 }, NULL), NMC_STATUS_OK);
}

/* A stream of LOOP @count over NOPs, then END, and the table that goes with it. */
static void make_stream(struct host *h, uint32_t count)
{
	struct nmc_isa_header head = { .magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR, .insns = 3,
				       .groups = 1u << NMC_GROUP_CONTROL };
	struct nmc_isa_control insn[3] = { { .c.opcode = NMC_OP_LOOP, .count = count, .body = 1 },
					   { .c.opcode = NMC_OP_NOP }, { .c.opcode = NMC_OP_END } };
	struct {
		struct nmc_job_table head;
		struct nmc_slot slot;
	} table = { { sizeof(table), 0, 1, 0 }, { GUEST + STREAM, 0, 4096, 0, NMC_SLOT_READ } };

	memcpy(h->at + STREAM, &head, sizeof(head));
	memcpy(h->at + STREAM + 64, insn, sizeof(insn));
	memcpy(h->at + TABLE, &table, sizeof(table));
}

/* Puts @n jobs into the ring and rings if asked to. Returns whether the doorbell was wanted. */
static bool submit(struct host *h, unsigned int n)
{
	uint32_t old = h->io_tail, event;
	bool wanted;

	while (n--) {
		struct nmc_sqe_job sqe = { .opcode = NMC_QUEUE_JOB, .cookie = h->io_tail, .table = GUEST + TABLE,
					   .table_bytes = sizeof(struct nmc_job_table) + sizeof(struct nmc_slot),
					   .context = 1, .stream_bytes = 256, .job = h->io_tail + 1 };

		memcpy(h->at + IO_SQ + h->io_tail++ % ENTRIES * sizeof(sqe), &sqe, sizeof(sqe));
	}
	__atomic_store_n(&shadow(h, 1)->sq_tail, h->io_tail, __ATOMIC_SEQ_CST);
	event = __atomic_load_n(&shadow(h, 1)->sq_event, __ATOMIC_SEQ_CST);
	wanted = h->io_tail - event - 1 < h->io_tail - old;
	if (wanted)
		write_reg(h, NMC_DOORBELL_BASE + NMC_DOORBELL_PAGE, 1, 4);
	return wanted;
}

static struct nmc_cqe *completion(struct host *h)
{
	struct nmc_cqe *cqe = (struct nmc_cqe *)(h->at + IO_CQ) + h->io_done % ENTRIES;
	uint32_t phase = !(h->io_done & ENTRIES);

	while ((__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE) & NMC_CQE_PHASE) != phase)
		nap();
	assert_int_equal(cqe->cookie, h->io_done);
	h->io_done++;
	return cqe;
}

static uint64_t interrupts(struct host *h, unsigned int vector)
{
	uint64_t n = 0;

	return read(h->vector[vector], &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static struct nmc_queue_log counters(struct host *h, unsigned int queue)
{
	struct nmc_queue_log log;

	assert_int_equal(card_server_counters(h->server, queue, &log), 0);
	return log;
}

static void registers(void **state)
{
	struct host *h = *state;

	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
	assert_int_equal(read_reg(h, NMC_REG_VERSION, 4), NMC_VERSION_MAJOR << 16 | NMC_VERSION_MINOR);
	assert_int_equal(read_reg(h, NMC_REG_QUEUES, 4), 2);
	assert_int_equal(read_reg(h, NMC_REG_DOORBELLS, 4), NMC_DOORBELL_BASE);
	assert_int_equal(read_reg(h, 0xff0, 8), 0);
	write_reg(h, NMC_REG_EPOCH, 0x1122334455667788, 8);
	write_reg(h, NMC_REG_EPOCH + 4, 0xaabbccdd, 4);
	assert_true(read_reg(h, NMC_REG_EPOCH, 8) == 0xaabbccdd55667788);
	assert_int_equal(read_reg(h, NMC_REG_EPOCH + 4, 4), 0xaabbccdd);
	write_reg(h, NMC_REG_MAGIC, 0, 4);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

static void bad_admin_ring(void **state)
{
	struct host *h = *state;

	write_reg(h, NMC_REG_ADMIN_SQ, GUEST + 1, 8);
	write_reg(h, NMC_REG_ADMIN_ENTRIES, 3, 4);
	write_reg(h, NMC_REG_CTRL, NMC_CTRL_ENABLE, 4);
	while (read_reg(h, NMC_REG_STATUS, 4) != NMC_STAT_BAD_CONFIG)
		nap();
	write_reg(h, NMC_REG_CTRL, 0, 4);
	while (read_reg(h, NMC_REG_STATUS, 4))
		nap();
	enable(h, 1);
}

static void jobs_complete(void **state)
{
	struct host *h = *state;
	unsigned int round, i;

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 1);
	interrupts(h, NMC_VECTOR_IO);
	for (round = 0; round < 10; round++) {
		submit(h, 7);
		for (i = 0; i < 7; i++)
			assert_int_equal(completion(h)->status, NMC_STATUS_OK);
	}
	assert_int_equal(counters(h, 1).jobs, 70);
	assert_int_equal(counters(h, 1).interrupts, 70);
	assert_int_equal(shadow(h, 1)->cq_tail, 70);
	assert_true(interrupts(h, NMC_VECTOR_IO) > 0);
}

/* An interrupt comes when the event index is passed, and one comes late where it is not. */
static void interrupts_follow_the_event_index(void **state)
{
	struct host *h = *state;
	unsigned int i;

	enable(h, 1);
	make_queue(h, 20000000);
	make_stream(h, 1);
	shadow(h, 1)->cq_event = 8;
	submit(h, 8);
	for (i = 0; i < 8; i++)
		completion(h);
	while (!counters(h, 1).interrupts)
		nap();
	assert_int_equal(counters(h, 1).interrupts, 1);
	shadow(h, 1)->cq_event = 1000;
	submit(h, 4);
	for (i = 0; i < 4; i++)
		completion(h);
	while (counters(h, 1).interrupts < 2)
		nap();
	nap();
	assert_int_equal(counters(h, 1).interrupts, 2);
}

/* Without a pause no doorbell is wanted; after one it is, once. */
static void doorbells_only_when_asleep(void **state)
{
	struct host *h = *state;
	unsigned int i;

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 1);
	while (__atomic_load_n(&shadow(h, 1)->sq_event, __ATOMIC_ACQUIRE) != 0 || counters(h, 1).doorbells)
		nap();
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_true(submit(h, 1));
	completion(h);
	assert_int_equal(counters(h, 1).doorbells, 1);
	for (i = 0; i < 3; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		assert_true(submit(h, 2));
		completion(h);
		completion(h);
	}
	assert_int_equal(counters(h, 1).doorbells, 4);
}

/* A long job is ended by a stop and reported as STARTED, what stands behind it as not started. */
static void stop_reports(void **state)
{
	struct host *h = *state;
	const struct nmc_stop_report *report = (void *)(h->at + REPORT);
	struct nmc_sqe stop = { .opcode = NMC_ADMIN_QUEUE_STOP, .id = 1, .addr = GUEST + REPORT,
				.bytes = sizeof(*report) };
	uint64_t progress;

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 0xffffffff);
	submit(h, 3);
	while (!(progress = __atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE)))
		nap();
	assert_int_equal(shadow(h, 1)->job, 1);
	while (__atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE) == progress)
		nap();
	assert_int_equal(admin(h, stop, NULL), NMC_STATUS_OK);
	assert_int_equal(report->head, 0);
	assert_int_equal(report->state[0], NMC_DESC_STARTED);
	assert_int_equal(report->state[1], NMC_DESC_NOT_STARTED);
	memset(h->at + IO_CQ, 0, 4096);
	make_stream(h, 1);
	h->io_tail = h->io_done = 0;
	memset(shadow(h, 1), 0, sizeof(struct nmc_shadow));
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_START, .id = 1 }, NULL), NMC_STATUS_OK);
	submit(h, 2);
	assert_int_equal(completion(h)->status, NMC_STATUS_OK);
	assert_int_equal(completion(h)->status, NMC_STATUS_OK);
}

/* A drained queue lets its job end. */
static void stop_drains(void **state)
{
	struct host *h = *state;
	const struct nmc_stop_report *report = (void *)(h->at + REPORT);

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 2000000);
	submit(h, 1);
	while (!__atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE) && !shadow(h, 1)->cq_tail)
		nap();
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_STOP, .id = 1, .addr = GUEST + REPORT,
			 .bytes = sizeof(*report), .value = NMC_STOP_DRAIN }, NULL), NMC_STATUS_OK);
	assert_int_equal(report->head, 1);
	assert_int_equal(completion(h)->status, NMC_STATUS_OK);
}

/* While a job runs for ever registers answer, and a reset ends it: nothing is written afterwards. */
static void reset_during_a_job(void **state)
{
	struct host *h = *state;
	uint8_t *before = malloc(MEMORY);
	uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	uint64_t beat;
	int i;

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 0xffffffff);
	submit(h, 1);
	while (!__atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE))
		nap();
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	while (read_reg(h, NMC_REG_HEARTBEAT, 8) == beat)
		nap();
	write_at(h, VFIO_PCI_CONFIG_REGION_INDEX, 0x70 + PCI_EXP_DEVCTL, flr, 2);
	memcpy(before, h->at, MEMORY);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
	for (i = 0; i < 20; i++)
		nap();
	assert_memory_equal(before, h->at, MEMORY);
	free(before);
	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 1);
	submit(h, 1);
	assert_int_equal(completion(h)->status, NMC_STATUS_OK);
	disable(h);
}

/* A host whose tail makes no sense loses that queue and nothing else. */
static void broken_ring(void **state)
{
	struct host *h = *state;

	enable(h, 1);
	make_queue(h, 0);
	make_stream(h, 1);
	shadow(h, 1)->sq_tail = 12345;
	write_reg(h, NMC_DOORBELL_BASE + NMC_DOORBELL_PAGE, 1, 4);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_int_equal(shadow(h, 1)->cq_tail, 0);
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_DELETE, .id = 1 }, NULL), NMC_STATUS_OK);
}

static void faults_show(void **state)
{
	struct host *h = *state;
	uint64_t beat;

	enable(h, 1);
	card_server_inject(h->server, CARD_FAULT_HANG_FIRMWARE);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	assert_true(read_reg(h, NMC_REG_HEARTBEAT, 8) == beat);
	card_server_inject(h->server, CARD_FAULT_ALL_ONES);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), 0xffffffff);
	card_server_inject(h->server, CARD_FAULT_NONE);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

/* The next host finds a card that works; memory of the last one is no longer touched. */
static void next_host(void **state)
{
	struct host *h = *state;
	int i;

	for (i = 0; i < 5; i++) {
		enable(h, 1);
		make_queue(h, 0);
		make_stream(h, 0xffffffff);
		submit(h, 1);
		close(h->fd);
		h->fd = connect_to(h->path);
		introduce(h);
	}
	enable(h, 2);
	make_queue(h, 0);
	make_stream(h, 1);
	submit(h, 1);
	assert_int_equal(completion(h)->status, NMC_STATUS_OK);
}

/* Messages that are refused, with the connection kept. */
static void refused_messages(void **state)
{
	struct host *h = *state;
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST, MEMORY };
	struct vfu_access a = { NMC_BAR_REGS_BYTES - 2, NMC_BAR_REGS, 4 };
	struct vfu_irq_set set = { sizeof(set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
				   VFIO_PCI_MSIX_IRQ_INDEX, NMC_VECTORS, 1 };
	uint64_t multi[2] = { ~0ull, 0 };

	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), EEXIST);
	map.address = GUEST + MEMORY;
	map.size = 1ull << 40;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), EINVAL);
	map.size = ~0ull;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), EINVAL);
	map.size = 4096;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), 0);
	assert_int_equal(call(h, VFU_DMA_MAP, &map, 8, -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ ~0ull, NMC_BAR_REGS, 4 };
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ 0, VFIO_PCI_CONFIG_REGION_INDEX, 0xffffffff };
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ 0, NMC_BAR_REGS, 64 };
	assert_int_equal(call(h, VFU_REGION_WRITE, &a, sizeof(a), -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[0], NULL, 0), EINVAL);
	set.start = 1;
	set.count = 0xffffffff;
	assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[0], NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_REGION_WRITE_MULTI, multi, sizeof(multi), -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, 99, NULL, 0, -1, NULL, 0), ENOSYS);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

/* Thousands of maps in any order, as under an IOMMU; each is found, none overlaps. */
static void many_maps(void **state)
{
	struct host *h = *state;
	struct vfu_dma_map map = { sizeof(map), 3, 0, 0, 4096 };
	struct vfu_dma_unmap unmap = { sizeof(unmap), 0, 0, 4096 };
	uint64_t base = GUEST + (16u << 20);
	unsigned int i, n = 4001;

	for (i = 0; i < n; i++) {
		map.address = base + (uint64_t)i * 1999 % n * 8192;
		assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), 0);
	}
	for (i = 0; i < n; i += 100) {
		map.address = base + i * 8192ull - 4096;
		map.size = 8192;
		assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), EEXIST);
	}
	for (i = 0; i < n; i++) {
		unmap.address = base + (uint64_t)i * 7 % n * 8192;
		assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), 0);
		if (i % 100 == 0)
			assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), ENOENT);
	}
	enable(h, 1);
}

/* Messages that end the connection; the card serves the next one. */
static void broken_messages(void **state)
{
	struct host *h = *state;
	struct vfu_header bad[] = { { 1, VFU_VERSION, 3, 0, 0 }, { 1, VFU_VERSION, 0xffffffff, 0, 0 },
				    { 1, VFU_VERSION, 16, VFU_FLAG_REPLY, 0 } };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pollfd p = { .fd = h->fd, .events = POLLIN };
		char byte;

		assert_int_equal(send(h->fd, &bad[i], sizeof(bad[i]), MSG_NOSIGNAL), sizeof(bad[i]));
		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_int_equal(recv(h->fd, &byte, 1, 0), 0);
		close(h->fd);
		h->fd = connect_to(h->path);
		introduce(h);
		assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
	}
}

/* Posted writes: no reply, one or many in a message. */
static void posted_writes(void **state)
{
	struct host *h = *state;
	struct {
		struct vfu_access a;
		uint64_t value;
	} w = { { NMC_REG_EPOCH, NMC_BAR_REGS, 8 }, 0x1234 };
	struct {
		struct vfu_write_multi m;
		struct vfu_small_write w[2];
	} multi = { { 2 }, { { NMC_REG_HOST_TIME, NMC_BAR_REGS, 4, { 0x55 } },
			     { NMC_REG_ADMIN_ENTRIES, NMC_BAR_REGS, 4, { 0x20 } } } };

	transmit(h->fd, VFU_REGION_WRITE, VFU_FLAG_NO_REPLY, &w, sizeof(w), -1);
	assert_int_equal(read_reg(h, NMC_REG_EPOCH, 8), 0x1234);
	transmit(h->fd, VFU_REGION_WRITE_MULTI, VFU_FLAG_NO_REPLY, &multi, sizeof(multi), -1);
	assert_int_equal(read_reg(h, NMC_REG_HOST_TIME, 8), 0x55);
	assert_int_equal(read_reg(h, NMC_REG_ADMIN_ENTRIES, 4), 0x20);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(registers), T(bad_admin_ring), T(jobs_complete), T(interrupts_follow_the_event_index),
		T(doorbells_only_when_asleep), T(stop_reports), T(stop_drains), T(reset_during_a_job), T(broken_ring),
		T(faults_show), T(next_host), T(refused_messages), T(many_maps), T(broken_messages), T(posted_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
