/*
 * Image references as Docker writes them: [domain/]path[:tag][@digest].
 *
 * The grammar is that of distribution/reference 0.6. A short ("familiar") text is normalised when it is parsed:
 * `alpine` is docker.io/library/alpine. Tag and digest may both be absent; commands that need a tag ask for
 * reference_set_default_tag. A text that is nothing but 64 hex digits is an image ID, not a name, and refused here.
 */
#pragma once

#include "base/buffer.h"

enum {
	REFERENCE_NAME_MAX = 255, /* of the path without the domain */
	REFERENCE_TAG_MAX = 128,
	REFERENCE_TEXT_MAX = 1024, /* any accepted reference with its NUL */
	REFERENCE_DIGEST_MAX = 128 + 32,
};
#define REFERENCE_DEFAULT_DOMAIN "docker.io"
#define REFERENCE_DEFAULT_TAG "latest"

struct reference {
	char domain[256];		       /* "docker.io", "localhost:5000" */
	char path[REFERENCE_NAME_MAX + 1];     /* "library/alpine" */
	char tag[REFERENCE_TAG_MAX + 1];       /* "" when absent */
	char digest[REFERENCE_DIGEST_MAX + 1]; /* "sha256:...", "" when absent */
};

/* -EINVAL with Docker's texts: "invalid reference format", "... repository name (library/X) must be lowercase". */
int reference_parse(const char *text, struct reference *out_reference, struct err *err) must_check;

/* A tag alone, as in `repo=...&tag=...` of the API. -EINVAL: "invalid tag format". */
int reference_check_tag(const char *tag, struct err *err) must_check;

/* Adds "latest" where neither tag nor digest is there. */
void reference_set_default_tag(struct reference *reference);

/* "docker.io/library/alpine:latest": domain/path, then :tag and @digest where they are. */
void reference_full(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX]);

/* "alpine:latest": as people write it, and as `docker images` and inspect show it. */
void reference_familiar(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX]);

/* "alpine": the familiar name without tag and digest (the REPOSITORY column). */
void reference_familiar_name(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX]);
