#include "build/expand.h"

#include "base/buffer.h"
#include "base/text.h"
#include "build/expand_pattern.h"

#include <ctype.h>
#include <string.h>

enum { WORK_MAX = 200 << 20 };

struct expander {
	const struct expand_scope *scope;
	const char *at;
	unsigned depth;
	int64_t work;
	/* of expand_words: a space outside quotes ends a word */
	bool split, in_word;
	struct arena *arena;
	char **words;
	size_t word_count, word_room;
};

static int until_read(struct expander *expander, char stop, struct buf *out, struct err *err);

static bool is_name(char c, bool first)
{
	return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* The name at the text: letters, or one special character, or digits. Empty: none. */
static char *name_read(struct arena *arena, const char **at)
{
	const char *start = *at, *end = start;
	if (is_name(*end, true)) {
		while (is_name(*end, false))
			end++;
	} else if (isdigit((unsigned char)*end)) {
		while (isdigit((unsigned char)*end))
			end++;
	} else if (*end && strchr("@*#?-$!", *end)) {
		end++;
	}
	*at = end;
	return arena_strndup(arena, start, (size_t)(end - start));
}

static const char *value_of(const struct expander *expander, const char *name)
{
	return expander->scope->get(expander->scope->cookie, name);
}

static void missing(const struct expander *expander, const char *name)
{
	if (expander->scope->missing)
		expander->scope->missing(expander->scope->cookie, name);
}

static int operator_word(struct expander *expander, struct buf *word, struct err *err)
{
	bool split = expander->split;
	expander->split = false;
	int rc = until_read(expander, '}', word, err);
	expander->split = split;
	if (rc == 0 && *expander->at++ != '}')
		return err_set(err, EINVAL, "syntax error: missing '}'");
	return rc;
}

/* ${name:-word} and its kin; at stands on - + or ?. */
static int choice_read(struct expander *expander, const char *name, bool colon, struct buf *out, struct err *err)
{
	auto_buf word = BUF_INIT(EXPAND_SIZE_MAX);
	char kind = *expander->at++;
	const char *value = value_of(expander, name);
	bool there = value && (!colon || *value);
	int rc = operator_word(expander, &word, err);
	if (rc < 0)
		return rc;
	switch (kind) {
	case '-':
		buf_text(out, there ? value : buf_str(&word));
		return 0;
	case '+':
		buf_text(out, there ? buf_str(&word) : "");
		return 0;
	default:
		if (there) {
			buf_text(out, value);
			return 0;
		}
		return err_set(err, EINVAL, "%s: %s", name,
			       word.len > 0 ? buf_str(&word) : "is not allowed to be unset");
	}
}

/* A pattern up to "}" or, for a replacement, "/"; escapes stay for the pattern itself. */
static int pattern_read(struct expander *expander, char stop, char **out_pattern, struct err *err)
{
	auto_buf raw = BUF_INIT(EXPAND_SIZE_MAX);
	for (; *expander->at && *expander->at != stop && *expander->at != '}'; expander->at++) {
		if (*expander->at == '$') {
			const char *before = expander->at++;
			char *name = name_read(expander->arena, &expander->at);
			const char *value = *name ? value_of(expander, name) : NULL;
			if (!*name)
				buf_char(&raw, *before);
			buf_text(&raw, value ? value : "");
			expander->at--;
			continue;
		}
		if (*expander->at == expander->scope->escape && expander->at[1])
			buf_char(&raw, *expander->at++);
		buf_char(&raw, *expander->at);
	}
	if (!*expander->at)
		return err_set(err, EINVAL, "syntax error: missing '}'");
	int rc = buf_check(&raw, "a pattern", err);
	*out_pattern = arena_strndup(expander->arena, buf_str(&raw), raw.len);
	return rc;
}

static int trim_read(struct expander *expander, const char *value, struct buf *out, struct err *err)
{
	char kind = *expander->at++, escape = expander->scope->escape;
	bool longest = *expander->at == kind;
	char *pattern;
	expander->at += longest;
	int rc = pattern_read(expander, '}', &pattern, err);
	if (rc < 0)
		return rc;
	expander->at++;
	value = value ? value : "";
	size_t size = strlen(value);
	if (kind == '#') {
		ssize_t end = pattern_prefix(pattern, escape, value, size, longest, &expander->work);
		buf_text(out, value + (end > 0 ? end : 0));
	} else {
		ssize_t start = pattern_suffix(pattern, escape, value, size, longest, &expander->work);
		buf_append(out, value, start >= 0 ? (size_t)start : size);
	}
	return 0;
}

static int replace_read(struct expander *expander, const char *value, struct buf *out, struct err *err)
{
	auto_buf with = BUF_INIT(EXPAND_SIZE_MAX);
	char *pattern;
	expander->at++;
	bool all = *expander->at == '/';
	expander->at += all;
	int rc = pattern_read(expander, '/', &pattern, err);
	if (rc == 0 && *expander->at == '/')
		expander->at++;
	if (rc == 0)
		rc = operator_word(expander, &with, err);
	if (rc < 0)
		return rc;
	pattern_replace(pattern, expander->scope->escape, value ? value : "", buf_str(&with), all, out,
			&expander->work);
	return 0;
}

static int braces_read(struct expander *expander, struct buf *out, struct err *err)
{
	char *name = name_read(expander->arena, &expander->at);
	const char *value = value_of(expander, name);
	if (!*name)
		return err_set(err, EINVAL, "syntax error: bad substitution");
	bool colon = *expander->at == ':';
	switch (colon ? expander->at[1] : *expander->at) {
	case '}':
		if (colon)
			break;
		expander->at++;
		if (!value)
			missing(expander, name);
		buf_text(out, value ? value : "");
		return 0;
	case '-':
	case '+':
	case '?':
		expander->at += colon;
		return choice_read(expander, name, colon, out, err);
	case '#':
	case '%':
		if (!colon)
			return trim_read(expander, value, out, err);
		break;
	case '/':
		if (!colon)
			return replace_read(expander, value, out, err);
		break;
	case 0:
		return err_set(err, EINVAL, "syntax error: missing '}'");
	}
	return err_set(err, EINVAL, "unsupported modifier (%.*s) in substitution", colon ? 2 : 1, expander->at);
}

/* Behind the "$". */
static int dollar_read(struct expander *expander, struct buf *out, struct err *err)
{
	if (*expander->at == '{') {
		if (expander->depth == EXPAND_DEPTH_MAX)
			return err_set(err, E2BIG, "variables are nested more than %d deep", EXPAND_DEPTH_MAX);
		expander->depth++;
		expander->at++;
		int rc = braces_read(expander, out, err);
		expander->depth--;
		if (rc == 0 && expander->work < 0)
			return err_set(err, E2BIG, "a pattern takes too long to match");
		return rc;
	}
	char *name = name_read(expander->arena, &expander->at);
	if (!*name) {
		buf_char(out, '$');
		return 0;
	}
	const char *value = value_of(expander, name);
	if (!value)
		missing(expander, name);
	buf_text(out, value ? value : "");
	return 0;
}

static int quoted_read(struct expander *expander, struct buf *out, struct err *err)
{
	char quote = *expander->at++, escape = expander->scope->escape;
	while (*expander->at && *expander->at != quote) {
		char c = *expander->at++;
		if (quote == '"' && c == '$') {
			int rc = dollar_read(expander, out, err);
			if (rc < 0)
				return rc;
			continue;
		}
		if (quote == '"' && c == escape && *expander->at) {
			/* Only these are special within double quotes. */
			if (*expander->at != '"' && *expander->at != '$' && *expander->at != escape)
				buf_char(out, c);
			c = *expander->at++;
		}
		buf_char(out, c);
	}
	if (!*expander->at)
		return err_set(err, EINVAL, "unexpected end of statement while looking for matching %s-quote",
			       quote == '"' ? "double" : "single");
	expander->at++;
	return 0;
}

static void word_end(struct expander *expander, struct buf *out)
{
	if (!expander->in_word)
		return;
	if (expander->word_count + 1 >= expander->word_room) {
		size_t room = expander->word_room ? 2 * expander->word_room : 16;
		char **more = arena_array(expander->arena, char *, room);
		if (expander->word_count > 0)
			memcpy(more, expander->words, expander->word_count * sizeof *more);
		expander->words = more;
		expander->word_room = room;
	}
	expander->words[expander->word_count++] = arena_strndup(expander->arena, buf_str(out), out->len);
	expander->words[expander->word_count] = NULL;
	buf_reset(out);
	expander->in_word = false;
}

/* What came out of a variable outside quotes is split too. */
static int dollar_split(struct expander *expander, struct buf *out, struct err *err)
{
	auto_buf value = BUF_INIT(EXPAND_SIZE_MAX);
	int rc = dollar_read(expander, &value, err);
	for (size_t i = 0; rc == 0 && i < value.len; i++) {
		if (isspace((unsigned char)value.data[i])) {
			word_end(expander, out);
		} else {
			expander->in_word = true;
			buf_char(out, value.data[i]);
		}
	}
	return rc;
}

static int escaped_read(struct expander *expander, struct buf *out)
{
	char escape = *expander->at++, next = *expander->at;
	if (expander->scope->keep_quotes && next != '$' && next != escape)
		buf_char(out, escape);
	else if (!next)
		buf_char(out, escape);
	else
		buf_char(out, *expander->at++);
	expander->in_word = true;
	return 0;
}

static int until_read(struct expander *expander, char stop, struct buf *out, struct err *err)
{
	int rc = 0;
	while (rc == 0 && *expander->at && *expander->at != stop) {
		char c = *expander->at;
		if (c == '$') {
			expander->at++;
			rc = expander->split ? dollar_split(expander, out, err) : dollar_read(expander, out, err);
		} else if ((c == '"' || c == '\'') && !expander->scope->keep_quotes) {
			expander->in_word = true;
			rc = quoted_read(expander, out, err);
		} else if (c == expander->scope->escape) {
			rc = escaped_read(expander, out);
		} else if (expander->split && isspace((unsigned char)c)) {
			expander->at++;
			word_end(expander, out);
		} else {
			expander->at++;
			expander->in_word = true;
			buf_char(out, c);
		}
		if (rc == 0)
			rc = buf_check(out, "the text with its variables", err);
	}
	return rc;
}

int expand_word(struct arena *arena, const struct expand_scope *scope, const char *text, char **out_text,
		struct err *err)
{
	struct expander expander = {.scope = scope, .at = text, .arena = arena, .work = WORK_MAX};
	auto_buf out = BUF_INIT(EXPAND_SIZE_MAX);
	int rc = until_read(&expander, 0, &out, err);
	if (rc < 0)
		return err_wrap(err, "failed to process \"%.200s\"", text);
	*out_text = arena_strndup(arena, buf_str(&out), out.len);
	return 0;
}

int expand_words(struct arena *arena, const struct expand_scope *scope, const char *text, char ***out_words,
		 struct err *err)
{
	struct expander expander = {.scope = scope, .at = text, .arena = arena, .work = WORK_MAX, .split = true};
	auto_buf out = BUF_INIT(EXPAND_SIZE_MAX);
	int rc = until_read(&expander, 0, &out, err);
	if (rc < 0)
		return err_wrap(err, "failed to process \"%.200s\"", text);
	word_end(&expander, &out);
	*out_words = expander.words ? expander.words : arena_array(arena, char *, 1);
	return 0;
}
