/*
 * The options of networks by Docker's names, in one table.
 */
#pragma once

#include "base/json.h"
#include "network/nft.h"

struct network_options {
	char *bridge_name; /* "": by the network's ID */
	bool icc, masquerade, inhibit_four, source_filter;
	int64_t mtu;		     /* 0: not given */
	struct address host_binding; /* not set: the engine's */
	int64_t mode_four, mode_six; /* enum nft_mode */
	char *prefix;		     /* of device names in containers: "eth" */
	char *trusted;		     /* names with ':' between them */
	struct address source_four, source_six;
	char *parent;
	char *macvlan_mode, *ipvlan_mode, *ipvlan_flag;
};

/* Reads them over the defaults, into the arena. -EINVAL in Docker's words; unknown names are ignored, as Docker does.
 */
int network_options_read(struct arena *arena, const struct json_map *map, struct network_options *out_options,
			 struct err *err) must_check;
