#include "cli/detach_keys.h"

#include "base/text.h"

static int key_parse(const char *word, uint8_t *out_key)
{
	const char *letter = text_after(word, "ctrl-");
	if (!letter) {
		*out_key = (uint8_t)word[0];
		return word[0] && !word[1] ? 0 : -EINVAL;
	}
	if (!letter[0] || letter[1])
		return -EINVAL;
	char c = letter[0] >= 'a' && letter[0] <= 'z' ? (char)(letter[0] - 'a' + 'A') : letter[0];
	if (c < '@' || c > '_')
		return -EINVAL;
	*out_key = (uint8_t)(c - '@');
	return 0;
}

int detach_keys_parse(const char *text, struct key_sequence *out_keys, struct err *err)
{
	struct key_sequence keys = {0};
	auto_strv char **words = strv_split(text_empty(text) ? "ctrl-p,ctrl-q" : text, ',');
	for (char **word = words; *word; word++) {
		if (keys.count == KEY_SEQUENCE_MAX || key_parse(*word, &keys.keys[keys.count++]) < 0)
			return err_set(err, EINVAL,
				       "invalid detach keys (%s): letters, or ctrl-a to ctrl-z, ctrl-@ ctrl-[ ctrl-\\ "
				       "ctrl-] ctrl-^ ctrl-_, up to %d of them, with commas",
				       text, KEY_SEQUENCE_MAX);
	}
	*out_keys = keys;
	return 0;
}
