#include "docker/reference.h"

#include "base/text.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}
static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}
static bool is_letter_or_digit(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}
static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static int bad_format(struct err *err)
{
	return err_set(err, EINVAL, "invalid reference format");
}

/* label := alnum | alnum (alnum | "-")* alnum, joined by "." */
static bool domain_labels(const char *text, size_t length)
{
	char before = '.';
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (!is_letter_or_digit(c) && c != '-' && c != '.')
			return false;
		if ((before == '.' && !is_letter_or_digit(c)) || (before == '-' && c == '.'))
			return false;
		before = c;
	}
	return length && is_letter_or_digit(before);
}

static bool domain_ipv6(const char *text, size_t length)
{
	if (length < 4 || text[0] != '[' || text[length - 1] != ']')
		return false;
	for (size_t i = 1; i < length - 1; i++)
		if (!is_hex(text[i]) && !(text[i] >= 'A' && text[i] <= 'F') && text[i] != ':')
			return false;
	return true;
}

/* host [":" port] */
static bool domain_valid(const char *text, size_t length)
{
	size_t digits = 0;
	while (digits < length && is_digit(text[length - 1 - digits]))
		digits++;
	if (digits && digits < length && text[length - 1 - digits] == ':')
		length -= digits + 1;
	return domain_labels(text, length) || domain_ipv6(text, length);
}

/* component := [a-z0-9]+ (separator [a-z0-9]+)*, separator := "." | "_" | "__" | "-"+; joined by "/" */
static bool path_valid(const char *text)
{
	bool after_word = false;
	for (const char *at = text; *at;) {
		if (is_lower(*at) || is_digit(*at)) {
			after_word = true;
			at++;
			continue;
		}
		if (!after_word)
			return false;
		after_word = false;
		if (*at == '-')
			at += strspn(at, "-");
		else if (at[0] == '_' && at[1] == '_')
			at += 2;
		else if (*at == '_' || *at == '.' || *at == '/')
			at++;
		else
			return false;
	}
	return after_word;
}

static bool tag_valid(const char *tag)
{
	size_t length = strlen(tag);
	if (!length || length > REFERENCE_TAG_MAX || *tag == '.' || *tag == '-')
		return false;
	for (; *tag; tag++)
		if (!is_letter_or_digit(*tag) && !strchr("_.-", *tag))
			return false;
	return true;
}

int reference_check_tag(const char *tag, struct err *err)
{
	return tag_valid(tag) ? 0 : err_set(err, EINVAL, "invalid tag format");
}

static int check_digest(const char *text, struct err *err)
{
	static const struct {
		const char *name;
		size_t digits;
	} known[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};
	for (size_t i = 0; i < array_size(known); i++) {
		const char *hex = text_after(text, known[i].name);
		if (!hex)
			continue;
		for (size_t at = 0; at < known[i].digits; at++)
			if (!is_hex(hex[at]))
				return err_set(err, EINVAL, "invalid checksum digest length");
		if (hex[known[i].digits])
			return err_set(err, EINVAL, "invalid checksum digest length");
		return 0;
	}
	return strchr(text, ':') ? err_set(err, EINVAL, "unsupported digest algorithm") : bad_format(err);
}

/* What stands before the first "/" is a domain if it cannot be a path component or is "localhost". */
static bool is_domain(const char *text, size_t length)
{
	if (length == 9 && memcmp(text, "localhost", 9) == 0)
		return true;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '.' || text[i] == ':' || is_upper(text[i]))
			return true;
	return false;
}

static int set_name(struct reference *reference, const char *name, struct err *err)
{
	const char *slash = strchr(name, '/'), *path = name;
	const char *domain = REFERENCE_DEFAULT_DOMAIN;
	size_t length = strlen(domain);
	if (slash && is_domain(name, (size_t)(slash - name))) {
		domain = name;
		length = (size_t)(slash - name);
		path = slash + 1;
		if (!domain_valid(domain, length) || length >= sizeof reference->domain)
			return bad_format(err);
		if (length == 15 && memcmp(domain, "index.docker.io", 15) == 0) {
			domain = REFERENCE_DEFAULT_DOMAIN;
			length = strlen(domain);
		}
	}
	memcpy(reference->domain, domain, length);
	reference->domain[length] = 0;

	bool official = text_equal(reference->domain, REFERENCE_DEFAULT_DOMAIN) && !strchr(path, '/');
	char full[REFERENCE_TEXT_MAX];
	if (snprintf(full, sizeof full, "%s%s", official && *path ? "library/" : "", path) >= (int)sizeof full)
		return err_set(err, EINVAL, "repository name must not be more than 255 characters");
	for (const char *at = full; *at; at++)
		if (is_upper(*at))
			return err_set(err, EINVAL, "invalid reference format: repository name (%s) must be lowercase",
				       full);
	if (!path_valid(full))
		return bad_format(err);
	if (strlen(full) > REFERENCE_NAME_MAX)
		return err_set(err, EINVAL, "repository name must not be more than 255 characters");
	memcpy(reference->path, full, strlen(full) + 1);
	return 0;
}

int reference_parse(const char *text, struct reference *out_reference, struct err *err)
{
	struct reference reference = {0};
	char name[REFERENCE_TEXT_MAX];
	size_t length = strlen(text);
	if (length == 64 && strspn(text, "0123456789abcdef") == 64)
		return err_set(err, EINVAL, "invalid repository name (%s), cannot specify 64-byte hexadecimal strings",
			       text);
	if (length >= sizeof name)
		return bad_format(err);
	memcpy(name, text, length + 1);

	char *at = strchr(name, '@');
	if (at) {
		*at++ = 0;
		int result = check_digest(at, err);
		if (result < 0)
			return result;
		memcpy(reference.digest, at, strlen(at) + 1);
	}
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash ? slash : name, ':');
	if (colon) {
		*colon++ = 0;
		if (!tag_valid(colon))
			return bad_format(err);
		memcpy(reference.tag, colon, strlen(colon) + 1);
	}
	int result = set_name(&reference, name, err);
	if (result < 0)
		return result;
	*out_reference = reference;
	return 0;
}

void reference_set_default_tag(struct reference *reference)
{
	if (!*reference->tag && !*reference->digest)
		strcpy(reference->tag, REFERENCE_DEFAULT_TAG); /* fits: a constant */
}

static void print(const struct reference *reference, const char *domain, const char *path, bool ends,
		  char out_text[REFERENCE_TEXT_MAX])
{
	snprintf(out_text, REFERENCE_TEXT_MAX, "%s%s%s%s%s%s%s", domain, *domain ? "/" : "", path,
		 ends && *reference->tag ? ":" : "", ends ? reference->tag : "", ends && *reference->digest ? "@" : "",
		 ends ? reference->digest : "");
}

void reference_full(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX])
{
	print(reference, reference->domain, reference->path, true, out_text);
}

static void print_familiar(const struct reference *reference, bool ends, char out_text[REFERENCE_TEXT_MAX])
{
	if (!text_equal(reference->domain, REFERENCE_DEFAULT_DOMAIN)) {
		print(reference, reference->domain, reference->path, ends, out_text);
		return;
	}
	/* "library/a/b" has no shorter form: without "library/" it would be another name. */
	const char *rest = text_after(reference->path, "library/"), *slash = strchr(reference->path, '/');
	/* Nor has one whose first part would be taken for a registry. */
	bool keeps = slash && is_domain(reference->path, (size_t)(slash - reference->path));
	print(reference, keeps ? reference->domain : "", rest && !strchr(rest, '/') ? rest : reference->path, ends,
	      out_text);
}

void reference_familiar(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX])
{
	print_familiar(reference, true, out_text);
}

void reference_familiar_name(const struct reference *reference, char out_text[REFERENCE_TEXT_MAX])
{
	print_familiar(reference, false, out_text);
}
