// SPDX-License-Identifier: MIT
/*
 * Hostile vfio-user messages: the input is a sequence of (u16 command, u16 length, payload), each handled as if it had
 * come over the socket without descriptors.
 */
#include <stdlib.h>
#include <string.h>
#include "card/pcie/vfu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct card_options options = { .tiles = 1, .rows = 4, .cols = 4, .threads = 1, .engines = 1, .queues = 1 };
	static struct endpoint *e;
	struct card *card;
	char error[128];

	if (!e && (card_create(&options, &card, error, sizeof(error)) || endpoint_create(card, CARD_IRQ_MSIX, &e)))
		abort();
	while (size >= 4) {
		struct vfu_message m = { .data = data + 4 };
		struct vfu_reply reply = { .bytes = 0 };
		uint16_t length;
		int ret;

		memcpy(&m.header.command, data, 2);
		memcpy(&length, data + 2, 2);
		m.bytes = length < size - 4 ? length : size - 4;
		ret = vfu_handle(e, &m, &reply);
		if (ret < 0 || reply.bytes > sizeof(reply.data))
			abort();
		data += 4 + m.bytes;
		size -= 4 + m.bytes;
	}
	dma_unmap_all(&e->host.dma);
	return 0;
}
