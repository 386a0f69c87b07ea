/* SPDX-License-Identifier: MIT */
/*
 * One vfio-user client: takes messages apart, answers them. Everything that comes from the socket is hostile.
 */
#ifndef NMC_VFU_H
#define NMC_VFU_H

#include "card/pcie/regs.h"
#include "card/pcie/vfu_proto.h"

/**
 * struct vfu_message - a message as received
 * @header: its header
 * @data: payload
 * @bytes: length of the payload
 * @fds: descriptors that came with it; taken ones are set to -1
 * @fd_count: how many
 * @fd_excess: there were more than a message may have
 */
struct vfu_message {
	struct vfu_header header;
	const uint8_t *data;
	size_t bytes;
	int fds[VFU_MAX_FDS];
	unsigned int fd_count;
	bool fd_excess;
};

/**
 * struct vfu_reply - answer under construction
 * @data: payload
 * @bytes: length of the payload
 */
struct vfu_reply {
	uint8_t data[VFU_MAX_DATA + 64];
	size_t bytes;
};

/* Carries out one message. 0, or a positive errno for the reply's error field. */
int vfu_handle(struct endpoint *e, struct vfu_message *m, struct vfu_reply *reply);

/* Receives and answers one message from @fd. 0, or -1 if the client is gone or speaks nonsense. */
int vfu_serve(struct endpoint *e, int fd);

#endif
