#include "docker/platform.h"

#include "base/text.h"

#include <string.h>

/* Names that mean the same. */
static const struct {
	const char *other, *name, *variant;
} architectures[] = {
    {"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", ""},
    {"armhf", "arm", "v7"},  {"armel", "arm", "v6"},  {"i386", "386", ""},
};

static bool is_system(const char *word)
{
	static const char *const systems[] = {"linux", "windows", "darwin", "freebsd"};
	for (size_t i = 0; i < array_size(systems); i++)
		if (text_equal(systems[i], word))
			return true;
	return false;
}

static void normalise(struct oci_platform *platform)
{
	for (size_t i = 0; i < array_size(architectures); i++) {
		if (!text_equal(architectures[i].other, platform->architecture ? platform->architecture : ""))
			continue;
		platform->architecture = (char *)architectures[i].name;
		if (text_empty(platform->variant))
			platform->variant = (char *)architectures[i].variant;
	}
}

static int words_read(struct arena *arena, const char *text, struct oci_platform *platform, struct err *err)
{
	auto_strv char **words = strv_split(text, '/');
	size_t count = strv_count(words);
	for (char **word = words; *word; word++) {
		if (!**word ||
		    strspn(*word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(*word))
			return err_set(err, EINVAL, "\"%.64s\": invalid platform: invalid component \"%.64s\"", text,
				       *word);
	}
	if (count > 3)
		return err_set(err, EINVAL, "\"%.64s\": invalid platform: cannot parse platform specifier", text);
	bool system = count > 1 || is_system(words[0]);
	if (system)
		platform->os = arena_strdup(arena, words[0]);
	if (!system || count > 1)
		platform->architecture = arena_strdup(arena, words[system ? 1 : 0]);
	if (count > 2)
		platform->variant = arena_strdup(arena, words[2]);
	return 0;
}

int platform_parse(struct arena *arena, const char *text, struct oci_platform *out_platform, struct err *err)
{
	struct oci_platform platform = {0};
	int rc = text[0] == '{'
		     ? json_load(arena, &table_oci_platform, text, strlen(text), "platform", 0, &platform, err)
		     : words_read(arena, text, &platform, err);
	if (rc < 0)
		return rc;
	normalise(&platform);
	*out_platform = platform;
	return 0;
}

static bool word_fits(const char *wanted, const char *word)
{
	return text_empty(wanted) || text_equal(wanted, word ? word : "");
}

bool platform_fits(const struct oci_platform *wanted, const char *os, const char *architecture, const char *variant)
{
	struct oci_platform have = {.os = (char *)(text_empty(os) ? "linux" : os),
				    .architecture = (char *)architecture,
				    .variant = (char *)variant};
	normalise(&have);
	bool arm64 = text_equal(have.architecture ? have.architecture : "", "arm64");
	if (arm64 && text_empty(have.variant))
		have.variant = (char *)"v8";
	return word_fits(wanted->os, have.os) && word_fits(wanted->architecture, have.architecture) &&
	       word_fits(wanted->variant, have.variant);
}

char *platform_text(struct arena *arena, const char *os, const char *architecture, const char *variant)
{
	bool more = !text_empty(variant);
	return arena_printf(arena, "%s/%s%s%s", text_empty(os) ? "linux" : os, architecture ? architecture : "",
			    more ? "/" : "", more ? variant : "");
}
