/* SPDX-License-Identifier: MIT */
/*
 * Reading a deck: the tree that YAML is made into, the table of keys, and what stands behind each of them. Used by
 * card/cell/deck*.c alone.
 */
#ifndef NMC_CARD_DECK_READ_H
#define NMC_CARD_DECK_READ_H

#include "card/cell/deck.h"

#define NODES		1024	/* keys, values and entries of a deck */
#define DEPTH		6	/* nesting of a deck */
#define PATH		96	/* bytes of a path, its NUL included */
#define KEYS		96	/* at least the entries of the table */
#define QUOTE		48	/* bytes of a deck that an error text repeats at most */

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

/* A value of the deck; @key is empty within a list. */
struct node {
	enum node_kind kind;
	unsigned int line;
	const char *key;
	const char *text;
	struct node *child;
	struct node *next;
};

/* Units of one measure. A number of unit u is stored as number * u->factor + u->offset. */
struct unit {
	const char *name;
	double factor;
	double offset;
};

struct dimension {
	const char *name;	/* "conductance" */
	const char *base;	/* unit of what is stored, empty for a pure number */
	const struct unit *unit;
};

struct choice {
	const char *name;
	uint32_t value;
};

/* How a key is stored: enum deck_kind says most; floats and doubles are told by the field's size. */
struct key {
	const char *path;
	enum deck_kind kind;
	const struct dimension *dimension;
	const struct choice *choice;
	size_t offset;
	size_t bytes;
	double low;
	double high;
	double standard;
	bool required;
	uint32_t models;
	uint32_t needed;
	const char *meaning;
};

/* A reading in progress; nodes and texts live as long as it does. */
struct reader {
	const char *file;
	char *error;
	size_t error_bytes;
	struct deck *deck;
	unsigned int line[KEYS];	/* where each key of the table stands, 0 = nowhere */
	unsigned int spread_line[DECK_SPREADS];
	struct node *root;
	struct node node[NODES];
	unsigned int nodes;
	char text[2 * DECK_BYTES];	/* scalars; an escape sequence can be longer than it was */
	size_t text_bytes;
};

/* Fills the error text with "FILE:LINE: PATH: reason" and returns -EINVAL. */
int deck_bad(struct reader *r, unsigned int line, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What of @text may stand in an error text: short, and without control characters. */
struct quote {
	char text[QUOTE + 4];
};
struct quote deck_quote(const char *text);

/* deck_yaml.c: bytes to a tree, r->root */
int deck_tree(struct reader *r, const char *text, size_t bytes);

/* deck_value.c: one value each; @path is for the error text */
int deck_number(struct reader *r, const struct node *n, const char *path, const struct dimension *d, double *value);
int deck_value(struct reader *r, const struct node *n, const char *path, const struct key *key, void *field);
const struct unit *deck_unit(const struct dimension *d, const char *name);
void deck_units(const struct dimension *d, char *text, size_t bytes);
void deck_words(const struct choice *c, char *text, size_t bytes);

/* deck_curve.c */
int deck_curve(struct reader *r, const struct node *n, const char *path, const struct key *key,
	       struct deck_curve *curve);

/* deck_keys.c */
extern const struct key deck_keys[];		/* ends with a NULL path */
extern const struct key deck_spread_keys[];	/* of an entry of "spread"; offsets in struct deck_spread */
extern const struct dimension deck_pure, deck_siemens;
extern const struct choice deck_models[];

/* deck.c: line of a section or of the deck, for what is missing */
unsigned int deck_line(const struct reader *r, const char *path);

/* Made from card/decks/ by card/decks/embed; ends with a NULL name. */
struct deck_file {
	const char *name;
	const char *text;
};
extern const struct deck_file deck_files[];

/* deck_check.c: what no single key can tell */
int deck_check(struct reader *r);

#endif
