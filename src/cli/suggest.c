#include "cli/suggest.h"

#include <string.h>

enum { WORD_MAX = 32, FAR = 3 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau and Levenshtein's distance, neighbours that are exchanged counting as one. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], a_size = strlen(a), b_size = strlen(b);
	if (a_size > WORD_MAX || b_size > WORD_MAX)
		return FAR;
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_size; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_size];
}

const char *suggest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	/* Of a short word two letters are nearly all. */
	size_t nearest = strlen(word) < 4 ? 2 : FAR;
	for (size_t i = 0; i < count; i++) {
		size_t far = distance(word, words[i]);
		if (far < nearest && far < strlen(words[i])) {
			nearest = far;
			best = words[i];
		}
	}
	return best;
}
