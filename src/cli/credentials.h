/*
 * Credentials for registries where Docker's client keeps them: config.json in DOCKER_CONFIG or ~/.docker, or a helper
 * that it names (docker-credential-NAME, by the protocol of docker-credential-helpers). What else is in the file stays
 * as it is (cli/config_file.h).
 *
 * Looked up in this order: DOCKER_AUTH_CONFIG, credHelpers, credsStore, auths. A registry is named by its host, Docker
 * Hub by https://index.docker.io/v1/; keys that are URLs are matched by their host.
 */
#pragma once

#include "docker/auth.h"

/* For the host of a reference ("docker.io", "localhost:5000"); an empty struct when there are none. */
int credentials_find(struct arena *arena, const char *host, struct auth_config *out_auth, struct err *err) must_check;

/* The same as the value of X-Registry-Auth, for a reference as people write it. */
int credentials_header(struct arena *arena, const char *reference, const char **out_value, struct err *err) must_check;

/* *out_plain: they stand unencrypted in the file; the caller warns. */
int credentials_store(struct arena *arena, const struct auth_config *auth, bool *out_plain, struct err *err) must_check;
/* *out_found: there were some. */
int credentials_erase(struct arena *arena, const char *host, bool *out_found, struct err *err) must_check;

/* The key of a host in config.json. */
const char *credentials_key(const char *host);

/* The parts of config.json that concern credentials, pure: for tests and fuzzing. host as above. */
struct credentials_file {
	char *helper; /* for this host, or NULL */
	struct auth_config auth;
};
int credentials_read(struct arena *arena, const void *text, size_t size, const char *host,
		     struct credentials_file *out_file, struct err *err) must_check;
/* The whole file with other credentials for a host; auth NULL: without any. */
int credentials_edit(struct arena *arena, const void *text, size_t size, const char *host,
		     const struct auth_config *auth, struct buf *out, bool *out_found, struct err *err) must_check;
