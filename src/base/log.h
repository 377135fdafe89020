/*
 * Structured logging for the edges of a program: a level, a sentence, and fields. Library code returns errors instead.
 *
 *     log_info("container started", "id", id, "image", image);
 *
 * Sinks: standard error as text or JSON, a file as text or JSON, journald's native socket; several at once. A line is
 * one write. Control characters never reach a sink raw.
 */
#pragma once

#include "base/error.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum { LOG_SINKS_MAX = 4 };

int log_level_parse(const char *text, enum log_level *out_level, struct err *err) must_check;
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* fd stays the caller's. */
int log_add_fd(int fd, enum log_format format, struct err *err) must_check;
int log_add_file(const char *path, enum log_format format, struct err *err) must_check;
int log_add_journald(const char *socket_path, struct err *err) must_check; /* NULL: the system's */
void log_close(void);							   /* removes all sinks */

/* Pairs of name and text follow the sentence, ended by NULL; a NULL text is printed as empty. */
void log_write(enum log_level level, const char *sentence, ...) __attribute__((sentinel));
void log_error(enum log_level level, const struct err *err, const char *sentence, ...) __attribute__((sentinel));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__, NULL)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__, NULL)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__, NULL)
