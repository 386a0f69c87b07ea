// SPDX-License-Identifier: MIT
/*
 * A hostile host: the input is a sequence of (u16 command, u16 length, payload), each handled as if it had come over the
 * socket without descriptors. Command 0 is none of the protocol's: its payload, a u32 offset and bytes, goes into the
 * memory that the card reaches at address 0, so that rings, descriptors, tables and streams are the input's too. After a
 * doorbell the card has a moment to act on them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "card/pcie/vfu.h"

#define MEMORY	(256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct endpoint *e;
static uint8_t *memory;
static int memory_fd;

static void start(void)
{
	const struct card_options options = { .tiles = 2, .rows = 4, .cols = 4, .threads = 1, .engines = 1, .queues = 2 };
	const struct card_server_options server = { .irq = CARD_IRQ_MSIX };
	struct card *card;
	char error[128];

	memory_fd = memfd_create("host", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory_fd < 0 || ftruncate(memory_fd, MEMORY))
		abort();
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	if (memory == MAP_FAILED || card_create(&options, &card, error, sizeof(error)) ||
	    endpoint_create(card, &server, &e))
		abort();
}

static void write_memory(const struct vfu_message *m)
{
	uint32_t at;
	size_t bytes = m->bytes - sizeof(at);

	if (m->bytes < sizeof(at))
		return;
	memcpy(&at, m->data, sizeof(at));
	if (at < MEMORY)
		memcpy(memory + at, m->data + sizeof(at), bytes < MEMORY - at ? bytes : MEMORY - at);
}

static bool rings(const struct vfu_message *m)
{
	struct vfu_access a;

	if (m->header.command != VFU_REGION_WRITE || m->bytes < sizeof(a))
		return false;
	memcpy(&a, m->data, sizeof(a));
	return a.region == NMC_BAR_REGS && (a.offset >= NMC_DOORBELL_BASE || a.offset == NMC_REG_CTRL);
}

static void handle(struct vfu_message *m)
{
	struct vfu_reply reply = { .bytes = 0 };
	int ret;

	if (!m->header.command) {
		write_memory(m);
		return;
	}
	ret = vfu_handle(e, m, &reply);
	if (ret < 0 || reply.bytes > sizeof(reply.data))
		abort();
	if (rings(m))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dma_region all = { .address = 0, .size = MEMORY, .writable = true };

	if (!e)
		start();
	memset(memory, 0, MEMORY);
	if (dma_map(&e->host.dma, &all, memory_fd, 0))
		abort();
	dma_master(&e->host.dma, true);
	while (size >= 4) {
		struct vfu_message m = { .data = data + 4 };
		uint16_t length;

		memcpy(&m.header.command, data, 2);
		memcpy(&length, data + 2, 2);
		m.bytes = length < size - 4 ? length : size - 4;
		handle(&m);
		data += 4 + m.bytes;
		size -= 4 + m.bytes;
	}
	endpoint_reset(e);
	dma_unmap_all(&e->host.dma);
	return 0;
}
