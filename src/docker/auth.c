#include "docker/auth.h"

#include "base/base64.h"
#include "base/text.h"

#include <string.h>

enum { AUTH_HEADER_MAX = 64 << 10 };

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

int auth_header_decode(struct arena *arena, const char *value, struct auth_config *out_auth, struct err *err)
{
	auto_buf text = BUF_INIT(AUTH_HEADER_MAX);
	struct err inner;
	*out_auth = (struct auth_config){0};
	if (text_empty(value) || text_equal(value, "bnVsbA") || text_equal(value, "bnVsbA==")) /* "null" */
		return 0;
	int rc = base64_decode(&text, value, &inner);
	if (rc == 0)
		rc = json_load(arena, &table_auth_config, buf_str(&text), text.len, "X-Registry-Auth", JSON_FOLD_CASE,
			       out_auth, &inner);
	return rc < 0 ? err_set(err, EINVAL, "invalid X-Registry-Auth header: %s", inner.msg) : 0;
}
