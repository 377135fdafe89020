#include "cli/http_response.h"

#include "base/text.h"
#include "docker/archive.h"

#include <string.h>
#include <strings.h>

size_t http_response_size(const char *data, size_t size)
{
	const char *end = size >= 4 ? memmem(data, size, "\r\n\r\n", 4) : NULL;
	return end ? (size_t)(end - data) + 4 : 0;
}

/* "HTTP/1.1 200 OK" */
static int status_parse(const char *line, struct http_response *response, struct err *err)
{
	const char *rest = text_after(line, "HTTP/1.");
	if (!rest || (rest[0] != '0' && rest[0] != '1') || rest[1] != ' ')
		return err_set(err, EPROTO, "the answer is not HTTP: %.40s", line);
	response->keep_alive = rest[0] == '1';
	rest += 2;
	unsigned status = 0;
	for (int i = 0; i < 3; i++) {
		if (rest[i] < '0' || rest[i] > '9')
			return err_set(err, EPROTO, "the answer has no status: %.40s", line);
		status = status * 10 + (unsigned)(rest[i] - '0');
	}
	if (status < 100 || (rest[3] != ' ' && rest[3] != 0))
		return err_set(err, EPROTO, "the answer has no status: %.40s", line);
	response->status = status;
	return 0;
}

static void text_copy(char *out, size_t size, const char *value)
{
	size_t length = strlen(value);
	if (length >= size)
		length = size - 1;
	memcpy(out, value, length);
	out[length] = 0;
}

static int field_take(char *line, struct http_response *response, bool *has_length, struct err *err)
{
	char *value = strchr(line, ':');
	if (!value)
		return err_set(err, EPROTO, "the answer has a malformed header");
	*value++ = 0;
	value += strspn(value, " \t");
	for (size_t length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--)
		value[length - 1] = 0;
	if (strcasecmp(line, "Content-Length") == 0) {
		struct err cause;
		if (number_parse_u64(value, INT64_MAX, "Content-Length", &response->length, &cause) < 0)
			return err_set(err, EPROTO, "the answer has a malformed header: %s", cause.msg);
		*has_length = true;
	} else if (strcasecmp(line, "Transfer-Encoding") == 0) {
		if (strcasecmp(value, "chunked") != 0)
			return err_set(err, EPROTO, "the answer has an unknown transfer encoding");
		response->chunked = true;
	} else if (strcasecmp(line, "Connection") == 0) {
		response->keep_alive = response->keep_alive && strcasecmp(value, "close") != 0;
	} else if (strcasecmp(line, "Content-Type") == 0) {
		text_copy(response->type, sizeof response->type, value);
	} else if (strcasecmp(line, "Api-Version") == 0) {
		text_copy(response->api_version, sizeof response->api_version, value);
	} else if (strcasecmp(line, PATH_STAT_HEADER) == 0) {
		text_copy(response->path_stat, sizeof response->path_stat, value);
	}
	return 0;
}

int http_response_parse(const char *data, size_t size, bool head_only, struct http_response *out_response,
			struct err *err)
{
	struct http_response response = {.length = HTTP_BODY_TO_END};
	auto_free char *text = x_strndup(data, size);
	bool has_length = false, first = true;
	if (strlen(text) != size)
		return err_set(err, EPROTO, "the answer has a malformed header");
	for (char *line = text, *end; *line; line = end + 2) {
		end = strstr(line, "\r\n");
		if (!end)
			return err_set(err, EPROTO, "the answer has a malformed header");
		*end = 0;
		if (end == line)
			break;
		int rc = first ? status_parse(line, &response, err) : field_take(line, &response, &has_length, err);
		if (rc < 0)
			return rc;
		first = false;
	}
	if (first)
		return err_set(err, EPROTO, "the answer is empty");
	if (response.chunked && has_length)
		return err_set(err, EPROTO, "the answer has two lengths");
	if (head_only || response.status < 200 || response.status == 204 || response.status == 304) {
		response.chunked = false;
		response.length = 0;
	}
	if (response.length == HTTP_BODY_TO_END && !response.chunked)
		response.keep_alive = false;
	*out_response = response;
	return 0;
}
