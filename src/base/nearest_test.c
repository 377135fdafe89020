#include "base/nearest.h"

#include "unit/test.h"

#include <string.h>

/* As the command line asks: of a short word two letters are nearly all. */
static const char *suggest(const char *word, const char *const *words, size_t count)
{
	return word_nearest(word, words, count, strlen(word) < 4 ? 2 : 3);
}

TEST(the_nearest_word_is_meant)
{
	static const char *const words[] = {"run", "rm", "rmi", "ps", "images", "image", "inspect", "container"};
	size_t count = array_size(words);
	CHECK_STR(suggest("rnu", words, count), "run");
	CHECK_STR(suggest("imagse", words, count), "images");
	CHECK_STR(suggest("inspct", words, count), "inspect");
	CHECK_STR(suggest("contianer", words, count), "container");
	CHECK_STR(suggest("pss", words, count), "ps");
	CHECK(!suggest("nonsense", words, count));
	CHECK(!suggest("x", words, count));
	CHECK(!suggest("", words, count));
	CHECK(!suggest("a-word-that-is-longer-than-any-command-there-is", words, count));
}
