#include "base/log.h"
#include "base/buffer.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LINE_MAX_BYTES = 16 << 10 };

enum sink_kind { SINK_FD, SINK_JOURNALD };

static struct sink {
	enum sink_kind kind;
	enum log_format format;
	int fd;
	bool own; /* closed by log_close */
} sinks[LOG_SINKS_MAX];
static size_t sink_count;
static enum log_level current_level = LOG_LEVEL_INFO;

static const struct {
	const char *name;
	char priority; /* of syslog */
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", '7'}, [LOG_LEVEL_INFO] = {"info", '6'},   [LOG_LEVEL_WARN] = {"warn", '4'},
    [LOG_LEVEL_ERROR] = {"error", '3'}, [LOG_LEVEL_FATAL] = {"fatal", '2'},
};

int log_level_parse(const char *text, enum log_level *out_level, struct err *err)
{
	for (size_t i = 0; i < array_size(levels); i++) {
		if (text_equal(text, levels[i].name)) {
			*out_level = (enum log_level)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "\"%s\" is not a log level: debug, info, warn, error, fatal", text);
}

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_get_level(void)
{
	return current_level;
}

static int add_sink(struct sink sink, struct err *err)
{
	if (sink_count == LOG_SINKS_MAX)
		return err_set(err, ENOSPC, "more than %d places for the log", LOG_SINKS_MAX);
	sinks[sink_count++] = sink;
	return 0;
}

int log_add_fd(int fd, enum log_format format, struct err *err)
{
	return add_sink((struct sink){SINK_FD, format, fd, false}, err);
}

int log_add_file(const char *path, enum log_format format, struct err *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_sys(err, "log file %s", path);
	if (add_sink((struct sink){SINK_FD, format, fd, true}, err) < 0)
		return -err->code;
	take_fd(&fd);
	return 0;
}

int log_add_journald(const char *socket_path, struct err *err)
{
	const char *path = socket_path ? socket_path : "/run/systemd/journal/socket";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(err, ENAMETOOLONG, "journald's socket %s", path);
	strcpy(address.sun_path, path);
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(err, "journald at %s", path);
	if (add_sink((struct sink){SINK_JOURNALD, LOG_FORMAT_TEXT, fd, true}, err) < 0)
		return -err->code;
	take_fd(&fd);
	return 0;
}

void log_close(void)
{
	for (size_t i = 0; i < sink_count; i++)
		if (sinks[i].own)
			close(sinks[i].fd);
	sink_count = 0;
}

/* Quoted where needed; control characters and what could end the line become \xNN or \n. */
static void add_value(struct buf *out, const char *text, bool always_quote)
{
	bool quote = always_quote || !*text;
	for (const unsigned char *at = (const unsigned char *)text; *at && !quote; at++)
		quote = *at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at == 0x7f;
	if (!quote) {
		buf_text(out, text);
		return;
	}
	buf_char(out, '"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else if (*at == '\n')
			buf_text(out, "\\n");
		else if (*at < ' ' || *at == 0x7f)
			buf_printf(out, "\\u%04x", *at);
		else
			buf_char(out, (char)*at);
	}
	buf_char(out, '"');
}

struct record {
	enum log_level level;
	const char *sentence;
	const struct err *err;
};

static void format_text(struct buf *out, const struct record *record, va_list fields)
{
	char now[TIME_TEXT];
	time_rfc3339(time_wall_ns(), now);
	buf_printf(out, "time=%s level=%s msg=", now, levels[record->level].name);
	add_value(out, record->sentence, true);
	for (const char *name; (name = va_arg(fields, const char *));) {
		const char *value = va_arg(fields, const char *);
		buf_printf(out, " %s=", name);
		add_value(out, value ? value : "", false);
	}
	if (record->err) {
		buf_text(out, " error=");
		add_value(out, record->err->msg, true);
	}
	buf_char(out, '\n');
}

static void format_json(struct buf *out, const struct record *record, va_list fields)
{
	char now[TIME_TEXT];
	time_rfc3339(time_wall_ns(), now);
	buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":", now, levels[record->level].name);
	json_encode_string(out, record->sentence);
	for (const char *name; (name = va_arg(fields, const char *));) {
		const char *value = va_arg(fields, const char *);
		buf_printf(out, ",\"%s\":", name);
		json_encode_string(out, value ? value : "");
	}
	if (record->err) {
		buf_text(out, ",\"error\":");
		json_encode_string(out, record->err->msg);
	}
	buf_text(out, "}\n");
}

/* journald's native form: FIELD=value lines; newlines in values are made harmless. */
static void add_journal_field(struct buf *out, const char *name, const char *value)
{
	for (const char *at = name; *at; at++)
		buf_char(out, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at == '-' ? '_' : *at);
	buf_char(out, '=');
	for (const char *at = value; *at; at++)
		buf_char(out, *at == '\n' ? ' ' : *at);
	buf_char(out, '\n');
}

static void format_journald(struct buf *out, const struct record *record, va_list fields)
{
	buf_printf(out, "PRIORITY=%c\nSYSLOG_IDENTIFIER=tugd\nMESSAGE=%s", levels[record->level].priority,
		   record->sentence);
	if (record->err)
		buf_printf(out, ": %s", record->err->msg);
	buf_char(out, '\n');
	for (const char *name; (name = va_arg(fields, const char *));) {
		const char *value = va_arg(fields, const char *);
		add_journal_field(out, name, value ? value : "");
	}
}

static void write_record(const struct record *record, va_list fields)
{
	if (record->level < current_level)
		return;
	int saved = errno;
	for (size_t i = 0; i < sink_count; i++) {
		auto_buf line = BUF_INIT(LINE_MAX_BYTES);
		va_list copy;
		va_copy(copy, fields);
		if (sinks[i].kind == SINK_JOURNALD)
			format_journald(&line, record, copy);
		else if (sinks[i].format == LOG_FORMAT_JSON)
			format_json(&line, record, copy);
		else
			format_text(&line, record, copy);
		va_end(copy);
		/* A log that cannot be written has nowhere to say so. */
		if (sinks[i].kind == SINK_JOURNALD)
			(void)!send(sinks[i].fd, line.data, line.len, MSG_NOSIGNAL);
		else
			(void)!fd_write_full(sinks[i].fd, line.data, line.len);
	}
	errno = saved;
}

void log_write(enum log_level level, const char *sentence, ...)
{
	va_list fields;
	va_start(fields, sentence);
	write_record(&(struct record){.level = level, .sentence = sentence}, fields);
	va_end(fields);
}

void log_error(enum log_level level, const struct err *err, const char *sentence, ...)
{
	va_list fields;
	va_start(fields, sentence);
	write_record(&(struct record){.level = level, .sentence = sentence, .err = err}, fields);
	va_end(fields);
}
