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
