#include "daemon/config.h"
#include "base/file.h"
#include "base/text.h"
#include "daemon/config_value.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

struct source {
	struct arena *arena;
	char *const *env;
	struct daemon_config *config;
};

static const struct config_row *find_row(const char *key)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (text_equal(config_rows[i].key, key))
			return &config_rows[i];
	return NULL;
}

/* --- the file --- */

static bool is_later(const char *key)
{
	for (const char *const *later = config_later; *later; later++)
		if (text_equal(*later, key))
			return true;
	return false;
}

static int load_file(struct source *source, const char *path, bool must_exist, struct err *err)
{
	auto_buf text = BUF_INIT(FILE_MAX);
	const struct json *document;
	if (file_read(AT_FDCWD, path, &text, err) < 0)
		return err->code == ENOENT && !must_exist ? 0 : -err->code;
	if (strspn(buf_str(&text), " \t\r\n") == text.len)
		return 0;
	if (json_parse(source->arena, text.data, text.len, path, &document, err) < 0)
		return -err->code;
	if (document->kind != JSON_OBJECT)
		return err_set(err, EINVAL, "%s: an object is wanted", path);
	for (size_t i = 0; i < document->count; i++) {
		const char *key = document->keys[i];
		const struct config_row *row = find_row(key);
		if (!row && is_later(key))
			return err_set(err, EOPNOTSUPP, "%s: %s: known to Docker, not there yet", path, key);
		if (!row)
			return err_set(err, EINVAL, "%s: %s: unknown key", path, key);
		if (config_set_json(source->arena, source->config, row, document->items[i], source->env, err) < 0)
			return err_wrap(err, "%s: %s", path, key);
	}
	return 0;
}

/* --- the environment --- */

static int load_environment(struct source *source, struct err *err)
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		char name[64] = "TUG_";
		size_t length = 4;
		for (const char *at = row->key; *at; at++)
			name[length++] = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
		for (char *const *item = source->env; item && *item; item++)
			if (strncmp(*item, name, length) == 0 && (*item)[length] == '=' &&
			    config_set_all(source->arena, source->config, row, *item + length + 1, ',', err) < 0)
				return err_wrap(err, "%s in the environment", name);
	}
	return 0;
}

/* --- flags --- */

struct flag {
	const struct config_row *row; /* NULL: a command or --config-file */
	const char *name;	      /* as it was written */
	const char *value;	      /* behind '=', or NULL */
};

static const struct {
	const char *name;
	size_t offset;
} commands[] = {
    {"help", offsetof(struct config_command, help)},
    {"version", offsetof(struct config_command, version)},
    {"validate", offsetof(struct config_command, validate)},
    {"purge", offsetof(struct config_command, purge)},
};

static const struct config_row *find_flag(const char *name, size_t length, char letter)
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		const char *flag = row->flag ? row->flag : row->key;
		if (letter ? row->letter == letter : strlen(flag) == length && strncmp(flag, name, length) == 0)
			return row;
	}
	return NULL;
}

static bool set_command(struct config_command *command, const char *name, size_t length)
{
	for (size_t i = 0; i < array_size(commands); i++) {
		if (strlen(commands[i].name) == length && strncmp(commands[i].name, name, length) == 0) {
			*(bool *)((char *)command + commands[i].offset) = true;
			return true;
		}
	}
	return false;
}

/* Splits one argument; *at moves on to the value where that is the next argument. */
static int read_flag(char *const **at, struct config_command *command, struct flag *out_flag, struct err *err)
{
	const char *word = **at;
	struct flag flag = {.name = word};
	bool is_long = word[0] == '-' && word[1] == '-';
	if (word[0] != '-' || !word[1])
		return err_set(err, EINVAL, "%s: an argument is not expected; see tugd --help", word);
	const char *name = word + (is_long ? 2 : 1);
	const char *equals = is_long ? strchr(name, '=') : NULL;
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	flag.value = equals ? equals + 1 : NULL;
	if (!is_long && name[1])
		flag.value = name + 1;
	if (is_long ? set_command(command, name, length) : text_equal(word, "-v") && (command->version = true)) {
		*out_flag = (struct flag){0};
		return 0;
	}
	flag.row = find_flag(name, length, is_long ? 0 : *name);
	if (!flag.row && !(is_long && length == 11 && strncmp(name, "config-file", 11) == 0)) {
		auto_free char *key = x_strndup(name, length);
		if (is_long && is_later(key))
			return err_set(err, EOPNOTSUPP, "--%s: known to Docker, not there yet", key);
		return err_set(err, EINVAL, "unknown flag: %s; see tugd --help", word);
	}
	if (!flag.value && flag.row && flag.row->type == CONFIG_BOOL)
		flag.value = "true";
	if (!flag.value) {
		if (!(*at)[1])
			return err_set(err, EINVAL, "flag needs an argument: %s", word);
		flag.value = *++*at;
	}
	*out_flag = flag;
	return 0;
}

static int load_flags(struct source *source, char *const *argv, struct err *err)
{
	bool seen[64] = {false};
	struct config_command ignored = {0};
	for (char *const *at = argv[0] ? argv + 1 : argv; *at; at++) {
		struct flag flag;
		if (read_flag(&at, &ignored, &flag, err) < 0)
			return -err->code;
		if (!flag.row)
			continue;
		/* The first flag of a list replaces what file and environment said; more of them add. */
		size_t index = (size_t)(flag.row - config_rows);
		if (!seen[index])
			config_clear(source->config, flag.row);
		seen[index] = true;
		if (config_set_text(source->arena, source->config, flag.row, flag.value, err) < 0)
			return err_wrap(err, "%s", flag.name);
	}
	return 0;
}

/* --- all of it --- */

static int load_defaults(struct source *source, struct err *err)
{
	_Static_assert(sizeof(struct daemon_config) < 4096, "offsets fit");
	if (config_row_count > 64)
		BUG("more rows than load_flags remembers");
	for (size_t i = 0; i < config_row_count; i++)
		if (config_set_all(source->arena, source->config, &config_rows[i], config_rows[i].initial, ' ', err) <
		    0)
			return err_wrap(err, "default of %s", config_rows[i].key);
	return 0;
}

int config_load(struct arena *arena, char *const *argv, char *const *env, struct daemon_config *out_config,
		struct config_command *out_command, struct err *err)
{
	struct daemon_config config = {.file = arena_strdup(arena, CONFIG_FILE)};
	struct config_command command = {0};
	struct source source = {arena, env, &config};
	bool file_named = false;
	for (char *const *at = argv[0] ? argv + 1 : argv; *at; at++) {
		struct flag flag;
		if (read_flag(&at, &command, &flag, err) < 0)
			return -err->code;
		if (!flag.row && flag.value) {
			config.file = arena_strdup(arena, flag.value);
			file_named = true;
		}
	}
	if (load_defaults(&source, err) < 0 || load_file(&source, config.file, file_named, err) < 0 ||
	    load_environment(&source, err) < 0 || load_flags(&source, argv, err) < 0)
		return -err->code;
	if (strv_count(config.hosts) == 0 &&
	    config_set_text(arena, &config, find_row("hosts"),
			    arena_printf(arena, "unix://%s/tug.sock", config.exec_root), err) < 0)
		return -err->code;
	*out_config = config;
	*out_command = command;
	return 0;
}

static bool same(const struct daemon_config *a, const struct daemon_config *b, const struct config_row *row)
{
	const void *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
	switch (row->type) {
	case CONFIG_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
		return *(const int64_t *)x == *(const int64_t *)y;
	case CONFIG_TEXT:
	case CONFIG_CHOICE:
	case CONFIG_PATH:
		return text_equal(*(char *const *)x, *(char *const *)y);
	case CONFIG_LIST: {
		char *const *p = *(char ***)(uintptr_t)x, *const *q = *(char ***)(uintptr_t)y;
		size_t count = strv_count(p);
		if (count != strv_count(q))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!text_equal(p[i], q[i]))
				return false;
		return true;
	}
	case CONFIG_MAP: {
		const struct json_map *p = x, *q = y;
		if (p->count != q->count)
			return false;
		for (size_t i = 0; i < p->count; i++) {
			const char *other = json_map_get(q, p->items[i].key);
			if (!other || !text_equal(other, p->items[i].value))
				return false;
		}
		return true;
	}
	case CONFIG_POOLS:
		if (a->address_pools.count != b->address_pools.count)
			return false;
		for (size_t i = 0; i < a->address_pools.count; i++)
			if (!text_equal(a->address_pools.items[i].base, b->address_pools.items[i].base) ||
			    a->address_pools.items[i].size != b->address_pools.items[i].size)
				return false;
		return true;
	}
	return true;
}

void config_compare(const struct daemon_config *old, const struct daemon_config *new,
		    void (*changed)(void *cookie, const struct config_row *row), void *cookie)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (!same(old, new, &config_rows[i]))
			changed(cookie, &config_rows[i]);
}

void config_help(struct buf *out)
{
	buf_text(out,
		 "Usage: tugd [FLAGS]\n\nThe engine: listens for tug and for Docker's clients, runs containers.\n\n"
		 "      --config-file FILE           (default " CONFIG_FILE ")\n"
		 "      --validate                   check the configuration and end\n"
		 "      --purge                      remove what an engine of this configuration left on this host, "
		 "and end\n"
		 "      --help\n"
		 "  -v, --version\n\n"
		 "Every other flag is a key of the configuration file, and TUG_KEY in the environment:\n\n");
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		char letter[8] = "    ";
		if (row->letter)
			snprintf(letter, sizeof letter, "-%c, ", row->letter);
		buf_printf(out, "  %s--%-26s %s", letter, row->flag ? row->flag : row->key, row->help);
		if (*row->initial)
			buf_printf(out, " (default %s)", row->initial);
		buf_char(out, '\n');
	}
}
