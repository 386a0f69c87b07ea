/* SPDX-License-Identifier: MIT */
/*
 * Rig for tests of the PCIe endpoint: a host in miniature at the other end of its socket, with an admin queue and two
 * I/O queues in memory that it shares with the card.
 */
#ifndef NMC_TEST_PCIE_RIG_H
#define NMC_TEST_PCIE_RIG_H

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

#define MEMORY		(16u << 20)
#define GUEST		0x100000000ull	/* where the host's memory lies for the card */
#define ENTRIES		16
#define QUEUES		3	/* admin queue and two I/O queues */

/* Layout of the host's memory; rings and programs are arrays by queue. */
enum { SQ = 0, CQ = 0x10000, SHADOWS = 0x20000, DATA = 0x30000, REPORT = 0x40000, TABLE = 0x50000, STREAM = 0x60000,
       BULK = 0x100000, BULK_BYTES = 8 << 20, PAGE = 0x1000 };

struct host {
	struct card *card;
	struct card_server *server;
	char path[64];
	int fd;
	int memory;
	uint8_t *at;
	enum card_irq irq;
	int vector[NMC_VECTORS];
	uint32_t tail[QUEUES], done[QUEUES];
	struct nmc_set_ref set;	/* attached to the contexts where its generation is not zero */
};

static inline int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	assert_int_equal(connect(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

static inline void transmit(int fd, unsigned int command, uint32_t flags, const void *data, size_t bytes, int pass)
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
static inline int answer(int fd, void *out, size_t room)
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

static inline int call(struct host *h, unsigned int command, const void *data, size_t bytes, int pass, void *out,
		       size_t room)
{
	transmit(h->fd, command, 0, data, bytes, pass);
	return answer(h->fd, out, room);
}

static inline uint64_t read_reg(struct host *h, uint64_t at, unsigned int bytes)
{
	struct vfu_access a = { at, NMC_BAR_REGS, bytes };
	struct {
		struct vfu_access a;
		uint64_t value;
	} r = { 0 };

	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, &r, sizeof(r)), 0);
	return r.value;
}

static inline void write_at(struct host *h, uint32_t region, uint64_t at, uint64_t value, unsigned int bytes)
{
	struct {
		struct vfu_access a;
		uint64_t value;
	} w = { { at, region, bytes }, value };

	assert_int_equal(call(h, VFU_REGION_WRITE, &w, sizeof(w.a) + bytes, -1, NULL, 0), 0);
}

static inline void write_reg(struct host *h, uint64_t at, uint64_t value, unsigned int bytes)
{
	write_at(h, NMC_BAR_REGS, at, value, bytes);
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

static inline struct nmc_shadow *shadow(struct host *h, unsigned int queue)
{
	return (struct nmc_shadow *)(h->at + SHADOWS + queue * sizeof(struct nmc_shadow));
}

static inline void introduce(struct host *h)
{
	struct vfu_version v = { 0, 1 };
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST, MEMORY };
	unsigned int i;

	assert_int_equal(call(h, VFU_VERSION, &v, sizeof(v), -1, NULL, 0), 0);
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
	for (i = 0; i < (h->irq == CARD_IRQ_MSIX ? NMC_VECTORS : 1); i++) {
		struct vfu_irq_set set = { sizeof(set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					   VFIO_PCI_MSIX_IRQ_INDEX - h->irq, i, 1 };

		assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[i], NULL, 0), 0);
	}
}

/* The host lets the card use the bus, or no more. */
static inline void master(struct host *h, bool on)
{
	write_at(h, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0), 2);
}

static inline void enable(struct host *h, uint64_t epoch)
{
	master(h, true);
	memset(h->at, 0, BULK);
	memset(h->tail, 0, sizeof(h->tail));
	memset(h->done, 0, sizeof(h->done));
	h->set = (struct nmc_set_ref){ 0 };
	write_reg(h, NMC_REG_EPOCH, epoch, 8);
	write_reg(h, NMC_REG_ADMIN_SQ, GUEST + SQ, 8);
	write_reg(h, NMC_REG_ADMIN_CQ, GUEST + CQ, 8);
	write_reg(h, NMC_REG_ADMIN_SHADOW, GUEST + SHADOWS, 8);
	write_reg(h, NMC_REG_ADMIN_ENTRIES, ENTRIES, 4);
	write_reg(h, NMC_REG_CTRL, NMC_CTRL_ENABLE, 4);
	while (!(read_reg(h, NMC_REG_STATUS, 4) & NMC_STAT_READY))
		nap();
}

static inline void disable(struct host *h)
{
	write_reg(h, NMC_REG_CTRL, 0, 4);
	while (read_reg(h, NMC_REG_STATUS, 4) & NMC_STAT_READY)
		nap();
}

static inline int start_card(void **state, const struct card_options *options, enum card_irq irq)
{
	struct host *h = calloc(1, sizeof(*h));
	struct card_server_options server;
	char error[256];
	unsigned int i;

	snprintf(h->path, sizeof(h->path), "/tmp/nmc-test-%d.sock", getpid());
	h->irq = irq;
	server = (struct card_server_options){ .socket = h->path, .irq = irq };
	assert_int_equal(card_create(options, &h->card, error, sizeof(error)), 0);
	assert_int_equal(card_server_start(h->card, &server, &h->server, error, sizeof(error)), 0);
	h->memory = memfd_create("host", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(h->memory, MEMORY), 0);
	h->at = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, h->memory, 0);
	for (i = 0; i < NMC_VECTORS; i++)
		h->vector[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->fd = connect_to(h->path);
	introduce(h);
	*state = h;
	return 0;
}

static inline int start_host(void **state, unsigned int engines, enum card_irq irq)
{
	const struct card_options options = { .tiles = 2, .rows = 16, .cols = 16, .threads = 1, .engines = engines,
					      .queues = 2 };

	return start_card(state, &options, irq);
}

static inline int setup(void **state)
{
	return start_host(state, 2, CARD_IRQ_MSIX);
}

static inline int teardown(void **state)
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

static inline void *descriptor(struct host *h, unsigned int queue, uint32_t count)
{
	return h->at + SQ + queue * PAGE + count % ENTRIES * sizeof(struct nmc_sqe);
}

/* Waits for the next completion of a queue. */
static inline struct nmc_cqe *next_completion(struct host *h, unsigned int queue)
{
	struct nmc_cqe *cqe = (struct nmc_cqe *)(h->at + CQ + queue * PAGE) + h->done[queue] % ENTRIES;
	uint32_t phase = !(h->done[queue] & ENTRIES);

	while ((__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE) & NMC_CQE_PHASE) != phase)
		nap();
	h->done[queue]++;
	return cqe;
}

/* Shows the tail to the card and rings if it asked for it. Returns whether it had. */
static inline bool show_tail(struct host *h, unsigned int queue, uint32_t old)
{
	uint32_t event;
	bool wanted;

	__atomic_store_n(&shadow(h, queue)->sq_tail, h->tail[queue], __ATOMIC_SEQ_CST);
	event = __atomic_load_n(&shadow(h, queue)->sq_event, __ATOMIC_SEQ_CST);
	wanted = h->tail[queue] - event - 1 < h->tail[queue] - old;
	if (wanted)
		write_reg(h, NMC_DOORBELL_BASE + queue * NMC_DOORBELL_PAGE, 1, 4);
	return wanted;
}

/* One admin command; @result may be NULL. */
static inline unsigned int admin(struct host *h, struct nmc_sqe sqe, uint64_t *result)
{
	struct nmc_cqe *cqe;

	sqe.cookie = 1000 + h->tail[0];
	memcpy(descriptor(h, 0, h->tail[0]++), &sqe, sizeof(sqe));
	show_tail(h, 0, h->tail[0] - 1);
	cqe = next_completion(h, 0);
	assert_int_equal(cqe->cookie, sqe.cookie);
	assert_int_equal(cqe->sq_head, h->tail[0]);
	if (result)
		*result = cqe->result;
	return cqe->status;
}

/* A set of one tile of the first class, for the contexts made from now on. */
static inline void make_set(struct host *h)
{
	struct nmc_tileset_config config = { .tiles = 1 };
	uint64_t result;

	memcpy(h->at + DATA, &config, sizeof(config));
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE, .addr = GUEST + DATA,
			 .bytes = sizeof(config) }, &result), NMC_STATUS_OK);
	h->set = (struct nmc_set_ref){ (uint32_t)result, (uint32_t)(result >> 32) };
}

/* I/O queue @queue and a context of the same number. */
static inline void make_queue(struct host *h, unsigned int queue, uint64_t coalesce_ns)
{
	struct nmc_queue_config config = { GUEST + SQ + queue * PAGE, GUEST + CQ + queue * PAGE,
					   GUEST + SHADOWS + queue * sizeof(struct nmc_shadow), ENTRIES,
					   NMC_VECTOR_IO + queue - 1, coalesce_ns, { 0 } };
	struct nmc_sqe context = { .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = queue };

	memcpy(h->at + DATA, &config, sizeof(config));
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_CREATE, .id = queue, .addr = GUEST + DATA,
			 .bytes = sizeof(config) }, NULL), NMC_STATUS_OK);
	if (h->set.generation) {
		memcpy(h->at + DATA, &h->set, sizeof(h->set));
		context.addr = GUEST + DATA;
		context.count = 1;
		context.bytes = sizeof(h->set);
	}
	assert_int_equal(admin(h, context, NULL), NMC_STATUS_OK);
}

static inline unsigned int stop_queue(struct host *h, unsigned int queue, uint64_t how)
{
	return admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_STOP, .id = queue, .addr = GUEST + REPORT,
					  .bytes = sizeof(struct nmc_stop_report), .value = how }, NULL);
}

/* The program of a queue's jobs: LOOP @count over @body, then END, with slot 1 for bulk data. */
static inline void make_loop(struct host *h, unsigned int queue, uint32_t count, const void *body)
{
	struct nmc_isa_header head = { .magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR, .insns = 3, .slots = 2,
				       .sram_bytes = 4 << 20,
				       .groups = 1u << NMC_GROUP_CONTROL | 1u << NMC_GROUP_DATA };
	struct nmc_isa_control loop = { .c.opcode = NMC_OP_LOOP, .count = count, .body = 1 };
	struct nmc_isa_control end = { .c.opcode = NMC_OP_END };
	struct nmc_job_table table = { .sets = h->set.generation ? 1 : 0, .slots = 2 };
	struct nmc_slot slot[2] = { { GUEST + STREAM + queue * PAGE, 0, PAGE, 0, NMC_SLOT_READ },
				    { GUEST + BULK, 0, BULK_BYTES, 0, NMC_SLOT_READ | NMC_SLOT_WRITE } };
	uint8_t *stream = h->at + STREAM + queue * PAGE, *at = h->at + TABLE + queue * PAGE;

	memcpy(stream, &head, 64);
	memcpy(stream + 64, &loop, 64);
	memcpy(stream + 128, body, 64);
	memcpy(stream + 192, &end, 64);
	table.bytes = (uint32_t)(sizeof(table) + table.sets * sizeof(h->set) + sizeof(slot));
	memcpy(at, &table, sizeof(table));
	memcpy(at + sizeof(table), &h->set, sizeof(h->set));
	memcpy(at + sizeof(table) + table.sets * sizeof(h->set), slot, sizeof(slot));
}

/* Jobs that do nothing @count times. */
static inline void make_stream(struct host *h, unsigned int queue, uint32_t count)
{
	make_loop(h, queue, count, &(struct nmc_isa_control){ .c.opcode = NMC_OP_NOP });
}

/* Puts @n jobs into the ring and rings if asked to. Returns whether the doorbell was wanted. */
static inline bool submit(struct host *h, unsigned int queue, unsigned int n)
{
	const struct nmc_job_table *table = (void *)(h->at + TABLE + queue * PAGE);
	const struct nmc_isa_header *head = (void *)(h->at + STREAM + queue * PAGE);
	uint32_t old = h->tail[queue];

	while (n--) {
		struct nmc_sqe_job sqe = { .opcode = NMC_QUEUE_JOB, .cookie = h->tail[queue],
					   .table = GUEST + TABLE + queue * PAGE, .table_bytes = table->bytes,
					   .context = queue, .stream_bytes = 64 * (head->insns + 1), .job = h->tail[queue] + 1 };

		memcpy(descriptor(h, queue, h->tail[queue]++), &sqe, sizeof(sqe));
	}
	return show_tail(h, queue, old);
}

static inline struct nmc_cqe *completion(struct host *h, unsigned int queue)
{
	struct nmc_cqe *cqe = next_completion(h, queue);

	assert_int_equal(cqe->cookie, h->done[queue] - 1);
	return cqe;
}

/* Waits until the job in execution has told of its progress. */
static inline uint64_t wait_progress(struct host *h, unsigned int queue)
{
	uint64_t progress;

	while (!(progress = __atomic_load_n(&shadow(h, queue)->progress, __ATOMIC_ACQUIRE)))
		nap();
	return progress;
}

static inline uint64_t interrupts(struct host *h, unsigned int vector)
{
	uint64_t n = 0;

	return read(h->vector[vector], &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static inline struct nmc_queue_log counters(struct host *h, unsigned int queue)
{
	struct nmc_queue_log log;

	assert_int_equal(card_server_counters(h->server, queue, &log), 0);
	return log;
}

#endif
