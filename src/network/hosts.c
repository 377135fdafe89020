#include "network/hosts.h"
#include "base/file.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253, HOST_FILE_MAX = 1 << 20 };

/* --- what may go into a line --- */

static int check_hostname(const char *name, struct err *err)
{
	size_t size = strlen(name);
	bool good = size > 0 && size <= NAME_MAX_BYTES;
	for (size_t i = 0; good && i < size; i++)
		good = isalnum((unsigned char)name[i]) || strchr("-._", name[i]);
	if (good)
		return 0;
	return err_set(err, EINVAL, "invalid hostname: not 1 to %d letters, digits, '-', '_' or '.'", NAME_MAX_BYTES);
}

static int check_address(const char *address, struct err *err)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1)
		return 0;
	return err_set(err, EINVAL, "not an IP address");
}

/* Options and search domains: one word. */
static int check_word(const char *word, const char *what, struct err *err)
{
	bool good = *word && strlen(word) <= NAME_MAX_BYTES;
	for (const char *at = word; good && *at; at++)
		good = *at > ' ' && *at < 0x7f;
	return good ? 0 : err_set(err, EINVAL, "invalid %s: it must be one word of printable characters", what);
}

/* --- /etc/hosts --- */

static int put_extra(struct buf *out, const char *extra, const char *gateway, struct err *err)
{
	size_t split = strcspn(extra, ":=");
	if (!extra[split])
		return err_set(err, EINVAL, "bad format for add-host: it is to be NAME:ADDRESS");
	auto_free char *name = x_strndup(extra, split);
	const char *address = extra + split + 1;
	auto_free char *plain = NULL;
	size_t size = strlen(address);
	if (address[0] == '[' && size > 2 && address[size - 1] == ']')
		address = plain = x_strndup(address + 1, size - 2);
	if (check_hostname(name, err) < 0)
		return err_wrap(err, "add-host");
	if (text_equal(address, "host-gateway")) {
		if (text_empty(gateway))
			return err_set(err, EINVAL,
				       "unable to derive the IP value for host-gateway: this container has no "
				       "gateway");
		address = gateway;
	}
	if (check_address(address, err) < 0)
		return err_wrap(err, "invalid IP address in add-host for %s", name);
	buf_printf(out, "%s\t%s\n", address, name);
	return 0;
}

int hosts_own_line(struct buf *out, const struct hosts_entry *entry, const char *address, struct err *err)
{
	if (text_empty(entry->hostname))
		return 0;
	if (check_address(address, err) < 0 || check_hostname(entry->hostname, err) < 0)
		return -err->code;
	buf_printf(out, "%s\t", address);
	if (!text_empty(entry->domainname)) {
		if (check_hostname(entry->domainname, err) < 0)
			return err_wrap(err, "domain name");
		buf_printf(out, "%s.%s ", entry->hostname, entry->domainname);
	}
	buf_printf(out, "%s\n", entry->hostname);
	return 0;
}

/* Without a flag: the host that the container runs on, unless the user gives the name another address. */
static void put_host_name(struct buf *out, const struct hosts_entry *entry)
{
	static const char name[] = "host.docker.internal";
	for (char *const *extra = entry->extra; extra && *extra; extra++) {
		const char *rest = text_after(*extra, name);
		if (rest && (*rest == ':' || *rest == '='))
			return;
	}
	if (!text_empty(entry->gateway))
		buf_printf(out, "%s\t%s\n", entry->gateway, name);
}

int hosts_text(struct buf *out, const struct hosts_entry *entry, struct err *err)
{
	static const char standard[] = "127.0.0.1\tlocalhost\n"
				       "::1\tlocalhost ip6-localhost ip6-loopback\n"
				       "fe00::\tip6-localnet\n"
				       "ff00::\tip6-mcastprefix\n"
				       "ff02::1\tip6-allnodes\n"
				       "ff02::2\tip6-allrouters\n";
	const char *text = entry->host_text ? entry->host_text : standard;
	buf_text(out, text);
	if (*text && !text_ends(text, "\n"))
		buf_char(out, '\n');
	for (char *const *extra = entry->extra; extra && *extra; extra++) {
		if (put_extra(out, *extra, entry->gateway, err) < 0)
			return -err->code;
	}
	for (char *const *link = entry->links; link && *link; link++)
		buf_printf(out, "%s\n", *link);
	for (char *const *address = entry->addresses; address && *address; address++) {
		if (hosts_own_line(out, entry, *address, err) < 0)
			return -err->code;
	}
	put_host_name(out, entry);
	return buf_check(out, "/etc/hosts", err);
}

int hostname_text(struct buf *out, const char *hostname, struct err *err)
{
	if (check_hostname(hostname, err) < 0)
		return -err->code;
	buf_printf(out, "%s\n", hostname);
	return buf_check(out, "/etc/hostname", err);
}

/* --- /etc/resolv.conf --- */

/* The words behind keyword in the host's text; the last line counts, except for name servers, which add up. */
struct resolv_host {
	char **servers, **search, **options;
};

static bool is_loopback(const char *server)
{
	return text_after(server, "127.") != NULL || text_equal(server, "::1");
}

static void read_line(struct resolv_host *host, char *line)
{
	char *rest = NULL;
	line[strcspn(line, "#;")] = 0;
	const char *keyword = strtok_r(line, " \t\r", &rest);
	if (!keyword)
		return;
	bool servers = text_equal(keyword, "nameserver"), options = text_equal(keyword, "options");
	bool search = text_equal(keyword, "search") || text_equal(keyword, "domain");
	if (!servers && !options && !search)
		return;
	if (search) {
		strv_free(host->search);
		host->search = NULL;
	}
	char ***list = servers ? &host->servers : options ? &host->options : &host->search;
	for (char *word = strtok_r(NULL, " \t\r", &rest); word; word = strtok_r(NULL, " \t\r", &rest)) {
		strv_push(list, x_strdup(word));
		if (servers)
			break;
	}
}

static void read_host(struct resolv_host *out_host, const char *text)
{
	auto_strv char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++)
		read_line(out_host, *line);
}

static void host_done(struct resolv_host *host)
{
	strv_free(host->servers);
	strv_free(host->search);
	strv_free(host->options);
}

static int put_servers(struct buf *out, char *const *host, const struct resolv_options *options, struct err *err)
{
	static char first[] = "8.8.8.8", second[] = "8.8.4.4";
	static char *const defaults[] = {first, second, NULL};
	bool given = options->servers && options->servers[0], any = false;
	for (char *const *server = given ? options->servers : host; server && *server; server++) {
		struct err bad;
		bool broken = check_address(*server, &bad) < 0;
		if (given && broken)
			return err_set(err, EINVAL, "invalid name server: not an IP address");
		/* A link-local server of the host may name a device behind '%': of use only with the host's network. */
		if (!given && !options->unchanged && (broken || is_loopback(*server) || strchr(*server, ':')))
			continue;
		if (!given && broken && !strchr(*server, '%'))
			continue;
		buf_printf(out, "nameserver %s\n", *server);
		any = true;
	}
	for (char *const *server = defaults; !any && !options->unchanged && *server; server++)
		buf_printf(out, "nameserver %s\n", *server);
	return 0;
}

static int put_words(struct buf *out, const char *keyword, char *const *words, struct err *err)
{
	if (!words || !words[0])
		return 0;
	buf_text(out, keyword);
	for (; *words; words++) {
		if (check_word(*words, keyword, err) < 0)
			return -err->code;
		buf_printf(out, " %s", *words);
	}
	buf_char(out, '\n');
	return 0;
}

int resolv_text(struct buf *out, const char *host_text, const struct resolv_options *options, struct err *err)
{
	__attribute__((cleanup(host_done))) struct resolv_host host = {0};
	read_host(&host, host_text);
	char *const *search = options->search && options->search[0] ? options->search : host.search;
	char *const *flags = options->options && options->options[0] ? options->options : host.options;
	bool no_search = search && search[0] && text_equal(search[0], ".") && !search[1];
	buf_text(out, "# Generated by tug from the host's resolv.conf.\n");
	if (options->embedded)
		buf_text(out, "nameserver 127.0.0.11\n");
	if ((!options->embedded && put_servers(out, host.servers, options, err) < 0) ||
	    (!no_search && put_words(out, "search", search, err) < 0) || put_words(out, "options", flags, err) < 0)
		return -err->code;
	/* A name without a dot is a container's, whatever the search list says. */
	bool dots = false;
	for (char *const *flag = flags; flag && *flag; flag++)
		dots |= text_after(*flag, "ndots:") != NULL;
	if (options->embedded && !dots)
		buf_text(out, "options ndots:0\n");
	return buf_check(out, "/etc/resolv.conf", err);
}

int resolv_host_text(struct buf *out, struct err *err)
{
	static const char file[] = "/etc/resolv.conf", behind_stub[] = "/run/systemd/resolve/resolv.conf";
	auto_buf text = BUF_INIT(HOST_FILE_MAX), real = BUF_INIT(HOST_FILE_MAX);
	__attribute__((cleanup(host_done))) struct resolv_host host = {0};
	int result = file_read(AT_FDCWD, file, &text, err);
	if (result < 0 && result != -ENOENT)
		return result;
	read_host(&host, buf_str(&text));
	struct err ignored;
	bool stub = strv_count(host.servers) == 1 && text_equal(host.servers[0], "127.0.0.53");
	bool replaced = stub && file_read(AT_FDCWD, behind_stub, &real, &ignored) == 0;
	buf_text(out, buf_str(replaced ? &real : &text));
	return buf_check(out, file, err);
}
