/* SPDX-License-Identifier: MIT */
/*
 * Pictures: gnuplot draws them, with its commands on its standard input.
 */
#ifndef TOOLS_GNUPLOT_H
#define TOOLS_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

/* Terminal (SVG of @width x @height), colours and axes that all our pictures have. */
void gnuplot_style(FILE *f, unsigned int width, unsigned int height);

/* Text in quotes in which gnuplot substitutes nothing. */
void gnuplot_text(FILE *f, const char *text);

/* Draws to the open file @to what the commands say. Return: 0, or -1 with what is wrong and what to do in @error. */
int gnuplot_draw(const char *commands, size_t bytes, int to, char *error, size_t room);

/* The same to a new file @path, which replaces another when it is complete. */
int gnuplot_file(const char *commands, size_t bytes, const char *path, char *error, size_t room);

#endif
