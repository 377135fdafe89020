/*
 * The texts of a container's /etc/hosts, /etc/hostname and /etc/resolv.conf, as Docker writes them. Pure.
 *
 * Every name and address is checked before it goes into a line: no blank, no control character, no second line smuggled
 * in.
 */
#pragma once

#include "base/buffer.h"

struct hosts_entry {
	char *const *addresses;		   /* the container's own, NULL-terminated; NULL: none */
	const char *hostname, *domainname; /* domainname: "" or NULL: none */
	char *const *extra;  /* "name:address" or "name=address"; NULL-terminated or NULL; "host-gateway" is gateway */
	const char *gateway; /* for host-gateway, and host.docker.internal; "": not available */
	char *const *links;  /* "172.17.0.3\tdb 0123456789ab web": lines that were made from checked names; or NULL */
	const char *host_text; /* network host: the host's own /etc/hosts, which the entries follow; otherwise NULL */
};
int hosts_text(struct buf *out, const struct hosts_entry *entry, struct err *err) must_check;

/* "web\n"; -EINVAL for what is not a host name. */
int hostname_text(struct buf *out, const char *hostname, struct err *err) must_check;

/* One line of an address of the container, as hosts_text writes it. */
int hosts_own_line(struct buf *out, const struct hosts_entry *entry, const char *address, struct err *err) must_check;

struct resolv_options {
	char *const *servers, *const *search,
				  *const *options; /* NULL or empty: the host's; "." alone in search: none */
	bool unchanged; /* network host: loopback and IPv6 servers of the host can be reached */
	bool embedded;	/* the resolver of user-defined networks at 127.0.0.11 comes first, and alone */
};
/*
 * From the host's text. Servers on loopback addresses and over IPv6 cannot be reached from the bridge and are dropped;
 * where none is left, Docker's default servers 8.8.8.8 and 8.8.4.4 are named.
 */
int resolv_text(struct buf *out, const char *host_text, const struct resolv_options *options,
		struct err *err) must_check;

/*
 * The host's resolv.conf: /etc/resolv.conf, or systemd-resolved's own list where that names only its stub (127.0.0.53).
 * A missing file is an empty text.
 */
int resolv_host_text(struct buf *out, struct err *err) must_check;
