/*
 * What a build sends: the Dockerfile and the contexts' files as one tar, made while it is sent. Of a folder only what
 * .dockerignore leaves and what the Dockerfile can ask for; regular files, directories and links, by descriptors, so
 * that neither a link nor a fifo nor a change meanwhile leads elsewhere or blocks (B-11).
 */
#pragma once

#include "build/needs.h"
#include "cli/client.h"
#include "docker/ignore.h"

struct build_context;

struct build_context *build_context_new(void);
void build_context_free(struct build_context *context); /* takes NULL */

/* The file "dockerfile", beside the contexts. */
void build_context_dockerfile(struct build_context *context, const char *text, size_t size);

/* Walks a folder now; its files are read when they are sent. ignore and needs may be NULL. */
int build_context_folder(struct build_context *context, unsigned number, const char *path, const struct ignore *ignore,
			 const struct build_needs *needs, struct err *err) must_check;

/* The seconds of the newest file; 0: none. */
int64_t build_context_newest(const struct build_context *context);

struct client_body *build_context_body(struct build_context *context);
uint64_t build_context_sent(const struct build_context *context);
