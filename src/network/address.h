/*
 * IP addresses of both families as numbers, so that counting, masking and comparing is the same for both. Pure.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum { ADDRESS_TEXT = 46, ADDRESS_BYTES = 16 };

struct address {
	unsigned __int128 number;
	uint8_t bits; /* 32 or 128; 0: none */
};
#define ADDRESS_NONE ((struct address){0})

/* "172.17.0.1" or "fd00::1", without a zone. -EINVAL. */
int address_parse(const char *text, struct address *out_address, struct err *err) must_check;
void address_text(const struct address *address, char out_text[ADDRESS_TEXT]); /* "" for none */
char *address_copy(struct arena *arena, const struct address *address);	       /* the same text in the arena */

static inline bool address_is_set(const struct address *address)
{
	return address->bits != 0;
}
static inline bool address_equal(const struct address *a, const struct address *b)
{
	return a->bits == b->bits && a->number == b->number;
}
static inline bool address_is_any(const struct address *address) /* 0.0.0.0 or :: */
{
	return address->bits != 0 && address->number == 0;
}
bool address_is_loopback(const struct address *address);
bool address_is_link_local(const struct address *address); /* 169.254.0.0/16, fe80::/10 */

struct address address_v4(uint32_t number);
static inline int address_family(const struct address *address)
{
	enum { FAMILY_V4 = 2, FAMILY_V6 = 10 }; /* AF_INET, AF_INET6 */
	return address->bits == 32 ? FAMILY_V4 : FAMILY_V6;
}

/* In network order: 4 or 16 bytes; returns how many. */
size_t address_bytes(const struct address *address, uint8_t out_bytes[ADDRESS_BYTES]);
struct address address_from_bytes(const void *bytes, size_t size); /* none unless 4 or 16 */
