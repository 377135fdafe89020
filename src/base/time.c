#include "base/time.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t time_monotonic_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

int64_t time_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

static size_t format_seconds(int64_t wall_ns, char out_text[TIME_TEXT], int *out_fraction)
{
	int64_t seconds = wall_ns / 1000000000, fraction = wall_ns % 1000000000;
	if (fraction < 0) {
		fraction += 1000000000;
		seconds--;
	}
	struct tm parts;
	time_t whole = (time_t)seconds;
	gmtime_r(&whole, &parts);
	*out_fraction = (int)fraction;
	return strftime(out_text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
}

void time_rfc3339(int64_t wall_ns, char out_text[TIME_TEXT])
{
	int fraction;
	size_t length = format_seconds(wall_ns, out_text, &fraction);
	snprintf(out_text + length, TIME_TEXT - length, ".%09dZ", fraction);
}

void time_rfc3339_short(int64_t wall_ns, char out_text[TIME_TEXT])
{
	time_rfc3339(wall_ns, out_text);
	char *end = out_text + strlen(out_text) - 1; /* at the Z */
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	strcpy(end, "Z");
}

/* Reads exactly count digits. */
static bool digits(const char **at, int count, int *out_value)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		char byte = (*at)[i];
		if (byte < '0' || byte > '9')
			return false;
		value = value * 10 + (byte - '0');
	}
	*at += count;
	*out_value = value;
	return true;
}

static bool literal(const char **at, char byte)
{
	if (**at != byte)
		return false;
	(*at)++;
	return true;
}

static bool zone(const char **at, int *out_seconds)
{
	int hours, minutes;
	if (literal(at, 'Z') || literal(at, 'z')) {
		*out_seconds = 0;
		return true;
	}
	int sign = **at == '-' ? -1 : 1;
	if (!literal(at, '+') && !literal(at, '-'))
		return false;
	if (!digits(at, 2, &hours) || !literal(at, ':') || !digits(at, 2, &minutes))
		return false;
	*out_seconds = sign * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

int time_parse_rfc3339(const char *text, int64_t *out_wall_ns)
{
	struct tm parts = {0};
	int year, month, offset;
	int64_t fraction = 0, unit = 100000000;
	const char *at = text;
	if (!digits(&at, 4, &year) || !literal(&at, '-') || !digits(&at, 2, &month) || !literal(&at, '-') ||
	    !digits(&at, 2, &parts.tm_mday) || !(literal(&at, 'T') || literal(&at, 't')) ||
	    !digits(&at, 2, &parts.tm_hour) || !literal(&at, ':') || !digits(&at, 2, &parts.tm_min) ||
	    !literal(&at, ':') || !digits(&at, 2, &parts.tm_sec))
		return -EINVAL;
	if (literal(&at, '.')) {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		for (; *at >= '0' && *at <= '9'; at++, unit /= 10)
			fraction += (*at - '0') * unit;
	}
	if (!zone(&at, &offset) || *at)
		return -EINVAL;
	if (month < 1 || month > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
	    parts.tm_min > 59 || parts.tm_sec > 60)
		return -EINVAL;
	parts.tm_year = year - 1900;
	parts.tm_mon = month - 1;
	int64_t result;
	if (__builtin_mul_overflow((int64_t)timegm(&parts) - offset, INT64_C(1000000000), &result) ||
	    __builtin_add_overflow(result, fraction, &result))
		return -EINVAL;
	*out_wall_ns = result;
	return 0;
}
