#include "network/nft.h"
#include "network/nft_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <string.h>

static const char mark_name[] = "forwarding_was_off";

enum {
	ELEMENTS_SIZE_MAX = 48 << 10, /* their list must stay below 64 KiB */
	/* Types as nft(8) numbers them, six bits each in a concatenation; only for listings. */
	TYPE_ADDRESS = 7,
	TYPE_ADDRESS_SIX = 8,
	TYPE_MAC = 9,
	TYPE_PROTOCOL = 12,
	TYPE_PORT = 13,
	TYPE_DEVICE = 20,
	TYPE_DEVICE_NAME = 41,
	KEY_MAX = 32,
};
#define TYPE_VERDICT 0xffffff00U

static void transaction(struct netlink_batch *batch, uint16_t type)
{
	struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_begin(batch, "nftables", type, 0, &header, sizeof header);
}

static void put_table(const struct nft_table *table, uint16_t message, uint16_t flags)
{
	nft_begin(table, "nftables table", message, flags);
	netlink_put_text(table->batch, NFTA_TABLE_NAME, table->name);
}

static void put_set(const struct nft_table *table, const char *name, uint32_t id, uint32_t key_type, uint32_t key_size,
		    uint32_t data_type, uint32_t data_size)
{
	nft_begin(table, "add an nftables set", NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_text(table->batch, NFTA_SET_TABLE, table->name);
	netlink_put_text(table->batch, NFTA_SET_NAME, name);
	netlink_put_be32(table->batch, NFTA_SET_FLAGS, data_type ? NFT_SET_MAP : 0);
	netlink_put_be32(table->batch, NFTA_SET_KEY_TYPE, key_type);
	netlink_put_be32(table->batch, NFTA_SET_KEY_LEN, key_size);
	if (data_type) {
		netlink_put_be32(table->batch, NFTA_SET_DATA_TYPE, data_type);
		netlink_put_be32(table->batch, NFTA_SET_DATA_LEN, data_size);
	}
	netlink_put_be32(table->batch, NFTA_SET_ID, id);
}

/* --- elements --- */

struct elements {
	const struct nft_table *table;
	const char *set;
	uint16_t message, flags;
	size_t list; /* 0: no message is open */
};

static void elements_end(struct elements *elements)
{
	if (elements->list)
		netlink_nest_end(elements->table->batch, elements->list);
	elements->list = 0;
}

struct element {
	const void *key, *data; /* data NULL: of a set */
	size_t key_size, data_size;
	const char *chain; /* the verdict: jump there */
};

static void element_put(struct elements *elements, const struct element *element)
{
	struct netlink_batch *batch = elements->table->batch;
	if (elements->list && batch->bytes.len - elements->list > ELEMENTS_SIZE_MAX)
		elements_end(elements);
	if (!elements->list) {
		nft_begin(elements->table, "nftables elements", elements->message, elements->flags);
		netlink_put_text(batch, NFTA_SET_ELEM_LIST_TABLE, elements->table->name);
		netlink_put_text(batch, NFTA_SET_ELEM_LIST_SET, elements->set);
		elements->list = netlink_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	}
	size_t whole = netlink_nest(batch, NFTA_LIST_ELEM), nest = netlink_nest(batch, NFTA_SET_ELEM_KEY);
	netlink_put(batch, NFTA_DATA_VALUE, element->key, element->key_size);
	netlink_nest_end(batch, nest);
	if (elements->message == NFT_MSG_NEWSETELEM && (element->data || element->chain)) {
		nest = netlink_nest(batch, NFTA_SET_ELEM_DATA);
		if (element->chain) {
			size_t verdict = netlink_nest(batch, NFTA_DATA_VERDICT);
			netlink_put_be32(batch, NFTA_VERDICT_CODE, (uint32_t)NFT_JUMP);
			netlink_put_text(batch, NFTA_VERDICT_CHAIN, element->chain);
			netlink_nest_end(batch, verdict);
		} else {
			netlink_put(batch, NFTA_DATA_VALUE, element->data, element->data_size);
		}
		netlink_nest_end(batch, nest);
	}
	netlink_nest_end(batch, whole);
}

/* Each part of a key or of data begins at a 32-bit border. */
struct key {
	uint8_t bytes[KEY_MAX];
	size_t size;
};

static void key_add(struct key *key, const void *data, size_t size)
{
	memcpy(key->bytes + key->size, data, size);
	key->size += (size + 3) / 4 * 4;
}

static void key_add_address(struct key *key, const struct address *address)
{
	uint8_t bytes[ADDRESS_BYTES];
	size_t size = address_bytes(address, bytes);
	key_add(key, bytes, size);
}

static struct key port_key(const struct address *host, uint8_t protocol, uint16_t port)
{
	struct key key = {0};
	uint16_t number = htons(port);
	key_add_address(&key, host);
	key_add(&key, &protocol, sizeof protocol);
	key_add(&key, &number, sizeof number);
	return key;
}

static void put_ports(const struct nft_table *table, const struct nft_change *change, uint16_t message, uint16_t flags)
{
	uint8_t bits = table->family == NFPROTO_IPV4 ? 32 : 128;
	for (int open = 0; open < 2; open++) {
		struct elements elements = {table, open ? NFT_OPEN : NFT_PORTS, message, flags, 0};
		for (size_t i = 0; i < change->port_count; i++) {
			const struct nft_port *port = &change->ports[i];
			if (port->address.bits != bits || port->open != open)
				continue;
			struct key key = open ? port_key(&port->address, port->protocol, port->port)
					      : port_key(&port->host, port->protocol, port->host_port);
			struct key data = {0};
			uint16_t number = htons(port->port);
			key_add_address(&data, &port->address);
			key_add(&data, &number, sizeof number);
			element_put(&elements, &(struct element){.key = key.bytes,
								 .key_size = key.size,
								 .data = open ? NULL : data.bytes,
								 .data_size = data.size});
		}
		elements_end(&elements);
	}
}

static void put_jumps(const struct nft_table *table, const struct nft_rules *rules, const char *map)
{
	struct elements elements = {table, map, NFT_MSG_NEWSETELEM, NLM_F_CREATE, 0};
	for (size_t i = 0; i < rules->network_count; i++) {
		const struct nft_network *network = &rules->networks[i];
		char chain[NFT_CHAIN_TEXT], device[IFNAMSIZ] = "";
		if (!nft_has_chain(network, table->family, map))
			continue;
		nft_chain_name(map, network->bridge, chain);
		snprintf(device, sizeof device, "%s", network->bridge);
		element_put(&elements, &(struct element){.key = device, .key_size = sizeof device, .chain = chain});
	}
	elements_end(&elements);
}

/* The sources' keys for one set; a device alone, with its hardware address, or with each of its addresses. */
static void put_sources(const struct nft_table *table, const struct nft_change *change, uint16_t message,
			uint16_t flags)
{
	static const struct {
		const char *set;
		bool mac;
		uint8_t bits;
	} rows[] = {
	    {NFT_DEVICES, false, 0}, {NFT_MACS, true, 0}, {NFT_ADDRESSES, false, 32}, {NFT_ADDRESSES_SIX, false, 128}};
	for (size_t row = 0; row < array_size(rows); row++) {
		struct elements elements = {table, rows[row].set, message, flags, 0};
		for (size_t i = 0; i < change->source_count; i++) {
			const struct nft_source *source = &change->sources[i];
			for (size_t k = 0; k < (rows[row].bits ? source->count : 1); k++) {
				struct key key = {0};
				key_add(&key, &source->port, sizeof source->port);
				if (rows[row].mac)
					key_add(&key, source->mac, MAC_SIZE);
				if (rows[row].bits && source->addresses[k].bits != rows[row].bits)
					continue;
				if (rows[row].bits)
					key_add_address(&key, &source->addresses[k]);
				element_put(&elements, &(struct element){.key = key.bytes, .key_size = key.size});
			}
		}
		elements_end(&elements);
	}
}

/* --- whole tables --- */

static void put_routed_table(const struct nft_table *table, const struct nft_rules *rules)
{
	enum { ID_PORTS = 1, ID_OPEN, ID_MAPS };
	static const char *const maps[] = {NFT_INSIDE, NFT_INTO, NFT_OUTOF};
	bool four = table->family == NFPROTO_IPV4;
	uint32_t address = four ? TYPE_ADDRESS : TYPE_ADDRESS_SIX, size = four ? 4 : 16;
	uint32_t key = address << 12 | TYPE_PROTOCOL << 6 | TYPE_PORT;
	put_set(table, NFT_PORTS, ID_PORTS, key, size + 8, address << 6 | TYPE_PORT, size + 4);
	put_set(table, NFT_OPEN, ID_OPEN, key, size + 8, 0, 0);
	for (uint32_t i = 0; i < array_size(maps); i++)
		put_set(table, maps[i], ID_MAPS + i, TYPE_DEVICE_NAME, IFNAMSIZ, TYPE_VERDICT, 0);
	nft_put_chains(table, rules);
	if (four ? rules->mark_four : rules->mark_six)
		nft_put_chain(table, mark_name, NULL, 0, 0, 0);
	for (size_t i = 0; i < array_size(maps); i++)
		put_jumps(table, rules, maps[i]);
	put_ports(table, &(struct nft_change){.ports = rules->ports, .port_count = rules->port_count},
		  NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

static void put_bridge_table(const struct nft_table *table, const struct nft_rules *rules)
{
	enum { ID_DEVICES = 1, ID_MACS, ID_FOUR, ID_SIX };
	put_set(table, NFT_DEVICES, ID_DEVICES, TYPE_DEVICE, 4, 0, 0);
	put_set(table, NFT_MACS, ID_MACS, TYPE_DEVICE << 6 | TYPE_MAC, 4 + 8, 0, 0);
	put_set(table, NFT_ADDRESSES, ID_FOUR, TYPE_DEVICE << 6 | TYPE_ADDRESS, 4 + 4, 0, 0);
	put_set(table, NFT_ADDRESSES_SIX, ID_SIX, TYPE_DEVICE << 6 | TYPE_ADDRESS_SIX, 4 + 16, 0, 0);
	nft_put_guard_chains(table);
	put_sources(table, &(struct nft_change){.sources = rules->sources, .source_count = rules->source_count},
		    NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

static void put_anew(const struct nft_table *table)
{
	put_table(table, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(table, NFT_MSG_DELTABLE, 0);
	put_table(table, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

static bool is_absent(int code) /* the kernel lacks this family */
{
	return code == -EOPNOTSUPP || code == -EAFNOSUPPORT || code == -EPROTONOSUPPORT;
}

/* A kernel without nftables for bridges: the rest holds all the same. */
static int replace_bridge(struct netlink *netlink, const struct nft_rules *rules, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nft_table table = {&batch, rules->table, NFPROTO_BRIDGE};
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_anew(&table);
	put_bridge_table(&table, rules);
	transaction(&batch, NFNL_MSG_BATCH_END);
	int result = netlink_send(netlink, &batch, err);
	return is_absent(result) ? 0 : result;
}

int nft_replace(struct netlink *netlink, const struct nft_rules *rules, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nft_table four = {&batch, rules->table, NFPROTO_IPV4}, six = {&batch, rules->table, NFPROTO_IPV6};
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_anew(&four);
	put_routed_table(&four, rules);
	if (rules->six) {
		put_anew(&six);
		put_routed_table(&six, rules);
	}
	transaction(&batch, NFNL_MSG_BATCH_END);
	if (replace_bridge(netlink, rules, err) < 0 || netlink_send(netlink, &batch, err) < 0)
		return err_wrap(err, "nftables table %s", rules->table);
	return 0;
}

static int change_elements(struct netlink *netlink, const char *name, const struct nft_change *change, uint16_t message,
			   uint16_t flags, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nft_table four = {&batch, name, NFPROTO_IPV4}, six = {&batch, name, NFPROTO_IPV6},
			 bridge = {&batch, name, NFPROTO_BRIDGE};
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_ports(&four, change, message, flags);
	put_ports(&six, change, message, flags);
	put_sources(&bridge, change, message, (uint16_t)(flags & ~NLM_F_EXCL));
	transaction(&batch, NFNL_MSG_BATCH_END);
	return batch.count == 2 ? 0 : netlink_send(netlink, &batch, err);
}

static int change_both(struct netlink *netlink, const char *table, const struct nft_change *change, uint16_t message,
		       uint16_t flags, struct err *err)
{
	int result = change_elements(netlink, table, change, message, flags, err);
	if (!is_absent(result))
		return result;
	struct nft_change ports = {.ports = change->ports, .port_count = change->port_count};
	return change_elements(netlink, table, &ports, message, flags, err);
}

int nft_add(struct netlink *netlink, const char *table, const struct nft_change *change, struct err *err)
{
	return change_both(netlink, table, change, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, err);
}

int nft_remove(struct netlink *netlink, const char *table, const struct nft_change *change, struct err *err)
{
	return change_both(netlink, table, change, NFT_MSG_DELSETELEM, 0, err);
}

/* --- marks --- */

static int found_mark(void *cookie, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		*(bool *)cookie = true;
	return 0;
}

static int read_mark(struct netlink *netlink, const char *name, uint8_t family, bool *out_mark, struct err *err)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nft_table table = {&batch, name, family};
	bool mark = false;
	nft_begin(&table, "nftables chain", NFT_MSG_GETCHAIN, 0);
	netlink_put_text(&batch, NFTA_CHAIN_TABLE, name);
	netlink_put_text(&batch, NFTA_CHAIN_NAME, mark_name);
	int result = netlink_ask(netlink, &batch, found_mark, &mark, err);
	if (result < 0 && result != -ENOENT && !is_absent(result))
		return result;
	*out_mark = mark;
	return 0;
}

int nft_read_marks(struct netlink *netlink, const char *table, bool *out_four, bool *out_six, struct err *err)
{
	bool four, six;
	if (read_mark(netlink, table, NFPROTO_IPV4, &four, err) < 0 ||
	    read_mark(netlink, table, NFPROTO_IPV6, &six, err) < 0)
		return -err->code;
	*out_four = four;
	*out_six = six;
	return 0;
}

int nft_delete(struct netlink *netlink, const char *name, struct err *err)
{
	static const uint8_t families[] = {NFPROTO_BRIDGE, NFPROTO_IPV6, NFPROTO_IPV4};
	for (size_t i = 0; i < array_size(families); i++) {
		auto_batch batch = NETLINK_BATCH_INIT;
		struct nft_table table = {&batch, name, families[i]};
		transaction(&batch, NFNL_MSG_BATCH_BEGIN);
		put_table(&table, NFT_MSG_NEWTABLE, NLM_F_CREATE); /* so that deleting it cannot fail */
		put_table(&table, NFT_MSG_DELTABLE, 0);
		transaction(&batch, NFNL_MSG_BATCH_END);
		int result = netlink_send(netlink, &batch, err);
		if (result < 0 && !is_absent(result))
			return result;
	}
	return 0;
}

/* --- the resolver of a container --- */

static const uint8_t resolver_address[4] = {127, 0, 0, 11};

/* Rewrites one port of packets from or to the resolver's address. */
static void put_rewrite(const struct nft_table *table, uint8_t protocol, bool answers, uint16_t from, uint16_t to)
{
	enum { SOURCE_PORT = 0, DESTINATION_PORT = 2, SOURCE_ADDRESS = 12, DESTINATION_ADDRESS = 16 };
	struct nft_rule_place rule;
	uint32_t field = answers ? SOURCE_PORT : DESTINATION_PORT;
	uint16_t was = htons(from), becomes = htons(to);
	nft_rule_begin(table, "resolver", &rule);
	nft_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, answers ? SOURCE_ADDRESS : DESTINATION_ADDRESS, 4, NFT_R0);
	nft_compare(&rule, NFT_R0, NFT_CMP_EQ, resolver_address, sizeof resolver_address);
	nft_meta(&rule, NFT_META_L4PROTO, NFT_R0);
	nft_compare(&rule, NFT_R0, NFT_CMP_EQ, &protocol, 1);
	nft_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, field, sizeof was, NFT_R0);
	nft_compare(&rule, NFT_R0, NFT_CMP_EQ, &was, sizeof was);
	nft_load(&rule, NFT_R0, &becomes, sizeof becomes);
	nft_payload_set(&rule, field, sizeof becomes, NFT_R0);
	nft_verdict(&rule, NF_ACCEPT);
	nft_rule_end(&rule);
}

int nft_resolver(struct netlink *inside, uint16_t udp, uint16_t tcp, struct err *err)
{
	enum { DNS = 53, PRIORITY_RAW = -300 };
	auto_batch batch = NETLINK_BATCH_INIT;
	struct nft_table table = {&batch, "tug_resolver", NFPROTO_IPV4};
	transaction(&batch, NFNL_MSG_BATCH_BEGIN);
	put_anew(&table);
	nft_put_chain(&table, "resolver", "filter", NF_INET_LOCAL_OUT, PRIORITY_RAW, NF_ACCEPT);
	put_rewrite(&table, IPPROTO_UDP, false, DNS, udp);
	put_rewrite(&table, IPPROTO_TCP, false, DNS, tcp);
	put_rewrite(&table, IPPROTO_UDP, true, udp, DNS);
	put_rewrite(&table, IPPROTO_TCP, true, tcp, DNS);
	transaction(&batch, NFNL_MSG_BATCH_END);
	return netlink_send(inside, &batch, err);
}
