#include "engine/log_spec.h"

#include "base/text.h"
#include "docker/size.h"
#include "engine/engine_state.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_DEFAULT = 20000000, FILES_DEFAULT = 3, LOCAL_FILES_DEFAULT = 5, FILES_MAX = 1000, PATTERN_MAX = 256 };
#define LOCAL_FILE "local.log"

enum driver { DRIVER_JSON_FILE = 1, DRIVER_LOCAL = 2, DRIVER_SYSLOG = 4, DRIVER_JOURNALD = 8, DRIVER_NONE = 16 };

static const struct {
	const char *name;
	enum driver driver;
} drivers[] = {{"json-file", DRIVER_JSON_FILE},
	       {"local", DRIVER_LOCAL},
	       {"syslog", DRIVER_SYSLOG},
	       {"journald", DRIVER_JOURNALD},
	       {"none", DRIVER_NONE}};

/* Which driver takes which option. */
static const struct {
	const char *name;
	unsigned drivers;
} options[] = {
    {"max-size", DRIVER_JSON_FILE | DRIVER_LOCAL},
    {"max-file", DRIVER_JSON_FILE | DRIVER_LOCAL},
    {"compress", DRIVER_JSON_FILE | DRIVER_LOCAL},
    {"labels", DRIVER_JSON_FILE | DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"labels-regex", DRIVER_JSON_FILE | DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"env", DRIVER_JSON_FILE | DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"env-regex", DRIVER_JSON_FILE | DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"tag", DRIVER_JSON_FILE | DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"syslog-address", DRIVER_SYSLOG},
    {"syslog-facility", DRIVER_SYSLOG},
    {"syslog-format", DRIVER_SYSLOG},
    {"mode", ~0U},
    {"max-buffer-size", ~0U},
    {"cache-disabled", DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"cache-max-size", DRIVER_SYSLOG | DRIVER_JOURNALD},
    {"cache-max-file", DRIVER_SYSLOG | DRIVER_JOURNALD},
};

static const char *const facilities[] = {
    "kern", "user", "mail", "daemon", "auth",	"syslog", "lpr",    "news",   "uucp",	"cron",	  "authpriv", "ftp",
    NULL,   NULL,   NULL,   NULL,     "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};

static int driver_find(const char *name, enum driver *out_driver, struct err *err)
{
	for (size_t i = 0; i < array_size(drivers); i++) {
		if (text_equal(name, drivers[i].name)) {
			*out_driver = drivers[i].driver;
			return 0;
		}
	}
	return err_set(err, EINVAL, "logger: no log driver named '%s' is registered", name);
}

static const char *option_get(const struct log_config *log, const char *name)
{
	const char *value = json_map_get(&log->config, name);
	return value ? value : "";
}

static int names_check(const struct log_config *log, enum driver driver, struct err *err)
{
	for (size_t i = 0; i < log->config.count; i++) {
		const char *name = log->config.items[i].key;
		bool known = false;
		for (size_t k = 0; k < array_size(options) && !known; k++)
			known = text_equal(options[k].name, name) && options[k].drivers & driver;
		if (!known)
			return err_set(err, EINVAL, "unknown log opt '%s' for %s log driver", name, log->type);
	}
	return 0;
}

/* --- the file --- */

static int file_limits(const struct log_config *log, bool cached, struct log_options *out, struct err *err)
{
	const char *size = option_get(log, cached ? "cache-max-size" : "max-size");
	const char *files = option_get(log, cached ? "cache-max-file" : "max-file");
	bool local = cached || text_equal(log->type, "local");
	out->size = SIZE_DEFAULT;
	out->files = local ? LOCAL_FILES_DEFAULT : FILES_DEFAULT;
	int rc = 0;
	if (text_equal(size, "-1"))
		out->size = 0;
	else if (*size)
		rc = size_parse(size, &out->size, err);
	if (rc == 0 && *files)
		rc = number_parse(files, 1, FILES_MAX, "max-file", &out->files, err);
	if (rc == 0 && text_equal(option_get(log, "compress"), "true"))
		rc = err_set(err, EOPNOTSUPP, "LogConfig: compress is known, but not supported yet");
	return rc;
}

static int mode_check(const struct log_config *log, enum driver driver, struct log_options *out, struct err *err)
{
	const char *mode = option_get(log, "mode"), *size = option_get(log, "max-buffer-size");
	if (*mode && !text_equal(mode, "blocking") && !text_equal(mode, "non-blocking"))
		return err_set(err, EINVAL, "logger: logging mode not supported: %s", mode);
	if (*size && !text_equal(mode, "non-blocking"))
		return err_set(err, EINVAL,
			       "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
	/* A file is written into the kernel's cache; only a disk that hangs could hold that up. */
	(void)driver;
	out->buffer = LOG_BUFFER_DEFAULT;
	return *size ? size_parse(size, &out->buffer, err) : 0;
}

/* --- attributes --- */

static bool listed(const char *list, const char *key)
{
	auto_strv char **words = strv_split(list, ',');
	for (char **word = words; *list && *word; word++) {
		if (text_equal(*word, key))
			return true;
	}
	return false;
}

static int pattern_make(const char *text, regex_t *out_pattern, struct err *err)
{
	if (strlen(text) > PATTERN_MAX || strpbrk(text, "{}") ||
	    regcomp(out_pattern, text, REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(err, EINVAL, "LogConfig: not an expression that can be matched: %s", text);
	return 0;
}

static void attribute_add(struct buf *out, const char *key, const char *value)
{
	if (out->len > 0)
		buf_char(out, ',');
	json_encode_string(out, key);
	buf_char(out, ':');
	json_encode_string(out, value);
}

/* Labels and variables that are named by the list or fit the expression. */
static int attributes_pick(const struct json_pair *pairs, size_t count, const char *list, const char *expression,
			   struct buf *out, struct err *err)
{
	regex_t pattern;
	if (*expression) {
		int rc = pattern_make(expression, &pattern, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < count; i++) {
		if (listed(list, pairs[i].key) || (*expression && regexec(&pattern, pairs[i].key, 0, NULL, 0) == 0))
			attribute_add(out, pairs[i].key, pairs[i].value);
	}
	if (*expression)
		regfree(&pattern);
	return 0;
}

static int attributes_make(const struct container *container, struct arena *arena, const char *tag, char **out_text,
			   struct err *err)
{
	const struct container_config *config = &container->document.config;
	const struct log_config *log = &container->document.host.log;
	auto_buf text = BUF_INIT(LOG_ATTRIBUTES_MAX);
	size_t count = 0;
	struct json_pair *variables = arena_array(arena, struct json_pair, strv_count(config->env) + 1);
	for (char *const *item = config->env; item && *item; item++) {
		size_t size = strcspn(*item, "=");
		if ((*item)[size])
			variables[count++] = (struct json_pair){arena_strndup(arena, *item, size), *item + size + 1};
	}
	int rc = attributes_pick(config->labels.items, config->labels.count, option_get(log, "labels"),
				 option_get(log, "labels-regex"), &text, err);
	if (rc == 0)
		rc =
		    attributes_pick(variables, count, option_get(log, "env"), option_get(log, "env-regex"), &text, err);
	if (rc == 0 && *option_get(log, "tag"))
		attribute_add(&text, "tag", tag);
	if (rc == 0)
		rc = buf_check(&text, "LogConfig: labels and environment", err);
	*out_text = arena_strdup(arena, buf_str(&text));
	return rc;
}

/* --- the tag: a template of a few names --- */

static int tag_make(const struct container *container, struct arena *arena, const char *template, char **out_tag,
		    struct err *err)
{
	const struct container_document *document = &container->document;
	const char *image = document->image_id ? document->image_id : "";
	const char *bare = text_after(image, "sha256:") ? text_after(image, "sha256:") : image;
	const struct {
		const char *name, *value;
	} names[] = {{"{{.ID}}", arena_printf(arena, "%.12s", container->id)},
		     {"{{.FullID}}", container->id},
		     {"{{.Name}}", container->name},
		     {"{{.ImageID}}", arena_printf(arena, "%.12s", bare)},
		     {"{{.ImageFullID}}", image},
		     {"{{.ImageName}}", document->image ? document->image : ""},
		     {"{{.DaemonName}}", "docker"}};
	auto_buf text = BUF_INIT(4096);
	for (const char *at = *template ? template : "{{.ID}}"; *at;) {
		size_t i = 0;
		while (i < array_size(names) && !text_after(at, names[i].name))
			i++;
		if (i < array_size(names)) {
			buf_text(&text, names[i].value ? names[i].value : "");
			at += strlen(names[i].name);
		} else if (text_after(at, "{{")) {
			return err_set(err, EINVAL, "LogConfig: tag: \"%s\" is not a name that a tag has", at);
		} else {
			buf_char(&text, *at++);
		}
	}
	*out_tag = arena_strdup(arena, buf_str(&text));
	return buf_check(&text, "LogConfig: tag", err);
}

/* --- syslog --- */

static int syslog_fill(const struct log_config *log, struct log_options *out, struct err *err)
{
	static const char *const schemes[] = {"unix://", "unixgram://", "udp://", "tcp://"};
	static const char *const formats[] = {"rfc3164", "rfc5424", "rfc5424micro"};
	const char *address = option_get(log, "syslog-address"), *facility = option_get(log, "syslog-facility"),
		   *format = option_get(log, "syslog-format");
	bool known = !*address;
	for (size_t i = 0; i < array_size(schemes) && !known; i++)
		known = text_after(address, schemes[i]) != NULL;
	if (text_after(address, "tcp+tls://"))
		return err_set(err, EOPNOTSUPP, "syslog-address: tcp+tls is known, but not supported yet");
	if (!known)
		return err_set(err, EINVAL, "syslog-address should be in form proto://address, got %s", address);
	out->address = (char *)(*address ? address : "unixgram:///dev/log");
	out->facility = 3; /* daemon */
	if (*facility && number_parse(facility, 0, 23, "syslog-facility", &out->facility, err) < 0) {
		size_t i = 0;
		while (i < array_size(facilities) && !(facilities[i] && text_equal(facilities[i], facility)))
			i++;
		if (i == array_size(facilities))
			return err_set(err, EINVAL, "invalid syslog facility");
		out->facility = (int64_t)i;
	}
	out->format = (char *)(*format ? format : "rfc3164");
	for (size_t i = 0; i < array_size(formats); i++) {
		if (text_equal(out->format, formats[i]))
			return 0;
	}
	return err_set(err, EINVAL, "Invalid syslog format");
}

/* --- the whole --- */

static bool is_cached(const struct log_config *log)
{
	const char *off = option_get(log, "cache-disabled");
	return !text_equal(off, "true") && !text_equal(off, "1");
}

static int common_fill(const struct log_config *log, enum driver *out_driver, struct log_options *out, struct err *err)
{
	int rc = driver_find(log->type, out_driver, err);
	if (rc == 0)
		rc = names_check(log, *out_driver, err);
	if (rc == 0)
		rc = mode_check(log, *out_driver, out, err);
	if (rc == 0)
		rc = file_limits(log, *out_driver & (DRIVER_SYSLOG | DRIVER_JOURNALD), out, err);
	if (rc == 0 && *out_driver == DRIVER_SYSLOG)
		rc = syslog_fill(log, out, err);
	return rc;
}

int log_spec_check(const struct log_config *log, struct err *err)
{
	struct log_options ignored = {0};
	enum driver driver;
	return common_fill(log, &driver, &ignored, err);
}

char *log_spec_file(const struct container *container, struct arena *arena)
{
	const struct log_config *log = &container->document.host.log;
	if (text_equal(log->type, "json-file"))
		return arena_printf(arena, "%s-json.log", container->id);
	if (text_equal(log->type, "none") || (!text_equal(log->type, "local") && !is_cached(log)))
		return NULL;
	return (char *)LOCAL_FILE;
}

int log_spec(const struct container *container, struct arena *arena, struct log_options *out_options, struct err *err)
{
	const struct log_config *log = &container->document.host.log;
	struct log_options made = {0};
	enum driver driver;
	int rc = common_fill(log, &driver, &made, err);
	if (rc == 0)
		rc = tag_make(container, arena, option_get(log, "tag"), &made.tag, err);
	if (rc == 0)
		rc = attributes_make(container, arena, made.tag, &made.attributes, err);
	if (rc < 0)
		return rc;
	made.file = log_spec_file(container, arena);
	made.remote = (char *)(driver == DRIVER_SYSLOG ? "syslog" : driver == DRIVER_JOURNALD ? "journald" : "");
	made.id = (char *)container->id;
	made.name = container->name;
	made.image = container->document.image;
	*out_options = made;
	return 0;
}
