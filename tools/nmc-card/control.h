/* SPDX-License-Identifier: MIT */
/*
 * The control socket: one line in, one line of JSON out.
 */
#ifndef NMC_CONTROL_H
#define NMC_CONTROL_H

#include <stddef.h>

struct command_card;
struct control;

#define CONTROL_POWER_LOST	3	/* exit status of the card after power-loss */

/* Offers the socket, served by a thread of its own; @path and @card must outlive it. 0 or a negative errno with a text. */
int control_start(const char *path, struct command_card *card, struct control **control, char *error, size_t bytes);
void control_stop(struct control *control);

/* Gives a command to a card that runs and prints the answer. 0, or -1 after a message. */
int control_command(const char *path, int argc, char **argv);

#endif
