/* SPDX-License-Identifier: MIT */
/*
 * The last word of a tool about its standard output.
 */
#ifndef NMC_OUTPUT_H
#define NMC_OUTPUT_H

/* Closes standard output; returns @status, or EXIT_FAILURE after a message if success would lie: not all was written. */
int output_end(const char *tool, int status);

#endif
