/*
 * A Dockerfile's text as instructions: directives, comments, continued lines, heredocs, flags, the forms of arguments
 * (after BuildKit's parser of Dockerfiles 1.x). What an instruction means is decided later (stage.h, plan.h); nothing
 * is expanded here but what the text itself says. Pure; the text is hostile: sizes and counts are bounded, and every
 * error names file, line and column.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

enum {
	DOCKERFILE_SIZE_MAX = 4 << 20,
	DOCKERFILE_LINE_MAX = 65535, /* Docker's, of one physical line */
	DOCKERFILE_COUNT_MAX = 20000,
	DOCKERFILE_HEREDOCS_MAX = 64, /* of one instruction */
};

enum instruction_kind {
	INSTRUCTION_ADD,
	INSTRUCTION_ARG,
	INSTRUCTION_CMD,
	INSTRUCTION_COPY,
	INSTRUCTION_ENTRYPOINT,
	INSTRUCTION_ENV,
	INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM,
	INSTRUCTION_HEALTHCHECK,
	INSTRUCTION_LABEL,
	INSTRUCTION_MAINTAINER,
	INSTRUCTION_ONBUILD,
	INSTRUCTION_RUN,
	INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL,
	INSTRUCTION_USER,
	INSTRUCTION_VOLUME,
	INSTRUCTION_WORKDIR,
};

struct instruction_flag {
	char *name;  /* "chown" */
	char *value; /* NULL: "--link" alone */
	size_t offset;
};

struct heredoc {
	char *name;    /* the word that ends it */
	char *content; /* with its line ends; tabs already taken away for <<- */
	bool expand;   /* the word was not quoted */
	unsigned fd;   /* 3<<EOT; 0 without a number */
	unsigned line; /* of its first content line */
};

/* Where a piece of the joined text stands in the file. */
struct text_origin {
	size_t offset;
	unsigned line, column;
};

struct instruction {
	enum instruction_kind kind;
	const char *name;   /* "COPY" */
	const char *origin; /* the file's name, or the image of an ONBUILD trigger */
	char *keyword;	    /* as written */
	char *text;	    /* the joined line, trimmed: what history and progress show */
	const char *args;   /* in text, behind keyword and flags */
	struct instruction_flag *flags;
	size_t flag_count;
	bool is_json;	  /* ["a", "b"] */
	char **words;	  /* JSON items, or the words; of RUN, CMD, ENTRYPOINT in shell form, USER ...: the one text */
	bool legacy_pair; /* ENV a b */
	struct json_pair *pairs; /* ENV, LABEL, ARG: key and value, raw; value NULL: ARG without one */
	size_t pair_count;
	struct instruction *trigger; /* of ONBUILD */
	char *check_kind;	     /* HEALTHCHECK: "NONE" or "CMD" */
	struct heredoc *heredocs;
	size_t heredoc_count;
	unsigned first_line, last_line;
	struct text_origin *origins;
	size_t origin_count;
};

struct dockerfile {
	const char *name;
	struct instruction **items;
	size_t count;
	char *syntax, *check; /* directives; NULL */
	char escape;
	unsigned *empty_continuations; /* lines, for lint */
	size_t empty_continuation_count;
};

/* -EINVAL "NAME:LINE:COLUMN: dockerfile parse error on line LINE: ...". Everything lives in the arena. */
int dockerfile_parse(struct arena *arena, const char *name, const char *text, size_t size,
		     struct dockerfile *out_dockerfile, struct err *err) must_check;

/* One instruction of its own, as ONBUILD keeps it and --change gives it. origin names where it comes from. */
int instruction_parse(struct arena *arena, const char *origin, const char *text, struct instruction **out_instruction,
		      struct err *err) must_check;

/* The error's text with the place of text + offset before it. -EINVAL. */
int instruction_error(const struct instruction *instruction, size_t offset, struct err *err, const char *format, ...)
    printf_like(4, 5);

const char *instruction_flag_value(const struct instruction *instruction, const char *name); /* the last; NULL */
/* "--link", "--link=true". -EINVAL for another value. */
int instruction_flag_bool(const struct instruction *instruction, const char *name, bool fallback, bool *out_value,
			  struct err *err) must_check;
