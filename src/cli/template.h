/*
 * Go templates, as far as people use them with --format: text, {{.Field.Sub}}, {{json .}}, pipelines, if, else, with,
 * range, variables, comments, trimming by {{- -}}, and the functions of template_value.h.
 *
 * Data are JSON values. A field that an object does not have is an error. Bounded: depth, and the size of the output.
 */
#pragma once

#include "base/json.h"

enum { TEMPLATE_DEPTH_MAX = 32, TEMPLATE_OUT_MAX = 64 << 20 };

struct template;

/* "template parsing error: template: :1: ..." -EINVAL. */
int template_parse(struct arena *arena, const char *text, const struct template **out_template,
		   struct err *err) must_check;

int template_run(const struct template *template, struct arena *arena, const struct json *data, struct buf *out,
		 struct err *err) must_check;
