/* attach: the client's connection goes to the monitor; before the start it waits here. */
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "a", "ctrl-p": one byte. */
static int key_read(const char *word, uint8_t *out_key)
{
	const char *letter = text_after(word, "ctrl-");
	const char *key = letter ? letter : word;
	if (!key[0] || key[1])
		return -EINVAL;
	char c = letter && key[0] >= 'a' && key[0] <= 'z' ? (char)(key[0] - 'a' + 'A') : key[0];
	if (letter && (c < '@' || c > '_'))
		return -EINVAL;
	*out_key = letter ? (uint8_t)(c - '@') : (uint8_t)c;
	return 0;
}

int attach_keys(const char *text, struct monitor_message *message, struct err *err)
{
	auto_strv char **words = strv_split(text_empty(text) ? "ctrl-p,ctrl-q" : text, ',');
	message->key_count = 0;
	for (char **word = words; *word; word++) {
		if (message->key_count == MONITOR_KEYS_MAX || key_read(*word, &message->keys[message->key_count++]) < 0)
			return err_set(err, EINVAL, "Invalid escape keys (%s) provided", text);
	}
	return 0;
}

static int message_fill(const struct engine_attach *attach, struct monitor_message *message, struct err *err)
{
	*message = (struct monitor_message){
	    .type = MONITOR_ATTACH,
	    .flags = (attach->in ? MONITOR_IN : 0) | (attach->out ? MONITOR_OUT : 0) | (attach->err ? MONITOR_ERR : 0),
	};
	return attach_keys(attach->detach_keys, message, err);
}

int engine_attach_check(struct engine *engine, const char *name, const struct engine_attach *attach, bool *out_raw,
			struct err *err)
{
	struct container *container;
	struct monitor_message message;
	int rc = container_find(engine, name, &container, err);
	if (rc == 0)
		rc = message_fill(attach, &message, err);
	if (rc < 0)
		return rc;
	if (container->state == STATE_PAUSED)
		return err_set(err, EBUSY, "container %s is paused, unpause the container before attach", name);
	if (container->state == STATE_RESTARTING)
		return err_set(err, EBUSY, "container %s is restarting, wait until the container is running", name);
	*out_raw = container->document.config.tty;
	return 0;
}

static void early_free(struct early_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->preface);
	free(client);
}

void attach_drop_early(struct container *container)
{
	while (container->early) {
		struct early_client *client = container->early;
		container->early = client->next;
		early_free(client);
	}
}

int attach_send_early(struct container *container, struct err *err)
{
	int rc = 0;
	while (container->early && rc == 0) {
		struct early_client *client = container->early;
		container->early = client->next;
		rc = run_send(container->run, &client->message, client->preface, client->preface_size, &client->fd, 1,
			      err);
		early_free(client);
	}
	return rc;
}

void engine_attach(struct engine *engine, const char *name, const struct engine_attach *attach, int client,
		   const void *preface, size_t preface_size)
{
	auto_fd int fd = client;
	struct container *container;
	struct monitor_message message;
	struct err err;
	int rc = container_find(engine, name, &container, &err);
	if (rc == 0)
		rc = message_fill(attach, &message, &err);
	if (rc == 0 && preface_size > MONITOR_TAIL_MAX)
		rc = err_set(&err, E2BIG, "more than %d bytes were sent ahead", MONITOR_TAIL_MAX);
	if (rc < 0) {
		log_error(LOG_LEVEL_WARN, &err, "cannot attach a client", NULL);
		return;
	}
	/* Docker: to a stopped container one attaches in vain; before the first start one waits for it. */
	if (!container->run) {
		struct early_client **link = &container->early;
		while (*link)
			link = &(*link)->next;
		*link = x_alloc(sizeof **link);
		(*link)->fd = take_fd(&fd);
		(*link)->message = message;
		(*link)->preface = preface_size ? x_alloc(preface_size) : NULL;
		if (preface_size)
			memcpy((*link)->preface, preface, preface_size);
		(*link)->preface_size = preface_size;
	} else {
		rc = run_send(container->run, &message, preface, preface_size, &fd, 1, &err);
		if (rc < 0)
			log_error(LOG_LEVEL_WARN, &err, "cannot attach a client", NULL);
	}
	if (rc == 0)
		container_event(container, "attach", NULL);
}
