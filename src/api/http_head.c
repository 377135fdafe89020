#include "api/http_head.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

size_t http_head_size(const char *data, size_t size, size_t searched)
{
	size_t from = searched > 3 ? searched - 3 : 0;
	if (size < from + 4)
		return 0;
	const char *end = memmem(data + from, size - from, "\r\n\r\n", 4);
	return end ? (size_t)(end - data) + 4 : 0;
}

static bool is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text)
{
	if (*text == 0)
		return false;
	for (; *text; text++) {
		if (!is_token_char((unsigned char)*text))
			return false;
	}
	return true;
}

/* Cuts the line at `line` (its CRLF is there: the head ends in two) and returns the start of the next one. */
static char *line_cut(char *line, char *end)
{
	char *stop = memchr(line, '\r', (size_t)(end - line));
	if (!stop || stop + 1 >= end || stop[1] != '\n')
		return NULL;
	*stop = 0;
	/* A NUL or a lone LF would make us and others see different lines. */
	if (strlen(line) != (size_t)(stop - line) || strchr(line, '\n'))
		return NULL;
	return stop + 2;
}

static int request_line_parse(char *line, struct http_head *head, struct err *err)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;
	if (!version)
		return err_set(err, EINVAL, "malformed HTTP request");
	*target++ = 0;
	*version++ = 0;
	if (!is_token(line) || strlen(line) >= HTTP_METHOD_MAX)
		return err_set(err, EINVAL, "malformed HTTP request");
	if (target[0] != '/')
		return err_set(err, EINVAL, "malformed HTTP request: the target is not a path");
	for (const char *c = target; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(err, EINVAL, "malformed HTTP request: a control character in the target");
	}
	if (text_equal(version, "HTTP/1.1"))
		head->minor = 1;
	else if (text_equal(version, "HTTP/1.0"))
		head->minor = 0;
	else if (text_after(version, "HTTP/") && strlen(version) == strlen("HTTP/2.0"))
		return err_set(err, EOPNOTSUPP, "unsupported protocol version %s", version);
	else
		return err_set(err, EINVAL, "malformed HTTP version");
	head->method = line;
	head->target = target;
	return 0;
}

static int field_parse(char *line, struct http_head *head, struct err *err)
{
	char *colon = strchr(line, ':');
	if (!colon)
		return err_set(err, EINVAL, "malformed HTTP header");
	*colon = 0;
	if (!is_token(line))
		return err_set(err, EINVAL, "malformed HTTP header");
	char *value = colon + 1;
	value += strspn(value, " \t");
	size_t length = strlen(value);
	while (length > 0 && strchr(" \t", value[length - 1]))
		value[--length] = 0;
	for (const char *c = value; *c; c++) {
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return err_set(err, EINVAL, "malformed HTTP header: a control character in %s", line);
	}
	if (head->field_count == HTTP_FIELDS_MAX)
		return err_set(err, E2BIG, "more than %d HTTP headers", HTTP_FIELDS_MAX);
	head->fields[head->field_count++] = (struct http_field){line, value};
	return 0;
}

/* Whether a comma-separated list holds the word, without regard to case. */
static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);
	while (list && *list) {
		list += strspn(list, " \t,");
		size_t size = strcspn(list, " \t,");
		if (size == length && strncasecmp(list, word, length) == 0)
			return true;
		list += size;
	}
	return false;
}

static bool fields_have(const struct http_head *head, const char *name, const char *word)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (strcasecmp(head->fields[i].name, name) == 0 && list_has(head->fields[i].value, word))
			return true;
	}
	return false;
}

static int framing_parse(struct http_head *head, struct err *err)
{
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		if (strcasecmp(field->name, "Content-Length") == 0) {
			uint64_t length;
			int rc = number_parse_u64(field->value, INT64_MAX, "Content-Length", &length, err);
			if (rc < 0)
				return rc;
			if (head->has_length && head->length != length)
				return err_set(err, EINVAL, "two different Content-Length headers");
			head->has_length = true;
			head->length = length;
		} else if (strcasecmp(field->name, "Transfer-Encoding") == 0) {
			if (head->chunked || strcasecmp(field->value, "chunked") != 0)
				return err_set(err, EOPNOTSUPP, "Transfer-Encoding: only \"chunked\" is supported");
			head->chunked = true;
		}
	}
	if (head->chunked && (head->has_length || head->minor == 0))
		return err_set(err, EINVAL, "Transfer-Encoding does not go with Content-Length or HTTP/1.0");
	return 0;
}

int http_head_parse(char *data, size_t size, struct http_head *out_head, struct err *err)
{
	struct http_head head = {0};
	char *end = data + size, *line = data, *next = line_cut(line, end);
	if (!next)
		return err_set(err, EINVAL, "malformed HTTP request");
	int rc = request_line_parse(line, &head, err);
	for (line = next; rc == 0; line = next) {
		next = line_cut(line, end);
		if (!next)
			return err_set(err, EINVAL, "malformed HTTP header");
		if (*line == 0)
			break;
		rc = field_parse(line, &head, err);
	}
	if (rc == 0)
		rc = framing_parse(&head, err);
	if (rc < 0)
		return rc;
	if (head.minor == 1 && !http_head_field(&head, "Host"))
		return err_set(err, EINVAL, "missing required Host header");
	head.keep_alive = head.minor == 1 ? !fields_have(&head, "Connection", "close")
					  : fields_have(&head, "Connection", "keep-alive");
	head.expect_continue = head.minor == 1 && fields_have(&head, "Expect", "100-continue");
	head.upgrade_tcp = fields_have(&head, "Connection", "Upgrade") && fields_have(&head, "Upgrade", "tcp");
	*out_head = head;
	return 0;
}

const char *http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	}
	return NULL;
}
