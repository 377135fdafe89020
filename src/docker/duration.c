#include "docker/duration.h"

#include "base/buffer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
    {"ns", 1},	     {"us", 1000},	{"\u00b5s", 1000},	  {"\u03bcs", 1000},
    {"ms", 1000000}, {"s", 1000000000}, {"m", 60 * 1000000000LL}, {"h", 3600 * 1000000000LL},
};

/* "12.5m" in front of text: adds to *total, returns what follows; NULL when it is none or does not fit. */
static const char *add_part(const char *text, int64_t *total)
{
	int64_t whole = 0;
	double fraction = 0, weight = 0.1;
	bool any = false;
	for (; isdigit((unsigned char)*text); text++, any = true)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *text - '0', &whole))
			return NULL;
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++, weight /= 10, any = true)
			fraction += (*text - '0') * weight;
	size_t length = strcspn(text, "0123456789.");
	for (size_t i = 0; any && i < array_size(units); i++) {
		if (strlen(units[i].name) != length || strncmp(units[i].name, text, length) != 0)
			continue;
		if (__builtin_mul_overflow(whole, units[i].ns, &whole) ||
		    __builtin_add_overflow(*total, whole, total) ||
		    __builtin_add_overflow(*total, (int64_t)(fraction * (double)units[i].ns), total))
			return NULL;
		return text + length;
	}
	return NULL;
}

int duration_parse(const char *text, int64_t *out_ns, struct err *err)
{
	const char *at = text;
	bool negative = *at == '-';
	int64_t total = 0;
	if (*at == '-' || *at == '+')
		at++;
	if (strcmp(at, "0") == 0) {
		*out_ns = 0;
		return 0;
	}
	do {
		at = add_part(at, &total);
		if (!at)
			return err_set(err, EINVAL, "invalid duration \"%s\"", text);
	} while (*at);
	*out_ns = negative ? -total : total;
	return 0;
}

void duration_human(int64_t ns, char out_text[DURATION_TEXT])
{
	long long seconds = ns / 1000000000, minutes = seconds / 60;
	/* Docker rounds hours to the nearest, everything else down. */
	long long hours = (ns / 1000000000 + 1800) / 3600;
	if (seconds < 1)
		snprintf(out_text, DURATION_TEXT, "Less than a second");
	else if (seconds == 1)
		snprintf(out_text, DURATION_TEXT, "1 second");
	else if (seconds < 60)
		snprintf(out_text, DURATION_TEXT, "%lld seconds", seconds);
	else if (minutes == 1)
		snprintf(out_text, DURATION_TEXT, "About a minute");
	else if (minutes < 60)
		snprintf(out_text, DURATION_TEXT, "%lld minutes", minutes);
	else if (hours == 1)
		snprintf(out_text, DURATION_TEXT, "About an hour");
	else if (hours < 48)
		snprintf(out_text, DURATION_TEXT, "%lld hours", hours);
	else if (hours < 24 * 7 * 2)
		snprintf(out_text, DURATION_TEXT, "%lld days", hours / 24);
	else if (hours < 24 * 30 * 2)
		snprintf(out_text, DURATION_TEXT, "%lld weeks", hours / 24 / 7);
	else if (hours < 24 * 365 * 2)
		snprintf(out_text, DURATION_TEXT, "%lld months", hours / 24 / 30);
	else
		snprintf(out_text, DURATION_TEXT, "%lld years", hours / 24 / 365);
}

/* A number with a fraction of up to nine digits, without zeros at its end. */
static void fraction_print(struct buf *out, int64_t value, int64_t unit)
{
	buf_printf(out, "%lld", (long long)(value / unit));
	if (value % unit == 0)
		return;
	buf_printf(out, ".%09lld", (long long)(value % unit * (1000000000 / unit)));
	while (out->data[out->len - 1] == '0')
		out->data[--out->len] = 0;
}

void duration_go(int64_t ns, char out_text[DURATION_TEXT])
{
	auto_buf text = BUF_INIT(DURATION_TEXT - 1);
	int64_t rest = ns < 0 ? -ns : ns, minutes = rest / 60000000000;
	buf_text(&text, ns < 0 ? "-" : "");
	if (rest > 0 && rest < 1000000000) {
		int64_t unit = rest < 1000 ? 1 : rest < 1000000 ? 1000 : 1000000;
		fraction_print(&text, rest, unit);
		buf_text(&text, unit == 1 ? "ns" : unit == 1000 ? "\xc2\xb5s" : "ms");
	} else {
		if (minutes >= 60)
			buf_printf(&text, "%lldh", (long long)(minutes / 60));
		if (minutes > 0)
			buf_printf(&text, "%lldm", (long long)(minutes % 60));
		fraction_print(&text, rest % 60000000000, 1000000000);
		buf_text(&text, "s");
	}
	memcpy(out_text, buf_str(&text), text.len + 1);
}
