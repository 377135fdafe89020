#include "registry/challenge.h"

#include "base/buffer.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { VALUE_MAX = 4096 };

static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* A quoted string or a token; NULL when it is neither. *out_value is in the arena. */
static const char *value_read(struct arena *arena, const char *at, const char **out_value)
{
	auto_buf text = BUF_INIT(VALUE_MAX);
	if (*at != '"') {
		const char *start = at;
		while (is_token(*at) || *at == '/' || *at == ':' || *at == '=' || *at == '?')
			at++;
		*out_value = arena_strndup(arena, start, (size_t)(at - start));
		return at > start && at - start < VALUE_MAX ? at : NULL;
	}
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		buf_char(&text, *at);
	}
	*out_value = arena_strdup(arena, buf_str(&text));
	return *at == '"' && !text.overflow ? at + 1 : NULL;
}

static void parameter_take(struct challenge *challenge, const char *name, size_t length, const char *value)
{
	const struct {
		const char *name;
		const char **member;
	} known[] = {{"realm", &challenge->realm}, {"service", &challenge->service}, {"scope", &challenge->scope}};
	for (size_t i = 0; i < array_size(known); i++) {
		if (strlen(known[i].name) == length && strncasecmp(known[i].name, name, length) == 0)
			*known[i].member = value;
	}
}

/* name=value, name=value, until what follows is another challenge's scheme. */
static const char *parameters_read(struct arena *arena, const char *at, struct challenge *challenge)
{
	for (;;) {
		at = skip_blanks(at);
		while (*at == ',')
			at = skip_blanks(at + 1);
		const char *name = at, *value;
		while (is_token(*at))
			at++;
		const char *equals = skip_blanks(at);
		if (at == name || *equals != '=')
			return at == name && *at ? NULL : name;
		size_t length = (size_t)(at - name);
		at = value_read(arena, skip_blanks(equals + 1), &value);
		if (!at)
			return NULL;
		parameter_take(challenge, name, length, value);
	}
}

int challenge_parse(struct arena *arena, const char *field, struct challenge out_list[CHALLENGES_MAX], size_t *count,
		    struct err *err)
{
	const char *at = skip_blanks(field);
	while (*at) {
		const char *scheme = at;
		while (is_token(*at))
			at++;
		size_t length = (size_t)(at - scheme);
		struct challenge challenge = {0};
		bool basic = length == 5 && strncasecmp(scheme, "Basic", 5) == 0;
		bool bearer = length == 6 && strncasecmp(scheme, "Bearer", 6) == 0;
		challenge.kind = bearer ? CHALLENGE_BEARER : CHALLENGE_BASIC;
		at = length ? parameters_read(arena, at, &challenge) : NULL;
		if (!at)
			return err_set(err, EINVAL, "the registry's WWW-Authenticate is malformed: %.200s", field);
		if ((basic || bearer) && *count < CHALLENGES_MAX)
			out_list[(*count)++] = challenge;
	}
	return 0;
}

const char *link_next(struct arena *arena, const char *field)
{
	const char *at = field;
	while ((at = strchr(at, '<'))) {
		const char *end = strchr(at, '>');
		if (!end)
			return NULL;
		const char *stop = strchr(end, '<');
		auto_free char *rest = x_strndup(end + 1, stop ? (size_t)(stop - end - 1) : strlen(end + 1));
		if (strcasestr(rest, "rel=\"next\"") || strcasestr(rest, "rel=next"))
			return end - at > 1 && end - at < VALUE_MAX
				   ? arena_strndup(arena, at + 1, (size_t)(end - at - 1))
				   : NULL;
		at = end;
	}
	return NULL;
}

int64_t retry_after_seconds(const char *field, int64_t now)
{
	struct err ignored;
	struct tm date = {0};
	int64_t seconds;
	if (text_is_digits(field))
		return number_parse(field, 0, 1 << 30, "Retry-After", &seconds, &ignored) < 0 ? 1 << 30 : seconds;
	const char *end = strptime(field, "%a, %d %b %Y %H:%M:%S GMT", &date);
	if (!end || *end)
		return -1;
	int64_t then = timegm(&date);
	return then > now ? then - now : 0;
}

/* Digits, then the character `stop`. */
static const char *digits_read(const char *at, char stop, uint64_t *out_value)
{
	struct err ignored;
	size_t length = strspn(at, "0123456789");
	char text[24];
	if (length == 0 || length >= sizeof text || at[length] != stop)
		return NULL;
	snprintf(text, sizeof text, "%.*s", (int)length, at);
	if (number_parse_u64(text, INT64_MAX, "range", out_value, &ignored) < 0)
		return NULL;
	return stop ? at + length + 1 : at + length;
}

int content_range_parse(const char *field, uint64_t *out_first, uint64_t *out_last, uint64_t *out_total,
			struct err *err)
{
	uint64_t first = 0, last = 0, total = 0;
	const char *at = text_after(field, "bytes ");
	at = at ? digits_read(at, '-', &first) : NULL;
	at = at ? digits_read(at, '/', &last) : NULL;
	at = at ? digits_read(at, 0, &total) : NULL;
	if (!at || last < first || last >= total)
		return err_set(err, EPROTO, "the registry's Content-Range is malformed: %.100s", field);
	*out_first = first;
	*out_last = last;
	*out_total = total;
	return 0;
}

int upload_range_parse(const char *field, uint64_t *out_end, struct err *err)
{
	uint64_t first = 0, last = 0;
	const char *at = text_after(field, "bytes=");
	at = digits_read(at ? at : field, '-', &first);
	at = at ? digits_read(at, 0, &last) : NULL;
	if (!at || first != 0)
		return err_set(err, EPROTO, "the registry's Range is malformed: %.100s", field);
	*out_end = last + 1; /* "0-0" stands for nothing and for one byte: whoever asks knows what was sent */
	return 0;
}
