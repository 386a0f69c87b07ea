/* SPDX-License-Identifier: MIT */
/*
 * What the control socket can be told.
 */
#ifndef NMC_COMMAND_H
#define NMC_COMMAND_H

#include "card/card.h"

struct json_object;

/**
 * struct command_card - the card that commands act on
 * @card: the card
 * @server: its endpoint
 * @state: its state file, NULL if it has none
 * @power_lost: out: the process is to end as soon as the answer is on its way
 */
struct command_card {
	struct card *card;
	struct card_server *server;
	const char *state;
	bool power_lost;
};

/* Carries out one line; the answer, an object whose first key is "error" if the command failed. */
struct json_object *command_carry_out(struct command_card *c, const char *line);

#endif
