#include "cli/credentials.h"

#include "cli/config_file.h"

#include "base/base64.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "docker/reference.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { HELPER_MAX = 1 << 20 };

/* --- config.json --- */

const char *credentials_key(const char *host)
{
	return text_equal(host, "docker.io") ? AUTH_HUB : host;
}

/* The exact key beats one that is a URL of the same host. */
static const struct json *host_get(struct arena *arena, const struct json *map, const char *host)
{
	const struct json *found = map ? json_get(map, credentials_key(host)) : NULL;
	for (size_t i = 0; !found && map && map->kind == JSON_OBJECT && i < map->count; i++)
		if (text_equal(auth_host(arena, map->keys[i]), host))
			found = map->items[i];
	return found;
}

static int pair_split(struct arena *arena, struct auth_config *auth, struct err *err)
{
	auto_buf pair = BUF_INIT(64 << 10);
	if (text_empty(auth->auth))
		return 0;
	int rc = base64_decode(&pair, auth->auth, err);
	char *colon = rc == 0 ? strchr(buf_str(&pair), ':') : NULL;
	if (!colon)
		return err_set(err, EINVAL, "invalid auth configuration file");
	auth->username = arena_strndup(arena, pair.data, (size_t)(colon - pair.data));
	auth->password = arena_strdup(arena, colon + 1);
	auth->auth = NULL;
	return 0;
}

static char *json_string(const struct json *value)
{
	return value && value->kind == JSON_STRING ? (char *)(uintptr_t)value->text : NULL;
}

int credentials_read(struct arena *arena, const void *text, size_t size, const char *host,
		     struct credentials_file *out_file, struct err *err)
{
	const struct json *config;
	struct credentials_file file = {0};
	*out_file = file;
	if (size == 0)
		return 0;
	int rc = json_parse(arena, text, size, "config.json", &config, err);
	if (rc < 0)
		return rc;
	file.helper = json_string(host_get(arena, json_get(config, "credHelpers"), host));
	if (text_empty(file.helper))
		file.helper = json_string(json_get(config, "credsStore"));
	const struct json *own = host_get(arena, json_get(config, "auths"), host);
	if (own)
		rc = json_decode(arena, &table_auth_config, own, 0, &file.auth, err);
	if (rc == 0)
		rc = pair_split(arena, &file.auth, err);
	if (rc < 0)
		return err_wrap(err, "config.json: auths: %s", host);
	if (text_empty(file.helper) || strpbrk(file.helper, "/\n"))
		file.helper = NULL;
	*out_file = file;
	return 0;
}

static void auth_print(struct buf *out, const struct auth_config *auth)
{
	auto_buf pair = BUF_INIT(128 << 10);
	struct auth_config kept = {.identity_token = auth->identity_token, .registry_token = auth->registry_token};
	auto_free char *text = x_printf("%s:%s", auth->username ? auth->username : "",
					text_empty(auth->identity_token) && auth->password ? auth->password : "");
	if (!text_empty(auth->username))
		base64_encode(&pair, text, strlen(text), false);
	kept.auth = pair.len ? pair.data : NULL;
	json_encode(out, &table_auth_config, &kept);
}

static void auths_print(struct arena *arena, struct buf *out, const struct json *auths, const char *host,
			const struct auth_config *auth, bool *out_found)
{
	size_t count = 0;
	buf_char(out, '{');
	for (size_t i = 0; auths && auths->kind == JSON_OBJECT && i < auths->count; i++) {
		if (text_equal(auth_host(arena, auths->keys[i]), host)) {
			*out_found = true;
			continue;
		}
		buf_text(out, count++ ? "," : "");
		json_encode_string(out, auths->keys[i]);
		buf_char(out, ':');
		json_encode_value(out, auths->items[i]);
	}
	if (auth) {
		buf_text(out, count ? "," : "");
		json_encode_string(out, credentials_key(host));
		buf_char(out, ':');
		auth_print(out, auth);
	}
	buf_char(out, '}');
}

/* The value of "auths" with other credentials for a host, laid out as Docker does. */
static int auths_make(struct arena *arena, const void *text, size_t size, const char *host,
		      const struct auth_config *auth, struct buf *out, bool *out_found, struct err *err)
{
	const struct json *config = NULL, *made;
	auto_buf plain = BUF_INIT(CONFIG_FILE_MAX), lines = BUF_INIT(CONFIG_FILE_MAX);
	int rc = size ? json_parse(arena, text, size, "config.json", &config, err) : 0;
	if (rc < 0)
		return rc;
	*out_found = false;
	auths_print(arena, &plain, config ? json_get(config, "auths") : NULL, host, auth, out_found);
	rc = buf_check(&plain, "config.json", err);
	if (rc == 0)
		rc = json_parse(arena, plain.data, plain.len, "config.json", &made, err);
	if (rc < 0)
		return rc;
	json_indent(&lines, made, 1);
	/* Tabs, one deeper than the member. Strings hold no line ends. */
	for (const char *at = buf_str(&lines); *at; at++) {
		buf_char(out, *at);
		if (*at != '\n')
			continue;
		for (buf_char(out, '\t'); at[1] == ' '; at++)
			buf_char(out, '\t');
	}
	return buf_check(out, "config.json", err);
}

int credentials_edit(struct arena *arena, const void *text, size_t size, const char *host,
		     const struct auth_config *auth, struct buf *out, bool *out_found, struct err *err)
{
	auto_buf auths = BUF_INIT(CONFIG_FILE_MAX);
	int rc = auths_make(arena, text, size, host, auth, &auths, out_found, err);
	return rc < 0 ? rc : config_edit(text, size, "auths", buf_str(&auths), out, err);
}

static int auths_write(struct arena *arena, const struct buf *text, const char *host, const struct auth_config *auth,
		       bool *out_found, struct err *err)
{
	auto_buf made = BUF_INIT(CONFIG_FILE_MAX);
	int rc = credentials_edit(arena, buf_str(text), text->len, host, auth, &made, out_found, err);
	if (rc < 0 || (!auth && !*out_found))
		return rc;
	return config_write(&made, err);
}

/* --- helpers --- */

static int helper_find(const char *name, char **out_path, struct err *err)
{
	const char *path = getenv("PATH");
	auto_strv char **folders = strv_split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':');
	for (char **folder = folders; *folder; folder++) {
		auto_free char *file = x_printf("%s/docker-credential-%s", *folder, name);
		if (**folder == '/' && access(file, X_OK) == 0) {
			*out_path = take(file);
			return 0;
		}
	}
	return err_set(
	    err, ENOENT,
	    "error getting credentials - err: exec: \"docker-credential-%s\": executable file not found in $PATH",
	    name);
}

/* Runs it with text on its standard input; what it answers is in out. The exit status is the result. */
static int helper_run(const char *name, const char *verb, const char *text, struct buf *out, struct err *err)
{
	auto_free char *path = NULL;
	int in[2], answer[2], status;
	pid_t pid;
	int rc = helper_find(name, &path, err);
	if (rc < 0)
		return rc;
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	auto_fd int in_read = in[0], in_write = in[1];
	if (pipe2(answer, O_CLOEXEC) < 0)
		return err_sys(err, "pipe2");
	auto_fd int out_read = answer[0], out_write = answer[1];
	char *argv[] = {path, (char *)(uintptr_t)verb, NULL};
	const int fds[] = {in_read, out_write, STDERR_FILENO};
	const struct process_spec spec = {
	    .path = path, .exe_fd = -1, .argv = argv, .envp = environ, .fds = fds, .fd_count = 3};
	rc = process_spawn(&spec, &pid, err);
	if (rc < 0)
		return rc;
	close(take_fd(&in_read));
	close(take_fd(&out_write));
	/* Small enough for the pipe; one that does not read it answers all the same. */
	rc = fd_write_full(in_write, text, strlen(text));
	close(take_fd(&in_write));
	rc = rc == -EPIPE ? 0 : rc;
	for (ssize_t got = 1; rc == 0 && got > 0;) {
		char *room = buf_room(out, 4096);
		got = room ? read(out_read, room, 4096) : -1;
		if (got > 0)
			buf_grown(out, (size_t)got);
		else if (got < 0)
			rc = room ? -errno : -E2BIG;
	}
	int waited = process_wait(pid, &status, err);
	if (waited < 0 || rc < 0)
		return waited < 0 ? waited : err_set(err, -rc, "docker-credential-%s: %s", name, strerror(-rc));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

struct helper_secret {
	char *server_url, *username, *secret;
};
JSON_DECLARE(helper_secret);
JSON_TYPE(helper_secret, F_STR(struct helper_secret, server_url, "ServerURL", 0),
	  F_STR(struct helper_secret, username, "Username", 0), F_STR(struct helper_secret, secret, "Secret", 0));

static int helper_get(struct arena *arena, const char *name, const char *host, struct auth_config *out_auth,
		      struct err *err)
{
	auto_buf answer = BUF_INIT(HELPER_MAX);
	struct helper_secret secret = {0};
	int rc = helper_run(name, "get", credentials_key(host), &answer, err);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		if (strstr(buf_str(&answer), "credentials not found in native keychain"))
			return 0;
		return err_set(err, EIO, "error getting credentials - err: exit status 1, out: `%.*s`",
			       (int)strcspn(buf_str(&answer), "\n"), buf_str(&answer));
	}
	rc = json_load(arena, &table_helper_secret, buf_str(&answer), answer.len, "the credential helper's answer",
		       JSON_FOLD_CASE, &secret, err);
	if (rc < 0)
		return rc;
	bool token = secret.username && text_equal(secret.username, "<token>");
	*out_auth = (struct auth_config){.username = token ? NULL : secret.username,
					 .password = token ? NULL : secret.secret,
					 .identity_token = token ? secret.secret : NULL};
	return 0;
}

static int helper_store(const char *name, const char *host, const struct auth_config *auth, struct err *err)
{
	auto_buf text = BUF_INIT(HELPER_MAX), answer = BUF_INIT(HELPER_MAX);
	bool token = !text_empty(auth->identity_token);
	const struct helper_secret secret = {(char *)(uintptr_t)credentials_key(host),
					     token ? (char *)"<token>" : auth->username,
					     token ? auth->identity_token : auth->password};
	json_encode(&text, &table_helper_secret, &secret);
	int rc = helper_run(name, "store", buf_str(&text), &answer, err);
	if (rc > 0)
		return err_set(err, EIO, "error storing credentials - err: exit status 1, out: `%.*s`",
			       (int)strcspn(buf_str(&answer), "\n"), buf_str(&answer));
	return rc;
}

/* --- together --- */

int credentials_find(struct arena *arena, const char *host, struct auth_config *out_auth, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_FILE_MAX);
	struct credentials_file file;
	const char *home, *given = getenv("DOCKER_AUTH_CONFIG");
	struct err missing;
	*out_auth = (struct auth_config){0};
	int rc = 0;
	if (!text_empty(given)) {
		rc = credentials_read(arena, given, strlen(given), host, &file, err);
		if (rc < 0)
			return err_wrap(err, "DOCKER_AUTH_CONFIG");
		*out_auth = file.auth;
	}
	bool found = out_auth->username || out_auth->identity_token || out_auth->registry_token;
	if (!found && config_dir(arena, &home, &missing) == 0) {
		rc = config_read(arena, &text, err);
		if (rc == 0)
			rc = credentials_read(arena, buf_str(&text), text.len, host, &file, err);
		if (rc == 0 && file.helper)
			rc = helper_get(arena, file.helper, host, out_auth, err);
		else if (rc == 0)
			*out_auth = file.auth;
	}
	found = out_auth->username || out_auth->identity_token || out_auth->registry_token;
	if (rc == 0 && found)
		out_auth->server_address = arena_strdup(arena, credentials_key(host));
	return rc;
}

int credentials_header(struct arena *arena, const char *reference, const char **out_value, struct err *err)
{
	struct reference parsed;
	struct auth_config auth;
	auto_buf text = BUF_INIT(1 << 20), value = BUF_INIT(2 << 20);
	int rc = reference_parse(reference, &parsed, err);
	if (rc == 0)
		rc = credentials_find(arena, parsed.domain, &auth, err);
	if (rc < 0)
		return rc;
	json_encode(&text, &table_auth_config, &auth);
	base64_encode(&value, buf_str(&text), text.len, true);
	*out_value = arena_strdup(arena, buf_str(&value));
	return 0;
}

int credentials_store(struct arena *arena, const struct auth_config *auth, bool *out_plain, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_FILE_MAX);
	struct credentials_file file;
	const char *host = auth_host(arena, auth->server_address);
	bool found;
	int rc = config_read(arena, &text, err);
	if (rc == 0)
		rc = credentials_read(arena, buf_str(&text), text.len, host, &file, err);
	if (rc < 0)
		return rc;
	*out_plain = !file.helper;
	if (!file.helper)
		return auths_write(arena, &text, host, auth, &found, err);
	rc = helper_store(file.helper, host, auth, err);
	/* The file says that there are some, as Docker's does. */
	const struct auth_config nothing = {0};
	return rc < 0 ? rc : auths_write(arena, &text, host, &nothing, &found, err);
}

int credentials_erase(struct arena *arena, const char *host, bool *out_found, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_FILE_MAX), answer = BUF_INIT(HELPER_MAX);
	struct credentials_file file;
	int rc = config_read(arena, &text, err);
	if (rc == 0)
		rc = credentials_read(arena, buf_str(&text), text.len, host, &file, err);
	if (rc == 0 && file.helper)
		rc = helper_run(file.helper, "erase", credentials_key(host), &answer, err);
	if (rc < 0)
		return rc;
	rc = auths_write(arena, &text, host, NULL, out_found, err);
	*out_found = *out_found || file.helper;
	return rc;
}
