#include "docker/network.h"

JSON_TYPE(ipam_range, F_STR(struct ipam_range, subnet, "Subnet", JSON_OMIT),
	  F_STR(struct ipam_range, ip_range, "IPRange", JSON_OMIT),
	  F_STR(struct ipam_range, gateway, "Gateway", JSON_OMIT),
	  F_MAP(struct ipam_range, auxiliary, "AuxiliaryAddresses", JSON_OMIT));

JSON_TYPE(ipam, F_STR(struct ipam, driver, "Driver", 0), F_MAP(struct ipam, options, "Options", JSON_NULLABLE),
	  F_LIST(struct ipam, config, "Config", JSON_NULLABLE, ipam_range));

JSON_TYPE(config_reference, F_STR(struct config_reference, network, "Network", 0));

JSON_TYPE(network_create, F_STR(struct network_create, name, "Name", 0),
	  F_STR(struct network_create, driver, "Driver", 0), F_STR(struct network_create, scope, "Scope", JSON_OMIT),
	  F_BOOL(struct network_create, internal, "Internal", 0),
	  F_BOOL(struct network_create, attachable, "Attachable", 0),
	  F_BOOL(struct network_create, ingress, "Ingress", 0),
	  F_BOOL(struct network_create, config_only, "ConfigOnly", 0),
	  F_POINTER(struct network_create, config_from, "ConfigFrom", JSON_OMIT, config_reference),
	  F_POINTER(struct network_create, ipam, "IPAM", JSON_OMIT, ipam),
	  F_OPT_BOOL(struct network_create, enable_ipv4, "EnableIPv4", JSON_OMIT),
	  F_OPT_BOOL(struct network_create, enable_ipv6, "EnableIPv6", JSON_OMIT),
	  F_MAP(struct network_create, options, "Options", 0), F_MAP(struct network_create, labels, "Labels", 0));

JSON_TYPE(network_created, F_STR(struct network_created, id, "Id", 0),
	  F_STR(struct network_created, warning, "Warning", 0));

JSON_TYPE(network_container, F_STR(struct network_container, name, "Name", 0),
	  F_STR(struct network_container, endpoint_id, "EndpointID", 0),
	  F_STR(struct network_container, mac_address, "MacAddress", 0),
	  F_STR(struct network_container, ipv4_address, "IPv4Address", 0),
	  F_STR(struct network_container, ipv6_address, "IPv6Address", 0));

JSON_TYPE(network_inspect, F_STR(struct network_inspect, name, "Name", 0), F_STR(struct network_inspect, id, "Id", 0),
	  F_STR(struct network_inspect, created, "Created", 0), F_STR(struct network_inspect, scope, "Scope", 0),
	  F_STR(struct network_inspect, driver, "Driver", 0),
	  F_BOOL(struct network_inspect, enable_ipv4, "EnableIPv4", 0),
	  F_BOOL(struct network_inspect, enable_ipv6, "EnableIPv6", 0),
	  F_OBJECT(struct network_inspect, ipam, "IPAM", 0, ipam),
	  F_BOOL(struct network_inspect, internal, "Internal", 0),
	  F_BOOL(struct network_inspect, attachable, "Attachable", 0),
	  F_BOOL(struct network_inspect, ingress, "Ingress", 0),
	  F_OBJECT(struct network_inspect, config_from, "ConfigFrom", 0, config_reference),
	  F_BOOL(struct network_inspect, config_only, "ConfigOnly", 0),
	  F_OBJECT_MAP(struct network_inspect, containers, "Containers", 0, network_container),
	  F_MAP(struct network_inspect, options, "Options", 0), F_MAP(struct network_inspect, labels, "Labels", 0));

JSON_TYPE(network_connect, F_STR(struct network_connect, container, "Container", 0),
	  F_POINTER(struct network_connect, endpoint, "EndpointConfig", JSON_OMIT, endpoint_settings));

JSON_TYPE(network_disconnect, F_STR(struct network_disconnect, container, "Container", 0),
	  F_BOOL(struct network_disconnect, force, "Force", 0));

JSON_TYPE(network_prune, F_STRV(struct network_prune, deleted, "NetworksDeleted", JSON_NULLABLE));
