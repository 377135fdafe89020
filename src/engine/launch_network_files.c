/* What a container reads about its networks: hosts, hostname, resolv.conf. */
#include "engine/launch_network.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "network/hosts.h"

#include <fcntl.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

bool launch_network_resolves(const struct container *container)
{
	for (size_t i = 0; i < container->member_count; i++) {
		if (network_resolves(container->members[i].endpoint->network))
			return true;
	}
	return false;
}

/* Not atomic and not synchronised: it is made anew with every start, and mounted as it is. */
static int file_write(int dir, const char *name, const struct buf *text, struct err *err)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "open %s", name);
	int rc = fd_write_full(fd, buf_str(text), text->len);
	return rc < 0 ? err_set(err, -rc, "write %s: %s", name, strerror(-rc)) : 0;
}

/* --- hosts --- */

static char *without_prefix(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strcspn(text, "/"));
}

/* The container's own addresses, without their prefix lengths. */
static char **own_addresses(const struct container *container, struct arena *arena)
{
	size_t count = 0;
	char **list = arena_array(arena, char *, 2 * container->address.places.count + 1);
	for (size_t i = 0; i < container->address.places.count; i++) {
		const struct container_place *place = &container->address.places.items[i];
		if (!text_empty(place->four))
			list[count++] = without_prefix(arena, place->four);
		if (!text_empty(place->six))
			list[count++] = without_prefix(arena, place->six);
	}
	return list;
}

static const char *own_gateway(const struct container *container)
{
	for (size_t i = 0; i < container->address.places.count; i++) {
		const struct container_place *place = &container->address.places.items[i];
		if (!text_empty(place->gateway_four))
			return place->gateway_four;
		if (!text_empty(place->gateway_six))
			return place->gateway_six;
	}
	return "";
}

/* Links of the default bridge, "NAME:ALIAS": lines for the containers that are there now. */
static int links_lines(const struct container *container, struct arena *arena, char ***out_lines, struct err *err)
{
	char *const *links = container->document.host.links;
	struct network_record *bridge = networks_by_name(container->engine, "bridge");
	size_t count = 0;
	char **lines = arena_array(arena, char *, strv_count(links) + 1);
	*out_lines = lines;
	if (!bridge || !membership_settings(container, bridge->id))
		return 0;
	for (; links && *links; links++) {
		struct container *other;
		const char *colon = strchr(*links, ':');
		char *name = colon ? arena_strndup(arena, *links, (size_t)(colon - *links)) : *links;
		const char *slash = colon ? strrchr(colon, '/') : NULL;
		const char *alias = slash ? slash + 1 : colon ? colon + 1 : name;
		int rc = container_find(container->engine, name, &other, err);
		if (rc < 0)
			return err_wrap(err, "could not get container for %s", name);
		const struct container_place *place = membership_place(other, bridge->id);
		if (!place)
			return err_set(err, EINVAL, "Cannot link to a non running container: /%s AS /%s/%s",
				       other->name, container->name, alias);
		lines[count++] = arena_printf(arena, "%s\t%s %.12s %s", without_prefix(arena, place->four), alias,
					      other->id, other->name);
	}
	return 0;
}

static int hosts_write(const struct container *container, int dir, bool host_network, struct err *err)
{
	const struct container_config *config = &container->document.config;
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(FILE_MAX), host_text = BUF_INIT(FILE_MAX);
	struct err missing;
	char **links;
	if (host_network && file_read(AT_FDCWD, "/etc/hosts", &host_text, &missing) < 0)
		buf_reset(&host_text);
	int rc = links_lines(container, &arena, &links, err);
	if (rc < 0)
		return rc;
	const struct hosts_entry entry = {
	    .addresses = own_addresses(container, &arena),
	    .hostname = config->hostname,
	    .domainname = config->domainname,
	    .extra = container->document.host.extra_hosts,
	    .gateway = own_gateway(container),
	    .links = links,
	    .host_text = host_network ? buf_str(&host_text) : NULL,
	};
	rc = hosts_text(&text, &entry, err);
	return rc < 0 ? rc : file_write(dir, "hosts", &text, err);
}

/* --- resolv.conf --- */

static char *const *list_or(char *const *own, char *const *other)
{
	return own && own[0] ? own : other;
}

static int resolv_make(const struct container *container, bool embedded, struct buf *out, struct err *err)
{
	const struct host_config *host = &container->document.host;
	const struct engine_config *defaults = &container->engine->config;
	auto_buf host_text = BUF_INIT(FILE_MAX);
	const struct resolv_options options = {
	    .servers = list_or(host->dns, defaults->dns),
	    .search = list_or(host->dns_search, defaults->dns_search),
	    .options = list_or(host->dns_options, defaults->dns_options),
	    .unchanged = text_equal(host->network_mode, "host"),
	    .embedded = embedded,
	};
	int rc = resolv_host_text(&host_text, err);
	return rc < 0 ? rc : resolv_text(out, buf_str(&host_text), &options, err);
}

int launch_network_files(const struct container *container, int dir, struct err *err)
{
	auto_buf name = BUF_INIT(FILE_MAX), resolv = BUF_INIT(FILE_MAX);
	if (text_after(container->document.host.network_mode, "container:"))
		return 0; /* it has the other one's */
	int rc = hosts_write(container, dir, text_equal(container->document.host.network_mode, "host"), err);
	if (rc == 0)
		rc = hostname_text(&name, container->document.config.hostname, err);
	if (rc == 0)
		rc = file_write(dir, "hostname", &name, err);
	if (rc == 0)
		rc = resolv_make(container, launch_network_resolves(container), &resolv, err);
	return rc < 0 ? rc : file_write(dir, "resolv.conf", &resolv, err);
}

/* --- following --- */

/* The lines of own addresses go and come; all others stay, whoever wrote them. */
static int hosts_follow(const struct container *container, int dir, struct err *err)
{
	const struct container_config *config = &container->document.config;
	auto_arena arena = {0};
	auto_buf was = BUF_INIT(FILE_MAX), now = BUF_INIT(FILE_MAX);
	const struct hosts_entry entry = {.hostname = config->hostname, .domainname = config->domainname};
	auto_buf tail = BUF_INIT(FILE_MAX);
	buf_printf(&tail, "\t%s%s%s%s%s", text_empty(config->domainname) ? "" : config->hostname,
		   text_empty(config->domainname) ? "" : ".", text_empty(config->domainname) ? "" : config->domainname,
		   text_empty(config->domainname) ? "" : " ", config->hostname);
	int rc = file_read(dir, "hosts", &was, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&was), '\n');
	for (char **line = lines; *line; line++) {
		if (!text_ends(*line, buf_str(&tail)) && (line[1] || **line))
			buf_printf(&now, "%s\n", *line);
	}
	for (char **address = own_addresses(container, &arena); *address; address++) {
		rc = hosts_own_line(&now, &entry, *address, err);
		if (rc < 0)
			return rc;
	}
	rc = buf_check(&now, "/etc/hosts", err);
	return rc < 0 ? rc : file_write(dir, "hosts", &now, err);
}

static int resolv_follow(const struct container *container, int dir, bool before, struct err *err)
{
	auto_buf there = BUF_INIT(FILE_MAX), was = BUF_INIT(FILE_MAX), now = BUF_INIT(FILE_MAX);
	bool after = launch_network_resolves(container);
	if (before == after)
		return 0;
	int rc = file_read(dir, "resolv.conf", &there, err);
	if (rc == 0)
		rc = resolv_make(container, before, &was, err);
	if (rc < 0 || !text_equal(buf_str(&there), buf_str(&was)))
		return rc;
	rc = resolv_make(container, after, &now, err);
	return rc < 0 ? rc : file_write(dir, "resolv.conf", &now, err);
}

void launch_network_files_follow(const struct container *container, bool resolved_before)
{
	auto_free char *name = x_printf("containers/%s", container->id);
	auto_fd int found = -1, dir = -1;
	struct err err;
	int rc = path_open(container->engine->data, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &dir, &err);
	if (rc == 0)
		rc = hosts_follow(container, dir, &err);
	if (rc == 0)
		rc = resolv_follow(container, dir, resolved_before, &err);
	if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot tell a container of its networks", NULL);
}
