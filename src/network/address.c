#include "network/address.h"

#include <arpa/inet.h>
#include <string.h>

int address_parse(const char *text, struct address *out_address, struct err *err)
{
	uint8_t bytes[ADDRESS_BYTES];
	if (inet_pton(AF_INET, text, bytes) == 1)
		*out_address = address_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out_address = address_from_bytes(bytes, 16);
	else
		return err_set(err, EINVAL, "\"%s\" is not an IP address", text);
	return 0;
}

void address_text(const struct address *address, char out_text[ADDRESS_TEXT])
{
	uint8_t bytes[ADDRESS_BYTES];
	size_t size = address_bytes(address, bytes);
	out_text[0] = 0;
	if (size && !inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, out_text, ADDRESS_TEXT))
		BUG("an address that has no text");
}

char *address_copy(struct arena *arena, const struct address *address)
{
	char text[ADDRESS_TEXT];
	address_text(address, text);
	return arena_strdup(arena, text);
}

bool address_is_loopback(const struct address *address)
{
	return address->bits == 32 ? address->number >> 24 == 127 : address->bits == 128 && address->number == 1;
}

bool address_is_link_local(const struct address *address)
{
	return address->bits == 32 ? address->number >> 16 == 0xa9fe
				   : address->bits == 128 && address->number >> 118 == 0xfe80 >> 6;
}

struct address address_v4(uint32_t number)
{
	return (struct address){number, 32};
}

size_t address_bytes(const struct address *address, uint8_t out_bytes[ADDRESS_BYTES])
{
	size_t size = address->bits / 8;
	unsigned __int128 number = address->number;
	for (size_t i = size; i > 0; i--) {
		out_bytes[i - 1] = (uint8_t)number;
		number >>= 8;
	}
	return size;
}

struct address address_from_bytes(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	struct address address = {.bits = (uint8_t)(8 * size)};
	if (size != 4 && size != 16)
		return ADDRESS_NONE;
	for (size_t i = 0; i < size; i++)
		address.number = address.number << 8 | at[i];
	return address;
}
