/*
 * What a registry's header fields say: WWW-Authenticate (RFC 9110, 11.6.1), Link with rel=next (RFC 8288), Retry-After,
 * Content-Range. Pure functions over hostile text.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum challenge_kind { CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_kind kind;
	const char *realm, *service, *scope; /* NULL: not given */
};
enum { CHALLENGES_MAX = 8 };

/*
 * Reads one field, which may hold several challenges, and appends those that are Basic or Bearer; others are left out.
 * -EINVAL for a text that is none.
 */
int challenge_parse(struct arena *arena, const char *field, struct challenge out_list[CHALLENGES_MAX], size_t *count,
		    struct err *err) must_check;

/* The target of rel=next in a Link field, as it was written; NULL when there is none. */
const char *link_next(struct arena *arena, const char *field);

/* Seconds to wait, from "120" or an HTTP date; -1 for anything else. now: seconds since 1970. */
int64_t retry_after_seconds(const char *field, int64_t now);

/* "bytes 100-199/200" (Content-Range) and "0-199" (Range of an upload's status). -EINVAL. */
int content_range_parse(const char *field, uint64_t *out_first, uint64_t *out_last, uint64_t *out_total,
			struct err *err) must_check;
int upload_range_parse(const char *field, uint64_t *out_end, struct err *err) must_check; /* end: bytes there are */
