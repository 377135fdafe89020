#include "docker/glob.h"

#include <string.h>

enum token_kind {
	TOKEN_CHAR,
	TOKEN_ONE,	    /* ? */
	TOKEN_STAR,	    /* * */
	TOKEN_DEEP,	    /* ** at the end or before something that is no slash: anything */
	TOKEN_DIRS_OUTSIDE, /* **, slash: nothing, or what the next token takes */
	TOKEN_DIRS_INSIDE,  /* ... anything up to a slash */
	TOKEN_CLASS,
};

struct range {
	uint32_t low, high;
};

struct token {
	enum token_kind kind;
	uint32_t character;
	bool negated;
	struct range *ranges;
	size_t range_count;
};

struct glob {
	struct token *tokens;
	size_t count;
};

/* One character of UTF-8; a byte that is none stands for itself, above all characters. */
static uint32_t character_read(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *)*at;
	size_t left = (size_t)(end - *at), more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc2 ? 1 : 0;
	uint32_t value = more == 3 ? p[0] & 7u : more == 2 ? p[0] & 15u : p[0] & 31u;
	bool good = p[0] < 0x80 || (more > 0 && p[0] < 0xf5 && left > more);
	for (size_t i = 1; good && i <= more; i++) {
		good = (p[i] & 0xc0) == 0x80;
		value = value << 6 | (p[i] & 63u);
	}
	if (p[0] < 0x80 || !good) {
		*at += 1;
		return p[0] < 0x80 ? p[0] : 0x110000u + p[0];
	}
	*at += more + 1;
	return value;
}

static int bad(struct err *err)
{
	return err_set(err, EINVAL, "syntax error in pattern");
}

static int class_character(const char **at, const char *end, uint32_t *out, struct err *err)
{
	if (*at == end || **at == '-' || **at == ']')
		return bad(err);
	if (**at == '\\' && ++*at == end)
		return bad(err);
	*out = character_read(at, end);
	return 0;
}

/* Behind the "[". */
static int class_read(struct arena *arena, const char **at, const char *end, struct token *token, struct err *err)
{
	token->kind = TOKEN_CLASS;
	token->ranges = arena_array(arena, struct range, (size_t)(end - *at) + 1);
	if (*at < end && **at == '^') {
		token->negated = true;
		++*at;
	}
	for (;;) {
		struct range range;
		if (*at < end && **at == ']' && token->range_count > 0) {
			++*at;
			return 0;
		}
		int rc = class_character(at, end, &range.low, err);
		if (rc < 0)
			return rc;
		range.high = range.low;
		if (*at < end && **at == '-') {
			++*at;
			rc = class_character(at, end, &range.high, err);
			if (rc < 0)
				return rc;
		}
		token->ranges[token->range_count++] = range;
	}
}

static void stars_read(struct glob *glob, const char **at, const char *end, enum glob_kind kind)
{
	bool deep = false;
	const char *p = *at;
	for (; p < end && *p == '*'; p++)
		deep = deep || (p > *at && kind == GLOB_DEEP);
	if (!deep) {
		glob->tokens[glob->count++].kind = TOKEN_STAR;
	} else if (p < end && *p == '/') {
		glob->tokens[glob->count++].kind = TOKEN_DIRS_OUTSIDE;
		glob->tokens[glob->count++].kind = TOKEN_DIRS_INSIDE;
		p++;
	} else {
		glob->tokens[glob->count++].kind = TOKEN_DEEP;
	}
	*at = p;
}

int glob_compile(struct arena *arena, const char *pattern, enum glob_kind kind, const struct glob **out_glob,
		 struct err *err)
{
	size_t size = strlen(pattern);
	const char *end = pattern + size;
	if (size > GLOB_MAX)
		return err_set(err, E2BIG, "a pattern is longer than %d bytes", GLOB_MAX);
	struct glob *glob = arena_new(arena, struct glob);
	glob->tokens = arena_array(arena, struct token, size + 2);
	for (const char *at = pattern; at < end;) {
		struct token *token = &glob->tokens[glob->count];
		int rc = 0;
		if (*at == '*') {
			stars_read(glob, &at, end, kind);
			continue;
		}
		if (*at == '?') {
			token->kind = TOKEN_ONE;
			at++;
		} else if (*at == '[') {
			at++;
			rc = class_read(arena, &at, end, token, err);
		} else {
			if (*at == '\\' && ++at == end)
				return bad(err);
			token->character = character_read(&at, end);
		}
		if (rc < 0)
			return rc;
		glob->count++;
	}
	*out_glob = glob;
	return 0;
}

/* All states that are reached without a character more; states is ascending in effect, one pass is enough. */
static void states_close(const struct glob *glob, bool *states)
{
	for (size_t i = 0; i < glob->count; i++) {
		if (!states[i])
			continue;
		enum token_kind kind = glob->tokens[i].kind;
		if (kind == TOKEN_STAR || kind == TOKEN_DEEP)
			states[i + 1] = true;
		if (kind == TOKEN_DIRS_OUTSIDE)
			states[i + 1] = states[i + 2] = true;
	}
}

static bool class_has(const struct token *token, uint32_t character)
{
	bool found = false;
	for (size_t i = 0; i < token->range_count && !found; i++)
		found = token->ranges[i].low <= character && character <= token->ranges[i].high;
	return found != token->negated;
}

static void states_step(const struct glob *glob, const bool *from, bool *to, uint32_t character)
{
	for (size_t i = 0; i < glob->count; i++) {
		const struct token *token = &glob->tokens[i];
		if (!from[i])
			continue;
		switch (token->kind) {
		case TOKEN_CHAR:
			to[i + 1] |= token->character == character;
			break;
		case TOKEN_ONE:
			to[i + 1] |= character != '/';
			break;
		case TOKEN_CLASS:
			to[i + 1] |= character != '/' && class_has(token, character);
			break;
		case TOKEN_STAR:
			to[i] |= character != '/';
			break;
		case TOKEN_DEEP:
			to[i] = true;
			break;
		case TOKEN_DIRS_OUTSIDE:
			break;
		case TOKEN_DIRS_INSIDE:
			to[i] = true;
			to[i + 1] |= character == '/';
			break;
		}
	}
}

bool glob_match(const struct glob *glob, const char *name, size_t size)
{
	bool states[2][GLOB_MAX + 4];
	size_t room = glob->count + 2, now = 0;
	memset(states[0], 0, room);
	states[0][0] = true;
	states_close(glob, states[0]);
	for (const char *at = name, *end = name + size; at < end; now = !now) {
		memset(states[!now], 0, room);
		states_step(glob, states[now], states[!now], character_read(&at, end));
		states_close(glob, states[!now]);
	}
	return states[now][glob->count];
}

bool glob_is_pattern(const char *text)
{
	return text[strcspn(text, "*?[\\")] != 0;
}
