/* login, logout, search. */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/config_file.h"
#include "cli/credentials.h"
#include "cli/filter_query.h"
#include "cli/listing.h"
#include "cli/terminal.h"
#include "docker/reference.h"
#include "docker/registry.h"

#include <string.h>

enum { INPUT_MAX = 64 << 10 };

struct login_options {
	const char *username, *password;
	bool password_stdin;
};

static const struct option_row login_rows[] = {
    O_STRING(struct login_options, password, "password", 'p', "string", "Password or Personal Access Token (PAT)"),
    O_BOOL(struct login_options, password_stdin, "password-stdin", 0,
	   "Take the Password or Personal Access Token (PAT) from stdin"),
    O_STRING(struct login_options, username, "username", 'u', "string", "Username"),
    O_END,
};

/* A line of standard input, or all of it, without its end of line. */
static int input_read(struct cli *cli, bool all, char **out_text, struct err *err)
{
	auto_buf text = BUF_INIT(INPUT_MAX);
	char byte;
	ssize_t got;
	while ((got = read(STDIN_FILENO, &byte, 1)) > 0 && (all || byte != '\n'))
		buf_char(&text, byte);
	if (got < 0)
		return err_sys(err, "read standard input");
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.data[--text.len] = 0;
	int rc = buf_check(&text, "the input", err);
	if (rc == 0)
		*out_text = arena_strdup(&cli->arena, buf_str(&text));
	return rc;
}

static int question_ask(struct cli *cli, const char *question, bool hidden, char **out_text, struct err *err)
{
	fputs(question, stdout);
	fflush(stdout);
	int rc = hidden ? terminal_echo(STDIN_FILENO, false, err) : 0;
	if (rc == 0)
		rc = input_read(cli, false, out_text, err);
	if (hidden) {
		struct err ignored;
		if (terminal_echo(STDIN_FILENO, true, &ignored) == 0)
			fputc('\n', stdout);
	}
	return rc;
}

/* What was given, what is kept, what is typed. */
static int login_gather(struct cli *cli, struct auth_config *auth, struct err *err)
{
	const struct login_options *options = cli->options;
	const char *host = auth_host(&cli->arena, auth->server_address);
	struct auth_config kept = {0};
	bool given = !text_empty(options->username) || !text_empty(options->password) || options->password_stdin;
	if (options->password_stdin && text_empty(options->username))
		return err_set(err, EINVAL, "Must provide --username with --password-stdin");
	if (options->password_stdin && !text_empty(options->password))
		return err_set(err, EINVAL, "conflicting options: cannot specify both --password and --password-stdin");
	int rc = given ? 0 : credentials_find(&cli->arena, host, &kept, err);
	if (rc < 0)
		return rc;
	if (!given && (kept.username || kept.identity_token)) {
		kept.server_address = auth->server_address;
		*auth = kept;
		print("Authenticating with existing credentials...\n");
		return 0;
	}
	auth->username = (char *)(uintptr_t)options->username;
	auth->password = (char *)(uintptr_t)options->password;
	if (auth->password && !text_equal(auth->password, "-"))
		fprintf(stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
	if (options->password_stdin || (auth->password && text_equal(auth->password, "-")))
		rc = input_read(cli, true, &auth->password, err);
	bool asks = text_empty(auth->username) || text_empty(auth->password);
	if (rc == 0 && asks && !isatty(STDIN_FILENO))
		return err_set(err, EINVAL, "Error: Cannot perform an interactive login from a non TTY device");
	if (rc == 0 && text_empty(auth->username))
		rc = question_ask(cli, "Username: ", false, &auth->username, err);
	if (rc == 0 && text_empty(auth->username))
		return err_set(err, EINVAL, "Error: Non-null Username Required");
	if (rc == 0 && text_empty(auth->password))
		rc = question_ask(cli, "Password: ", true, &auth->password, err);
	return rc == 0 && text_empty(auth->password) ? err_set(err, EINVAL, "Error: Password Required") : rc;
}

static int login_do(struct cli *cli, struct auth_config *auth, struct err *err)
{
	auto_buf body = BUF_INIT(1 << 20);
	struct auth_response response = {0};
	bool plain = false;
	json_encode(&body, &table_auth_config, auth);
	const struct client_request request = {.method = "POST", .path = "/auth", .json = buf_str(&body)};
	int rc = client_struct(&cli->client, &request, &table_auth_response, &response, err);
	if (rc < 0)
		return rc;
	if (!text_empty(response.identity_token)) {
		auth->password = NULL;
		auth->identity_token = response.identity_token;
	}
	rc = credentials_store(&cli->arena, auth, &plain, err);
	if (rc < 0)
		return err_wrap(err, "error saving credentials");
	const char *dir;
	if (plain && config_dir(&cli->arena, &dir, err) == 0)
		fprintf(stderr,
			"\nWARNING! Your credentials are stored unencrypted in '%s/config.json'.\n"
			"Configure a credential helper to remove this warning. See\n"
			"https://docs.docker.com/go/credential-store/\n\n",
			dir);
	print("%s\n", text_empty(response.status) ? "Login Succeeded" : response.status);
	return 0;
}

static char *server_of(struct cli *cli)
{
	const char *server = cli->arg_count > 0 ? cli->args[0] : AUTH_HUB;
	const char *host = auth_host(&cli->arena, server);
	return arena_strdup(&cli->arena, credentials_key(host));
}

static int login_run(struct cli *cli)
{
	struct auth_config auth = {.server_address = server_of(cli)};
	struct err err;
	if (login_gather(cli, &auth, &err) < 0 || login_do(cli, &auth, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_login = {
    .path = "login",
    .usage = "[SERVER]",
    .summary = "Authenticate to a registry",
    .args_max = 1,
    .options = login_rows,
    .options_size = sizeof(struct login_options),
    .run = login_run,
};

static int logout_run(struct cli *cli)
{
	struct err err;
	bool found = false;
	const char *server = server_of(cli);
	const char *host = auth_host(&cli->arena, server);
	print("Removing login credentials for %s\n", server);
	fflush(stdout);
	if (credentials_erase(&cli->arena, host, &found, &err) < 0) {
		fprintf(stderr, "WARNING: could not erase credentials:\n%s: %s\n", server, err.msg);
		return EXIT_FAILED;
	}
	if (!found)
		print("Not logged in to %s\n", server);
	return 0;
}

const struct command command_logout = {
    .path = "logout",
    .usage = "[SERVER]",
    .summary = "Log out from a registry",
    .args_max = 1,
    .run = logout_run,
};

/* --- search --- */

struct search_options {
	char **filter;
	const char *format;
	int64_t limit;
	bool no_trunc;
};

static const struct option_row search_rows[] = {
    O_LIST(struct search_options, filter, "filter", 'f', "filter", "Filter output based on conditions provided"),
    O_STRING(struct search_options, format, "format", 0, "string", "Pretty-print search using a Go template"),
    O_NUMBER(struct search_options, limit, "limit", 0, "Max number of search results"),
    O_BOOL(struct search_options, no_trunc, "no-trunc", 0, "Don't truncate output"),
    O_END,
};

static const struct column search_columns[] = {
    {"Name", "NAME"}, {"Description", "DESCRIPTION"}, {"StarCount", "STARS"}, {"IsOfficial", "OFFICIAL"}, {NULL, NULL},
};

static void search_row(struct cli *cli, struct listing *listing, const struct search_result *result, bool whole)
{
	enum { DESCRIPTION_WIDTH = 45 };
	struct json *row = listing_row(listing);
	char *text = arena_strdup(&cli->arena, result->description ? result->description : "");
	for (char *at = text; *at; at++)
		*at = *at == '\n' || *at == '\r' || *at == '\t' ? ' ' : *at;
	listing_set(listing, row, "Name", result->name);
	listing_set(listing, row, "Description", whole ? text : text_ellipsis(&cli->arena, text, DESCRIPTION_WIDTH));
	listing_set(listing, row, "StarCount", arena_printf(&cli->arena, "%lld", (long long)result->star_count));
	listing_set(listing, row, "IsOfficial", result->is_official ? "[OK]" : "");
}

static int search_get(struct cli *cli, struct listing *listing, struct err *err)
{
	const struct search_options *options = cli->options;
	auto_buf path = BUF_INIT(1 << 20);
	const struct json *list;
	struct client_request request = {.method = "GET"};
	/* "host:5000/term" is asked with the credentials of that host. */
	const char *term = cli->args[0], *slash = strchr(term, '/');
	auto_free char *host = x_strndup(term, slash ? (size_t)(slash - term) : 0);
	bool named = slash && (strpbrk(host, ".:") || text_equal(host, "localhost"));
	auto_free char *like = x_printf("%s/x/y", named ? host : "docker.io");
	int rc = credentials_header(&cli->arena, like, &request.registry_auth, err);
	if (rc < 0)
		return rc;
	buf_text(&path, "/images/search?term=");
	path_escape(&path, term);
	if (options->limit)
		buf_printf(&path, "&limit=%lld", (long long)options->limit);
	rc = filter_query(options->filter, &path, err);
	request.path = buf_str(&path);
	if (rc == 0)
		rc = client_json(&cli->client, &request, &list, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct search_result result = {0};
		rc = json_decode(&cli->arena, &table_search_result, list->items[i], JSON_FOLD_CASE, &result, err);
		if (rc == 0)
			search_row(cli, listing, &result, options->no_trunc);
	}
	return rc;
}

static int search_run(struct cli *cli)
{
	static const char *const shown[] = {"Name", "Description", "StarCount", "IsOfficial", NULL};
	const struct search_options *options = cli->options;
	struct listing listing = {.arena = &cli->arena, .columns = search_columns, .shown = shown};
	struct err err;
	if (search_get(cli, &listing, &err) < 0 || listing_print(&listing, options->format, NULL, &err) < 0)
		return cli_failed(&err);
	return 0;
}

const struct command command_search = {
    .path = "search",
    .usage = "TERM",
    .summary = "Search Docker Hub for images",
    .args_min = 1,
    .args_max = 1,
    .options = search_rows,
    .options_size = sizeof(struct search_options),
    .run = search_run,
};
