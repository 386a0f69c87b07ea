// SPDX-License-Identifier: MIT
/*
 * Decks, from bytes to a tree: the part of YAML 1.1 that a deck may use, which is mappings, lists and scalars,
 * without anchors, aliases, tags and further documents, bounded in depth and number, no key twice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>
#include "card/cell/deck_read.h"

static int yaml_bad(struct reader *r, const yaml_parser_t *y)
{
	unsigned int line = (unsigned int)y->problem_mark.line + 1;

	if (y->error == YAML_MEMORY_ERROR) {
		snprintf(r->error, r->error_bytes, "%s: out of memory", r->file);
		return -ENOMEM;
	}
	return deck_bad(r, line, "", "not YAML: %s%s%s", y->problem ? y->problem : "unknown problem",
			y->context ? " " : "", y->context ? y->context : "");
}

/* The next event; whatever decks may not use is refused here. */
static int next_event(struct reader *r, yaml_parser_t *y, yaml_event_t *e)
{
	const unsigned char *anchor = NULL, *tag = NULL;
	const char *what = NULL;

	if (!yaml_parser_parse(y, e))
		return yaml_bad(r, y);
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		what = "an alias";
		break;
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
		break;
	default:
		break;
	}
	what = anchor ? "an anchor" : tag ? "a tag" : what;
	if (!what)
		return 0;
	deck_bad(r, (unsigned int)e->start_mark.line + 1, "", "%s; decks have none", what);
	yaml_event_delete(e);
	return -EINVAL;
}

static int keep_text(struct reader *r, const yaml_event_t *e, const char **text)
{
	size_t bytes = e->data.scalar.length;
	unsigned int line = (unsigned int)e->start_mark.line + 1;

	if (memchr(e->data.scalar.value, 0, bytes))
		return deck_bad(r, line, "", "a NUL character");
	if (bytes >= sizeof(r->text) - r->text_bytes)
		return deck_bad(r, line, "", "too much text");
	*text = memcpy(r->text + r->text_bytes, e->data.scalar.value, bytes);
	r->text[r->text_bytes + bytes] = '\0';
	r->text_bytes += bytes + 1;
	return 0;
}

static int new_node(struct reader *r, const yaml_event_t *e, struct node **n)
{
	unsigned int line = (unsigned int)e->start_mark.line + 1;

	if (r->nodes == NODES)
		return deck_bad(r, line, "", "more than %d values", NODES);
	*n = &r->node[r->nodes++];
	(*n)->line = line;
	(*n)->key = "";
	(*n)->text = "";
	(*n)->kind = e->type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST;
	if (e->type != YAML_SCALAR_EVENT)
		return 0;
	(*n)->kind = NODE_SCALAR;
	return keep_text(r, e, &(*n)->text);
}

static int new_key(struct reader *r, const struct node *map, const yaml_event_t *e, const char **key)
{
	unsigned int line = (unsigned int)e->start_mark.line + 1;
	const struct node *n;
	int ret;

	if (e->type != YAML_SCALAR_EVENT)
		return deck_bad(r, line, "", "a key must be a word");
	ret = keep_text(r, e, key);
	if (ret)
		return ret;
	for (n = map->child; n; n = n->next)
		if (!strcmp(n->key, *key))
			return deck_bad(r, line, deck_quote(*key).text, "stands twice, first in line %u", n->line);
	return 0;
}

static bool is_end(const yaml_event_t *e)
{
	return e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT;
}

static int read_children(struct reader *r, yaml_parser_t *y, struct node *parent, unsigned int depth);

/* One child of @parent into *@link; *@end is set if there was none. */
static int read_child(struct reader *r, yaml_parser_t *y, struct node *parent, struct node **link,
		      unsigned int depth, bool *end)
{
	const char *key = "";
	unsigned int line;
	yaml_event_t e;
	int ret = next_event(r, y, &e);

	if (ret)
		return ret;
	line = (unsigned int)e.start_mark.line + 1;
	*end = is_end(&e);
	if (!*end && parent->kind == NODE_MAP) {
		ret = new_key(r, parent, &e, &key);
		yaml_event_delete(&e);
		if (!ret)
			ret = next_event(r, y, &e);
		if (ret)
			return ret;
	}
	if (!*end) {
		ret = new_node(r, &e, link);
		if (!ret) {
			(*link)->key = key;
			(*link)->line = line;
		}
	}
	yaml_event_delete(&e);
	if (ret || *end || (*link)->kind == NODE_SCALAR)
		return ret;
	return read_children(r, y, *link, depth + 1);
}

static int read_children(struct reader *r, yaml_parser_t *y, struct node *parent, unsigned int depth)
{
	struct node **link = &parent->child;
	bool end = false;
	int ret = depth > DEPTH ? deck_bad(r, parent->line, "", "nested deeper than %d", DEPTH) : 0;

	while (!ret) {
		ret = read_child(r, y, parent, link, depth, &end);
		if (ret || end)
			break;
		link = &(*link)->next;
	}
	return ret;
}

/* An event of type @type is next. */
static int expect(struct reader *r, yaml_parser_t *y, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t e;
	int ret = next_event(r, y, &e);

	if (ret)
		return ret;
	if (e.type != type)
		ret = deck_bad(r, (unsigned int)e.start_mark.line + 1, "", "%s", otherwise);
	yaml_event_delete(&e);
	return ret;
}

static int read_root(struct reader *r, yaml_parser_t *y)
{
	yaml_event_t e;
	int ret = next_event(r, y, &e);

	if (ret)
		return ret;
	if (e.type == YAML_MAPPING_START_EVENT)
		ret = new_node(r, &e, &r->root);
	else
		ret = deck_bad(r, (unsigned int)e.start_mark.line + 1, "",
			       "not a deck: keys with values are expected");
	yaml_event_delete(&e);
	return ret ? ret : read_children(r, y, r->root, 1);
}

int deck_tree(struct reader *r, const char *text, size_t bytes)
{
	yaml_parser_t y;
	int ret;

	if (!yaml_parser_initialize(&y)) {
		snprintf(r->error, r->error_bytes, "%s: out of memory", r->file);
		return -ENOMEM;
	}
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)text, bytes);
	ret = expect(r, &y, YAML_STREAM_START_EVENT, "not YAML");
	if (!ret)
		ret = expect(r, &y, YAML_DOCUMENT_START_EVENT, "an empty file");
	if (!ret)
		ret = read_root(r, &y);
	if (!ret)
		ret = expect(r, &y, YAML_DOCUMENT_END_EVENT, "text after the deck");
	if (!ret)
		ret = expect(r, &y, YAML_STREAM_END_EVENT, "a second document; a deck is one");
	yaml_parser_delete(&y);
	return ret;
}
