#include "cli/detach_keys.h"

#include "base/text.h"

#include <string.h>

static int key_parse(const char *word, unsigned char *out_key)
{
	const char *letter = text_after(word, "ctrl-");
	if (!letter) {
		*out_key = (unsigned char)word[0];
		return word[0] && !word[1] ? 0 : -EINVAL;
	}
	if (!letter[0] || letter[1])
		return -EINVAL;
	char c = letter[0] >= 'a' && letter[0] <= 'z' ? (char)(letter[0] - 'a' + 'A') : letter[0];
	if (c < '@' || c > '_')
		return -EINVAL;
	*out_key = (unsigned char)(c - '@');
	return 0;
}

int detach_keys_parse(const char *text, struct detach_keys *out_keys, struct err *err)
{
	struct detach_keys keys = {0};
	auto_strv char **words = strv_split(text_empty(text) ? "ctrl-p,ctrl-q" : text, ',');
	for (char **word = words; *word; word++) {
		if (keys.count == DETACH_KEYS_MAX || key_parse(*word, &keys.keys[keys.count++]) < 0)
			return err_set(err, EINVAL,
				       "invalid detach keys (%s): letters, or ctrl-a to ctrl-z, ctrl-@ ctrl-[ ctrl-\\ "
				       "ctrl-] ctrl-^ ctrl-_, up to %d of them, with commas",
				       text, DETACH_KEYS_MAX);
	}
	*out_keys = keys;
	return 0;
}

bool detach_keys_filter(struct detach_keys *keys, const char *data, size_t size, char *out, size_t *out_size)
{
	size_t count = 0;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];
		if (keys->count > 0 && c == keys->keys[keys->seen]) {
			if (++keys->seen < keys->count)
				continue;
			keys->seen = 0;
			*out_size = count;
			return true;
		}
		/* It was none: what was held back goes out; this byte may begin another. */
		memcpy(out + count, keys->keys, keys->seen);
		count += keys->seen;
		keys->seen = keys->count > 0 && c == keys->keys[0];
		if (keys->seen == 0)
			out[count++] = (char)c;
	}
	*out_size = count;
	return false;
}
