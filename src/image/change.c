/* `--change`: instructions of a Dockerfile applied to an image's configuration. */
#include "image/change.h"

#include "base/text.h"
#include "image/job.h"

#include <string.h>
#include <strings.h>

struct change {
	struct arena *arena;
	struct oci_image_run *run;
	const char *word; /* "CMD" */
	const char *rest;
};

/* ["a", "b"], or a command line for the shell. */
static int words_read(const struct change *change, char ***out_words, struct err *err)
{
	const struct json *list;
	struct err not_json;
	if (change->rest[0] == '[' &&
	    json_parse(change->arena, change->rest, strlen(change->rest), change->word, &list, &not_json) == 0 &&
	    list->kind == JSON_ARRAY) {
		char **words = arena_array(change->arena, char *, list->count + 1);
		for (size_t i = 0; i < list->count; i++) {
			if (list->items[i]->kind != JSON_STRING)
				return err_set(err, EINVAL, "%s: not a list of strings", change->word);
			words[i] = arena_strdup(change->arena, list->items[i]->text);
		}
		*out_words = words;
		return 0;
	}
	char **words = arena_array(change->arena, char *, 4);
	words[0] = arena_strdup(change->arena, "/bin/sh");
	words[1] = arena_strdup(change->arena, "-c");
	words[2] = arena_strdup(change->arena, change->rest);
	*out_words = words;
	return 0;
}

static int cmd_apply(const struct change *change, struct err *err)
{
	return words_read(change, text_equal(change->word, "CMD") ? &change->run->cmd : &change->run->entrypoint, err);
}

/* KEY=VALUE, or "KEY VALUE"; quotes around the value go. */
static int pair_read(const struct change *change, char **out_key, char **out_value, struct err *err)
{
	size_t size = strcspn(change->rest, "= \t");
	if (size == 0 || !change->rest[size])
		return err_set(err, EINVAL, "%s must have two arguments", change->word);
	const char *value = change->rest + size + 1;
	size_t length = strlen(value);
	bool quoted = length > 1 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0];
	*out_key = arena_strndup(change->arena, change->rest, size);
	*out_value = arena_strndup(change->arena, value + quoted, length - 2 * quoted);
	return 0;
}

static int env_apply(const struct change *change, struct err *err)
{
	char *key, *value;
	int rc = pair_read(change, &key, &value, err);
	if (rc < 0)
		return rc;
	size_t count = strv_count(change->run->env), at = 0, size = strlen(key);
	char **env = arena_array(change->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(change->run->env[i], key, size) != 0 || change->run->env[i][size] != '=')
			env[at++] = change->run->env[i];
	}
	env[at] = arena_printf(change->arena, "%s=%s", key, value);
	change->run->env = env;
	return 0;
}

static int label_apply(const struct change *change, struct err *err)
{
	struct json_map *labels = &change->run->labels;
	struct json_pair *pairs = arena_array(change->arena, struct json_pair, labels->count + 1);
	if (labels->count > 0)
		memcpy(pairs, labels->items, labels->count * sizeof *pairs);
	labels->items = pairs;
	int rc = pair_read(change, &pairs[labels->count].key, &pairs[labels->count].value, err);
	labels->count += rc == 0;
	return rc;
}

static void member_add(const struct change *change, struct oci_set_member **items, size_t *count, const char *key)
{
	struct oci_set_member *members = arena_array(change->arena, struct oci_set_member, *count + 1);
	if (*count > 0)
		memcpy(members, *items, *count * sizeof *members);
	members[(*count)++].key = arena_strdup(change->arena, key);
	*items = members;
}

static int members_apply(const struct change *change, struct err *err)
{
	(void)err;
	auto_strv char **words = strv_split(change->rest, ' ');
	for (char **word = words; *word; word++) {
		if (!**word)
			continue;
		if (text_equal(change->word, "VOLUME"))
			member_add(change, &change->run->volumes.items, &change->run->volumes.count, *word);
		else
			member_add(change, &change->run->exposed_ports.items, &change->run->exposed_ports.count,
				   strchr(*word, '/') ? *word : arena_printf(change->arena, "%s/tcp", *word));
	}
	return 0;
}

static int text_apply(const struct change *change, struct err *err)
{
	char *text = arena_strdup(change->arena, change->rest);
	(void)err;
	if (text_equal(change->word, "USER"))
		change->run->user = text;
	else if (text_equal(change->word, "WORKDIR"))
		change->run->working_dir = text;
	else
		change->run->stop_signal = text;
	return 0;
}

static int on_build_apply(const struct change *change, struct err *err)
{
	struct oci_image_run *run = change->run;
	size_t count = strv_count(run->on_build);
	char **list = arena_array(change->arena, char *, count + 2);
	(void)err;
	if (count > 0)
		memcpy(list, run->on_build, count * sizeof *list);
	list[count] = arena_strdup(change->arena, change->rest);
	run->on_build = list;
	return 0;
}

static const struct {
	const char *word;
	int (*apply)(const struct change *change, struct err *err);
} rows[] = {
    {"CMD", cmd_apply},		{"ENTRYPOINT", cmd_apply},   {"ENV", env_apply},      {"EXPOSE", members_apply},
    {"LABEL", label_apply},	{"USER", text_apply},	     {"WORKDIR", text_apply}, {"VOLUME", members_apply},
    {"STOPSIGNAL", text_apply}, {"ONBUILD", on_build_apply},
};

int change_apply(struct arena *arena, const char *instruction, struct oci_image_run *run, struct err *err)
{
	size_t size = strcspn(instruction, " \t");
	const char *rest = instruction + size + strspn(instruction + size, " \t");
	for (size_t i = 0; i < array_size(rows); i++) {
		if (strlen(rows[i].word) != size || strncasecmp(rows[i].word, instruction, size) != 0)
			continue;
		if (!*rest)
			return err_set(err, EINVAL, "%s requires at least one argument", rows[i].word);
		const struct change change = {arena, run, rows[i].word, rest};
		return rows[i].apply(&change, err);
	}
	return err_set(err, EINVAL, "%.*s is not a valid change command", (int)size, instruction);
}

int image_change_check(const char *instruction, struct err *err)
{
	auto_arena arena = {0};
	struct oci_image_run run = {0};
	return change_apply(&arena, instruction, &run, err);
}
