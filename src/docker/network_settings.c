#include "docker/network_settings.h"

JSON_TYPE(port_binding, F_STR(struct port_binding, host_ip, "HostIp", 0),
	  F_STR(struct port_binding, host_port, "HostPort", 0));

JSON_TYPE(port_map_entry, F_LIST(struct port_map_entry, bindings, "", JSON_NULLABLE, port_binding));

JSON_TYPE(endpoint_ipam, F_STR(struct endpoint_ipam, ipv4_address, "IPv4Address", JSON_OMIT),
	  F_STR(struct endpoint_ipam, ipv6_address, "IPv6Address", JSON_OMIT),
	  F_STRV(struct endpoint_ipam, link_local_ips, "LinkLocalIPs", JSON_OMIT));

JSON_TYPE(endpoint_settings, F_POINTER(struct endpoint_settings, ipam, "IPAMConfig", 0, endpoint_ipam),
	  F_STRV(struct endpoint_settings, links, "Links", JSON_NULLABLE),
	  F_STRV(struct endpoint_settings, aliases, "Aliases", JSON_NULLABLE),
	  F_STR(struct endpoint_settings, mac_address, "MacAddress", 0),
	  F_MAP(struct endpoint_settings, driver_opts, "DriverOpts", JSON_NULLABLE),
	  F_I64(struct endpoint_settings, gw_priority, "GwPriority", 0),
	  F_STR(struct endpoint_settings, network_id, "NetworkID", 0),
	  F_STR(struct endpoint_settings, endpoint_id, "EndpointID", 0),
	  F_STR(struct endpoint_settings, gateway, "Gateway", 0),
	  F_STR(struct endpoint_settings, ip_address, "IPAddress", 0),
	  F_I64(struct endpoint_settings, ip_prefix_len, "IPPrefixLen", 0),
	  F_STR(struct endpoint_settings, ipv6_gateway, "IPv6Gateway", 0),
	  F_STR(struct endpoint_settings, global_ipv6_address, "GlobalIPv6Address", 0),
	  F_I64(struct endpoint_settings, global_ipv6_prefix_len, "GlobalIPv6PrefixLen", 0),
	  F_STRV(struct endpoint_settings, dns_names, "DNSNames", JSON_NULLABLE));

JSON_TYPE(networking_config,
	  F_OBJECT_MAP(struct networking_config, endpoints, "EndpointsConfig", 0, endpoint_settings));

JSON_TYPE(network_settings, F_STR(struct network_settings, bridge, "Bridge", 0),
	  F_STR(struct network_settings, sandbox_id, "SandboxID", 0),
	  F_STR(struct network_settings, sandbox_key, "SandboxKey", 0),
	  F_OBJECT_MAP(struct network_settings, ports, "Ports", 0, port_map_entry),
	  F_BOOL(struct network_settings, hairpin_mode, "HairpinMode", 0),
	  F_STR(struct network_settings, link_local_ipv6_address, "LinkLocalIPv6Address", 0),
	  F_I64(struct network_settings, link_local_ipv6_prefix_len, "LinkLocalIPv6PrefixLen", 0),
	  F_RAW(struct network_settings, secondary_ip_addresses, "SecondaryIPAddresses", 0),
	  F_RAW(struct network_settings, secondary_ipv6_addresses, "SecondaryIPv6Addresses", 0),
	  F_STR(struct network_settings, endpoint_id, "EndpointID", 0),
	  F_STR(struct network_settings, gateway, "Gateway", 0),
	  F_STR(struct network_settings, global_ipv6_address, "GlobalIPv6Address", 0),
	  F_I64(struct network_settings, global_ipv6_prefix_len, "GlobalIPv6PrefixLen", 0),
	  F_STR(struct network_settings, ip_address, "IPAddress", 0),
	  F_I64(struct network_settings, ip_prefix_len, "IPPrefixLen", 0),
	  F_STR(struct network_settings, ipv6_gateway, "IPv6Gateway", 0),
	  F_STR(struct network_settings, mac_address, "MacAddress", 0),
	  F_OBJECT_MAP(struct network_settings, networks, "Networks", 0, endpoint_settings));

JSON_TYPE(port_summary, F_STR(struct port_summary, ip, "IP", JSON_OMIT),
	  F_U32(struct port_summary, private_port, "PrivatePort", 0),
	  F_U32(struct port_summary, public_port, "PublicPort", JSON_OMIT),
	  F_STR(struct port_summary, type, "Type", 0));

JSON_TYPE(summary_networks, F_OBJECT_MAP(struct summary_networks, networks, "Networks", 0, endpoint_settings));
