#include "build/words.h"

#include "base/json.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

char **words_split(struct arena *arena, const char *text)
{
	size_t count = 0, size = strlen(text);
	char **words = arena_array(arena, char *, size / 2 + 2);
	for (const char *at = text; *at;) {
		if (is_space(*at)) {
			at++;
			continue;
		}
		const char *start = at;
		while (*at && !is_space(*at))
			at++;
		words[count++] = arena_strndup(arena, start, (size_t)(at - start));
	}
	return words;
}

char **words_split_quoted(struct arena *arena, const char *text, char escape)
{
	size_t count = 0, size = strlen(text);
	char **words = arena_array(arena, char *, size / 2 + 2);
	for (const char *at = text; *at;) {
		if (is_space(*at)) {
			at++;
			continue;
		}
		const char *start = at;
		char quote = 0;
		for (; *at && (quote || !is_space(*at)); at++) {
			/* Within single quotes nothing is special. */
			if (*at == escape && quote != '\'' && at[1])
				at++;
			else if (quote && *at == quote)
				quote = 0;
			else if (!quote && (*at == '"' || *at == '\''))
				quote = *at;
		}
		words[count++] = arena_strndup(arena, start, (size_t)(at - start));
	}
	return words;
}

bool words_json(struct arena *arena, const char *text, char ***out_words)
{
	const struct json *list;
	struct err ignored;
	while (is_space(*text))
		text++;
	if (*text != '[' || json_parse(arena, text, strlen(text), "list", &list, &ignored) < 0 ||
	    list->kind != JSON_ARRAY)
		return false;
	char **words = arena_array(arena, char *, list->count + 1);
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->kind != JSON_STRING)
			return false;
		words[i] = arena_strdup(arena, list->items[i]->text);
	}
	*out_words = words;
	return true;
}

/* Insertions, deletions, changes and swaps of neighbours between two short words. */
static unsigned distance(const char *a, const char *b)
{
	enum { MAX = 24 };
	unsigned rows[MAX + 1][MAX + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > MAX || lb > MAX)
		return MAX;
	for (size_t i = 0; i <= la; i++) {
		for (size_t k = 0; k <= lb; k++) {
			if (i == 0 || k == 0) {
				rows[i][k] = (unsigned)(i + k);
				continue;
			}
			unsigned least = rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			least = rows[i - 1][k] + 1 < least ? rows[i - 1][k] + 1 : least;
			least = rows[i][k - 1] + 1 < least ? rows[i][k - 1] + 1 : least;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    rows[i - 2][k - 2] + 1 < least)
				least = rows[i - 2][k - 2] + 1;
			rows[i][k] = least;
		}
	}
	return rows[la][lb];
}

const char *word_nearest(const char *word, const char *const *known, size_t count)
{
	const char *best = NULL;
	unsigned least = 4;
	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(word, known[i]);
		if (d < least && d < strlen(known[i])) {
			least = d;
			best = known[i];
		}
	}
	return best;
}
