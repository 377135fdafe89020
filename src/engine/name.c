#include "engine/name.h"

#include "base/random.h"

#include <stdio.h>

#include <string.h>

static const char *const adjectives[] = {
    "able",   "agile",	"amber",  "ample",   "apt",    "bold",	 "brave",  "bright",  "brisk",	"calm",
    "candid", "clever", "cosmic", "crisp",   "deft",   "eager",	 "early",  "earnest", "fair",	"fleet",
    "fond",   "frank",	"fresh",  "gentle",  "glad",   "grand",	 "happy",  "hardy",   "honest", "humble",
    "jolly",  "keen",	"kind",	  "lively",  "loyal",  "lucid",	 "mellow", "merry",   "mild",	"modest",
    "neat",   "nimble", "noble",  "patient", "plain",  "polite", "proud",  "quick",   "quiet",	"ready",
    "sharp",  "silent", "sober",  "steady",  "sturdy", "sunny",	 "swift",  "tidy",    "vivid",	"wise",
};

/* People to whom computing owes something. */
static const char *const surnames[] = {
    "allen",	"babbage",  "backus",	 "bartik",   "berners",	 "boole",  "cerf",	"church",  "clarke",
    "codd",	"conway",   "cray",	 "curie",    "dijkstra", "easley", "engelbart", "euler",   "floyd",
    "gauss",	"goldberg", "goodall",	 "hamilton", "hamming",	 "hoare",  "holberton", "hopper",  "jennings",
    "johnson",	"kay",	    "kernighan", "kleene",   "knuth",	 "lamarr", "lamport",	"leavitt", "lederberg",
    "liskov",	"lovelace", "mccarthy",	 "mcnulty",  "meitner",	 "milner", "minsky",	"neumann", "noether",
    "perlman",	"perlis",   "postel",	 "ritchie",  "shannon",	 "sammet", "spence",	"tarjan",  "tesla",
    "thompson", "torvalds", "turing",	 "wescoff",  "wilkes",	 "wirth",
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int name_check(const char *name, struct err *err)
{
	bool good = is_word(name[0]) && name[1];
	for (const char *c = name; *c && good; c++)
		good = is_word(*c) || strchr("_.-", *c);
	if (!good || strlen(name) > 255)
		return err_set(err, EINVAL, "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			       name);
	return 0;
}

void name_make_up(unsigned attempt, char out_name[NAME_TEXT])
{
	unsigned char dice[4];
	random_bytes(dice, sizeof dice);
	int length = snprintf(out_name, NAME_TEXT, "%s_%s", adjectives[dice[0] % array_size(adjectives)],
			      surnames[dice[1] % array_size(surnames)]);
	if (attempt > 0)
		snprintf(out_name + length, NAME_TEXT - (size_t)length, "%u", dice[2] % 10);
}
