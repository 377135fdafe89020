/*
 * What stands in Authorization: by the challenge of a registry, Basic credentials or a token of the realm it names.
 * Used by client.c.
 */
#pragma once

#include "registry/client.h"

/* The value for requests of this scope at this endpoint; NULL: none is known. */
const char *token_find(struct registry *registry, const struct endpoint *endpoint, const char *scope);

/*
 * The call was answered with 401: gets what the challenge asks for, instead of what was sent before. -ENOKEY where that
 * was all there is ("no basic auth credentials", "unauthorized: ..."), or the realm's error.
 */
int token_fetch(struct registry *registry, struct call *call, struct err *err) must_check;
