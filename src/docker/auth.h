/*
 * Credentials for registries as the API's X-Registry-Auth header, /auth and the command line's config.json have them.
 */
#pragma once

#include "docker/shape.h"

struct auth_config {
	char *username;
	char *password;
	char *auth; /* base64 of "user:password"; only in config.json */
	char *email;
	char *server_address;
	char *identity_token; /* an OAuth2 refresh token */
	char *registry_token; /* a bearer token as it is */
};
JSON_DECLARE(auth_config);

/* The answer of POST /auth. */
struct auth_response {
	char *status; /* "Login Succeeded" */
	char *identity_token;
};
JSON_DECLARE(auth_response);

/* The key of Docker Hub, in config.json and as serveraddress. */
#define AUTH_HUB "https://index.docker.io/v1/"

/* "https://index.docker.io/v1/" is docker.io, "https://host:port/path" is host:port. In the arena. */
char *auth_host(struct arena *arena, const char *server);

/* The value of X-Registry-Auth; NULL and "" and "{}" are no credentials. -EINVAL. */
int auth_header_decode(struct arena *arena, const char *value, struct auth_config *out_auth,
		       struct err *err) must_check;
