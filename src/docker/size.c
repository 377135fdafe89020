#include "docker/size.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

static int unit_shift(const char *unit)
{
	static const char letters[] = "bkmgtp";
	if (!*unit)
		return 0;
	const char *at = strchr(letters, tolower((unsigned char)*unit));
	if (!at)
		return -1;
	const char *rest = unit + 1;
	if (at == letters)
		return *rest ? -1 : 0;
	if (*rest && !(strcasecmp(rest, "b") == 0 || strcasecmp(rest, "ib") == 0))
		return -1;
	return (int)(at - letters) * 10;
}

int size_parse(const char *text, int64_t *out_bytes, struct err *err)
{
	size_t whole = strspn(text, "0123456789");
	const char *at = text + whole;
	double fraction = 0, weight = 0.1;
	if (*at == '.') {
		at++;
		for (; isdigit((unsigned char)*at); at++, weight /= 10)
			fraction += (*at - '0') * weight;
	}
	if (*at == ' ' && at[1])
		at++;
	int shift = unit_shift(at);
	if (whole == 0 || shift < 0)
		return err_set(err, EINVAL, "invalid size: '%s'", text);
	auto_free char *digits = x_strndup(text, whole);
	uint64_t units;
	if (number_parse_u64(digits, (uint64_t)INT64_MAX >> shift, "size", &units, err) < 0)
		return err_set(err, ERANGE, "invalid size: '%s' is too large", text);
	*out_bytes = (int64_t)(units << shift) + (int64_t)(fraction * (double)(1LL << shift));
	return 0;
}

static void human(int64_t bytes, double base, int digits, const char *const units[7], char out_text[SIZE_TEXT])
{
	double size = (double)bytes;
	size_t unit = 0;
	for (; size >= base && unit < 6; unit++)
		size /= base;
	snprintf(out_text, SIZE_TEXT, "%.*g%s", digits, size, units[unit]);
}

void size_decimal(int64_t bytes, int digits, char out_text[SIZE_TEXT])
{
	static const char *const units[7] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	human(bytes, 1000, digits, units, out_text);
}

void size_binary(int64_t bytes, char out_text[SIZE_TEXT])
{
	static const char *const units[7] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	human(bytes, 1024, 4, units, out_text);
}
