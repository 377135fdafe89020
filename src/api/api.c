#include "api/api.h"

#include "api/connection.h"
#include "base/log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 4096, ACCEPT_BURST = 64 };
#define ACCEPT_PAUSE_NS 100000000LL

static void accept_set(struct api *api, bool on)
{
	for (size_t i = 0; i < api->listener_count; i++)
		loop_io_modify(&api->listeners[i].io, on ? EPOLLIN : 0);
}

static void accept_again(struct loop_timer *timer)
{
	accept_set(container_of(timer, struct api, accept_timer), true);
}

/* The connection that waits longest for a request nobody sends makes room. */
static bool idle_close(struct api *api)
{
	struct connection *oldest = NULL;
	for (struct connection *c = api->first; c; c = c->next) {
		if (c->state == CONNECTION_HEAD && c->in.len == 0 && c->out.len == 0)
			oldest = c;
	}
	if (oldest)
		connection_close(oldest);
	return oldest != NULL;
}

static void tcp_options(int fd)
{
	/* Best effort: a client that vanished ends its waits and follows, small answers go out at once. */
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void listener_ready(struct loop_io *io, uint32_t events)
{
	(void)events;
	struct listener *listener = container_of(io, struct listener, io);
	struct api *api = listener->api;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		if (api->count < api->max || idle_close(api)) {
			/* cppcheck-suppress nullPointer ; an address is not asked for */
			int fd = accept4(listener->io.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (fd >= 0) {
				if (listener->tcp)
					tcp_options(fd);
				connection_open(api, fd, listener->tcp);
				continue;
			}
			if (errno == EAGAIN)
				return;
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			log_warn("cannot accept connections for the moment", "error", strerror(errno));
		}
		/* Full, or no descriptors left: the clients wait in the listener's queue. */
		accept_set(api, false);
		loop_timer_start(api->loop, &api->accept_timer, ACCEPT_PAUSE_NS, accept_again);
		return;
	}
}

int api_open(struct loop *loop, struct engine *engine, const struct api_config *config, struct api **out_api,
	     struct err *err)
{
	struct api *api = x_alloc(sizeof *api);
	api->loop = loop;
	api->engine = engine;
	api->max = config->connections_max ? config->connections_max : CONNECTIONS_MAX;
	if (gethostname(api->host, sizeof api->host - 1) < 0) /* cut: then it is called by its address */
		api->host[0] = 0;
	api->listeners = x_alloc((config->listener_count + 1) * sizeof *api->listeners);
	for (size_t i = 0; i < config->listener_count; i++) {
		struct listener *listener = &api->listeners[i];
		*listener = (struct listener){.api = api, .tcp = config->listeners[i].tcp};
		int rc = loop_io_add(loop, &listener->io, config->listeners[i].fd, EPOLLIN, listener_ready, err);
		if (rc < 0) {
			api_close(api);
			return rc;
		}
		api->listener_count++;
		if (listener->tcp)
			log_warn(
			    "the API listens on TCP without authentication: whoever can connect is root on this host");
	}
	*out_api = api;
	return 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	while (api->first)
		connection_close(api->first);
	for (size_t i = 0; i < api->listener_count; i++)
		loop_io_remove(&api->listeners[i].io);
	loop_timer_stop(&api->accept_timer);
	free(api->listeners);
	free(api);
}
