#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(struct buf *out, const void *data, size_t size, bool url)
{
	const char *letters = url ? for_urls : standard;
	const uint8_t *at = data;
	for (; size > 0; at += 3, size -= size < 3 ? size : 3) {
		uint32_t word = (uint32_t)at[0] << 16 | (size > 1 ? at[1] << 8 : 0) | (size > 2 ? at[2] : 0);
		buf_char(out, letters[word >> 18]);
		buf_char(out, letters[word >> 12 & 63]);
		buf_char(out, size > 1 ? letters[word >> 6 & 63] : '=');
		buf_char(out, size > 2 ? letters[word & 63] : '=');
	}
}

static int letter_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+' || letter == '-')
		return 62;
	return letter == '/' || letter == '_' ? 63 : -1;
}

int base64_decode(struct buf *out, const char *text, struct err *err)
{
	uint32_t word = 0;
	unsigned bits = 0;
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++) {
		int value = letter_value(text[i]);
		if (value < 0)
			return err_set(err, EINVAL, "not base64");
		word = word << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_char(out, (char)(word >> bits & 0xff));
		}
	}
	return length % 4 == 1 ? err_set(err, EINVAL, "not base64") : 0;
}
