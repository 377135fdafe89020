#include "registry/endpoint.h"

#include "base/file.h"
#include "base/text.h"
#include "registry/resolve.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

enum { PEM_MAX = 1 << 20 };

JSON_TYPE(registry_settings, F_STRV(struct registry_settings, mirrors, "mirrors", JSON_OMIT),
	  F_STRV(struct registry_settings, insecure, "insecure", JSON_OMIT),
	  F_STRV(struct registry_settings, certs, "certs", JSON_OMIT),
	  F_STR(struct registry_settings, http_proxy, "http_proxy", JSON_OMIT),
	  F_STR(struct registry_settings, https_proxy, "https_proxy", JSON_OMIT),
	  F_STR(struct registry_settings, no_proxy, "no_proxy", JSON_OMIT),
	  F_STR(struct registry_settings, user_agent, "user_agent", JSON_OMIT),
	  F_I64(struct registry_settings, downloads, "downloads", 0),
	  F_I64(struct registry_settings, uploads, "uploads", 0),
	  F_I64(struct registry_settings, attempts, "attempts", 0),
	  F_I64(struct registry_settings, stall_s, "stall_s", 0));

/* --- certificates --- */

static int pem_read(struct arena *arena, int dir, const char *name, char **out_text, struct err *err)
{
	auto_buf text = BUF_INIT(PEM_MAX);
	int rc = file_read(dir, name, &text, err);
	if (rc == 0)
		*out_text = arena_strdup(arena, buf_str(&text));
	return rc;
}

static int certificate_take(struct arena *arena, int dir, const char *name, struct buf *roots, struct http_tls *tls,
			    struct err *err)
{
	char *text;
	if (text_ends(name, ".crt")) {
		int rc = pem_read(arena, dir, name, &text, err);
		if (rc < 0)
			return rc;
		buf_printf(roots, "%s\n", text);
		return 0;
	}
	if (!text_ends(name, ".cert") || tls->cert)
		return 0;
	auto_free char *key_name = x_printf("%.*s.key", (int)(strlen(name) - 5), name);
	char *key;
	int rc = pem_read(arena, dir, name, &text, err);
	if (rc == 0)
		rc = pem_read(arena, dir, key_name, &key, err);
	if (rc == -ENOENT)
		return err_set(err, EINVAL,
			       "missing key %s for client certificate %s. CA certificates must use the extension .crt",
			       key_name, name);
	if (rc < 0)
		return rc;
	tls->cert = text;
	tls->key = key;
	return 0;
}

static int certificates_read(struct arena *arena, const char *folder, const char *host, struct http_tls *tls,
			     struct err *err)
{
	auto_free char *path = x_printf("%s/%s", folder, host);
	auto_buf roots = BUF_INIT(PEM_MAX);
	if (strchr(host, '/') || host[0] == '.')
		return 0;
	auto_dir DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, "read %s", path);
	struct dirent *entry;
	int rc = 0;
	while (rc == 0 && (entry = readdir(dir)))
		rc = certificate_take(arena, dirfd(dir), entry->d_name, &roots, tls, err);
	if (rc == 0)
		rc = buf_check(&roots, path, err);
	if (rc < 0)
		return err_wrap(err, "%s", path);
	if (roots.len > 0)
		tls->ca = arena_printf(arena, "%s%s", tls->ca ? tls->ca : "", roots.data);
	return 0;
}

/* --- hosts --- */

static bool is_insecure(const struct registry_settings *settings, const char *host, const char *port)
{
	if (resolver_is_loopback(host))
		return true;
	auto_free char *both = x_printf("%s:%s", host, port);
	for (char **item = settings->insecure; item && *item; item++)
		if (strcasecmp(*item, host) == 0 || strcasecmp(*item, both) == 0 || network_has(*item, host))
			return true;
	return false;
}

static struct endpoint *endpoint_add(struct endpoints *endpoints, struct err *err)
{
	if (endpoints->count == ENDPOINTS_MAX) {
		err_set(err, E2BIG, "more than %d hosts for one registry", ENDPOINTS_MAX);
		return NULL;
	}
	return &endpoints->items[endpoints->count++];
}

/* One host: https, and http behind it where it may be. url has a scheme; http is only taken from mirrors. */
static int host_add(struct http *http, struct arena *arena, const struct registry_settings *settings,
		    const char *registry, const char *url, const char *shown, bool mirror, struct endpoints *endpoints,
		    struct err *err)
{
	struct endpoint *endpoint = endpoint_add(endpoints, err);
	struct http_url base;
	if (!endpoint)
		return -err->code;
	int rc = http_url_parse(http, arena, url, &base, err);
	if (rc < 0)
		return rc;
	const char *path = strchr(strstr(base.text, "://") + 3, '/');
	size_t length = path ? strlen(path) : 0;
	*endpoint = (struct endpoint){.registry = arena_strdup(arena, registry), .base = base, .mirror = mirror};
	while (length > 0 && path[length - 1] == '/')
		length--;
	endpoint->prefix =
	    length > 1 ? arena_printf(arena, "%.*s/", (int)(length - 1), path + 1) : arena_strdup(arena, "");
	endpoint->base.text = arena_strndup(arena, base.text, path ? (size_t)(path - base.text) : strlen(base.text));
	endpoint->local = resolver_is_loopback(base.host);
	bool insecure = is_insecure(settings, base.host, base.port);
	endpoint->insecure = insecure;
	endpoint->local = endpoint->local || insecure || mirror;
	endpoint->tls.verify = !insecure;
	for (char **folder = settings->certs; rc == 0 && folder && *folder; folder++)
		rc = certificates_read(arena, *folder, shown, &endpoint->tls, err);
	/* A root that was put there for this host is a wish to verify. */
	if (insecure && endpoint->tls.ca)
		endpoint->tls.verify = true;
	if (rc < 0 || !insecure || text_equal(base.scheme, "http"))
		return rc;
	struct endpoint *plain = endpoint_add(endpoints, err);
	if (!plain)
		return -err->code;
	*plain = *endpoint;
	endpoint->plain_next = true;
	bool no_port = text_equal(base.port, "443") && !strstr(endpoint->base.text + 8, ":443");
	const char *text = arena_printf(arena, "http://%s", endpoint->base.text + strlen("https://"));
	plain->base.text = text;
	plain->base.scheme = "http";
	if (no_port)
		plain->base.port = "80";
	return 0;
}

static int mirrors_add(struct http *http, struct arena *arena, const struct registry_settings *settings,
		       const char *registry, struct endpoints *endpoints, struct err *err)
{
	int rc = 0;
	for (char **item = settings->mirrors; rc == 0 && item && *item; item++) {
		const char *url = *item, *equals = strchr(url, '='), *scheme = strstr(url, "://");
		bool named = equals && (!scheme || equals < scheme);
		auto_free char *owner = x_strndup(named ? url : "docker.io", named ? (size_t)(equals - url) : 9);
		if (!text_equal(owner, registry))
			continue;
		url = named ? equals + 1 : url;
		const char *after = strstr(url, "://");
		if (!after)
			return err_set(err, EINVAL, "registry-mirrors: \"%s\" is not a URL", *item);
		auto_free char *host = x_strndup(after + 3, strcspn(after + 3, "/"));
		rc = host_add(http, arena, settings, registry, url, host, true, endpoints, err);
	}
	return rc < 0 ? err_wrap(err, "registry-mirrors") : 0;
}

int endpoints_find(struct http *http, struct arena *arena, const struct registry_settings *settings,
		   const char *registry, bool push, struct endpoints *out_endpoints, struct err *err)
{
	*out_endpoints = (struct endpoints){0};
	int rc = push ? 0 : mirrors_add(http, arena, settings, registry, out_endpoints, err);
	if (rc < 0)
		return rc;
	bool hub = text_equal(registry, REFERENCE_DEFAULT_DOMAIN);
	auto_free char *url = x_printf("https://%s", hub ? "registry-1.docker.io" : registry);
	return host_add(http, arena, settings, registry, url, hub ? "docker.io" : registry, false, out_endpoints, err);
}
