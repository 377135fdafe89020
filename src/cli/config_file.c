#include "cli/config_file.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int config_dir(struct arena *arena, const char **out_path, struct err *err)
{
	const char *own = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	if (text_empty(own) && text_empty(home))
		return err_set(err, ENOENT, "neither DOCKER_CONFIG nor HOME is set");
	*out_path = text_empty(own) ? arena_printf(arena, "%s/.docker", home) : own;
	return 0;
}

int config_read(struct arena *arena, struct buf *text, struct err *err)
{
	const char *dir;
	struct err missing;
	int rc = config_dir(arena, &dir, err);
	if (rc < 0)
		return rc;
	const char *path = arena_printf(arena, "%s/config.json", dir);
	rc = file_read(AT_FDCWD, path, text, &missing);
	return rc < 0 && rc != -ENOENT && rc != -ENOTDIR ? err_set(err, missing.code, "%s: %s", path, missing.msg) : 0;
}

int config_load(struct arena *arena, const struct json **out_value, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_FILE_MAX);
	const char *dir;
	struct err homeless;
	*out_value = NULL;
	if (config_dir(arena, &dir, &homeless) < 0)
		return 0;
	int rc = config_read(arena, &text, err);
	return rc < 0 || text.len == 0 ? rc : json_parse(arena, text.data, text.len, "config.json", out_value, err);
}

/* --- editing --- */

/* The text is known to be JSON: only strings and brackets need to be told apart. */
static const char *blank_skip(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static const char *string_skip(const char *at)
{
	for (at++; *at != '"'; at++)
		at += *at == '\\';
	return at + 1;
}

static const char *value_skip(const char *at)
{
	int depth = 0;
	do {
		if (*at == '"') {
			at = string_skip(at);
			continue;
		}
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		at++;
	} while (depth > 0 || !strchr(",}] \t\r\n", *at));
	return at;
}

struct member {
	const char *before;	 /* behind the value before it, or behind the bracket */
	const char *key, *value; /* the quote; the first byte */
	const char *end;	 /* behind the value */
};

/* The member of that index, as the parser counts them. */
static struct member member_at(const char *text, size_t index)
{
	const char *before = strchr(text, '{') + 1;
	for (;; index--) {
		struct member member = {.before = before};
		member.key = blank_skip(before);
		if (*member.key == ',')
			member.key = blank_skip(member.key + 1);
		member.value = blank_skip(blank_skip(string_skip(member.key)) + 1);
		member.end = value_skip(member.value);
		if (index == 0)
			return member;
		before = member.end;
	}
}

static void member_remove(const char *text, size_t index, struct buf *out)
{
	const struct member member = member_at(text, index);
	const char *rest = member.end;
	if (index == 0 && *blank_skip(rest) == ',') /* the comma in front is that of another one otherwise */
		rest = blank_skip(rest) + 1;
	buf_append(out, text, (size_t)(member.before - text));
	buf_text(out, rest);
}

static void member_replace(const char *text, size_t index, const char *value, struct buf *out)
{
	const struct member member = member_at(text, index);
	buf_append(out, text, (size_t)(member.value - text));
	buf_text(out, value);
	buf_text(out, member.end);
}

/* As the last one, laid out as the one before it. */
static void member_add(const char *text, size_t count, const char *key, const char *value, struct buf *out)
{
	const char *end = strchr(text, '{') + 1, *space = "\n\t", *close = "\n";
	size_t space_size = strlen(space);
	if (count > 0) {
		const struct member last = member_at(text, count - 1);
		space = last.before + (count > 1 ? (size_t)(blank_skip(last.before) - last.before) + 1 : 0);
		space_size = (size_t)(last.key - space);
		end = last.end;
		close = "";
	}
	buf_append(out, text, (size_t)(end - text));
	buf_text(out, count > 0 ? "," : "");
	buf_append(out, space, space_size);
	json_encode_string(out, key);
	buf_printf(out, ": %s%s", value, close);
	buf_text(out, count > 0 ? end : blank_skip(end));
}

int config_edit(const char *text, size_t size, const char *key, const char *value, struct buf *out, struct err *err)
{
	auto_arena arena = {0};
	const struct json *config;
	size_t index = 0;
	text = size > 0 ? arena_strndup(&arena, text, size) : "{}\n";
	int rc = json_parse(&arena, text, size > 0 ? size : strlen(text), "config.json", &config, err);
	if (rc < 0)
		return rc;
	if (config->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "config.json: not an object");
	while (index < config->count && !text_equal(config->keys[index], key))
		index++;
	if (index < config->count && value)
		member_replace(text, index, value, out);
	else if (index < config->count)
		member_remove(text, index, out);
	else if (value)
		member_add(text, config->count, key, value, out);
	else
		buf_text(out, text);
	return buf_check(out, "config.json", err);
}

/* --- writing --- */

/* Somebody may keep the file elsewhere and have a link here. */
static int place_find(const char *dir, char out_dir[PATH_MAX], const char **out_name, struct err *err)
{
	auto_free char *path = x_printf("%s/config.json", dir);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make %s", dir);
	if (!realpath(path, out_dir))
		snprintf(out_dir, PATH_MAX, "%s", path);
	char *slash = strrchr(out_dir, '/');
	*slash = 0;
	*out_name = slash + 1;
	return 0;
}

int config_write(const struct buf *text, struct err *err)
{
	auto_arena arena = {0};
	char place[PATH_MAX];
	const char *dir, *name = NULL;
	int rc = config_dir(&arena, &dir, err);
	if (rc == 0)
		rc = place_find(dir, place, &name, err);
	if (rc < 0)
		return rc;
	auto_fd int folder = open(*place ? place : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, "open %s", place);
	return file_replace(folder, name, text->data, text->len, 0600, err);
}
