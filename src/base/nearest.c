#include "base/nearest.h"

#include <string.h>

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

const char *word_nearest(const char *word, const char *const *known, size_t count, unsigned far)
{
	const char *best = NULL;
	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(word, known[i]);
		if (d < far && d < strlen(known[i])) {
			far = d;
			best = known[i];
		}
	}
	return best;
}
