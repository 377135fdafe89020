#include "docker/auth.h"

#include "base/text.h"

#include <string.h>

JSON_TYPE(auth_config, F_STR(struct auth_config, username, "username", JSON_OMIT),
	  F_STR(struct auth_config, password, "password", JSON_OMIT),
	  F_STR(struct auth_config, auth, "auth", JSON_OMIT), F_STR(struct auth_config, email, "email", JSON_OMIT),
	  F_STR(struct auth_config, server_address, "serveraddress", JSON_OMIT),
	  F_STR(struct auth_config, identity_token, "identitytoken", JSON_OMIT),
	  F_STR(struct auth_config, registry_token, "registrytoken", JSON_OMIT));

JSON_TYPE(auth_response, F_STR(struct auth_response, status, "Status", 0),
	  F_STR(struct auth_response, identity_token, "IdentityToken", 0));

char *auth_host(struct arena *arena, const char *server)
{
	const char *host = text_after(server, "https://");
	if (!host)
		host = text_after(server, "http://");
	if (!host)
		host = server;
	char *name = arena_strndup(arena, host, strcspn(host, "/"));
	bool hub = text_equal(name, "index.docker.io") || text_equal(name, "registry-1.docker.io");
	return hub ? arena_strdup(arena, "docker.io") : name;
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

int base64_decode(struct arena *arena, const char *text, char **out_text, size_t *out_size, struct err *err)
{
	size_t length = strlen(text), size = 0;
	char *out = arena_alloc(arena, length / 4 * 3 + 4);
	unsigned bits = 0, value = 0;
	while (length > 0 && text[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++) {
		int digit = digit_of(text[i]);
		if (digit < 0)
			return err_set(err, EINVAL, "not base64");
		value = (value << 6 | (unsigned)digit) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		out[size++] = (char)(value >> bits & 0xff);
	}
	if (length % 4 == 1)
		return err_set(err, EINVAL, "not base64");
	out[size] = 0;
	*out_text = out;
	*out_size = size;
	return 0;
}

void base64_encode(struct buf *out, const void *data, size_t size, bool url)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *bytes = data;
	for (size_t i = 0; i < size; i += 3) {
		size_t have = size - i < 3 ? size - i : 3;
		unsigned value = (unsigned)bytes[i] << 16 | (have > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
				 (have > 2 ? (unsigned)bytes[i + 2] : 0);
		for (size_t k = 0; k < 4; k++) {
			char c = k > have ? '=' : digits[value >> (18 - 6 * k) & 63];
			c = url && c == '+' ? '-' : url && c == '/' ? '_' : c;
			buf_char(out, c);
		}
	}
}

int auth_header_decode(struct arena *arena, const char *value, struct auth_config *out_auth, struct err *err)
{
	char *text;
	size_t size;
	struct err inner;
	*out_auth = (struct auth_config){0};
	if (text_empty(value) || text_equal(value, "bnVsbA") || text_equal(value, "bnVsbA==")) /* "null" */
		return 0;
	int rc = base64_decode(arena, value, &text, &size, &inner);
	if (rc == 0)
		rc = json_load(arena, &table_auth_config, text, size, "X-Registry-Auth", JSON_FOLD_CASE, out_auth,
			       &inner);
	return rc < 0 ? err_set(err, EINVAL, "invalid X-Registry-Auth header: %s", inner.msg) : 0;
}
