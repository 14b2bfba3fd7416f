#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG		     1024
#define ACCEPTS_A_TURN	     64 /* then others have theirs */
#define OPS_CONNECTIONS_MOST 16

/* ---- the socket ---------------------------------------------------------------------------- */

static bool not_listening(const char *address, uint16_t port, const char *why,
			  struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "listen-failed",
				 "Listening on %s port %u failed: %s.", address, (unsigned)port,
				 why);
}

static int bind_and_listen(const char *address, uint16_t port, struct lahetti_fault *f)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *found = NULL;
	char service[8];
	int fd, on = 1, off = 0, error;

	(void)snprintf(service, sizeof service, "%u", (unsigned)port);
	error = getaddrinfo(address, service, &hints, &found);
	if (error != 0) {
		not_listening(address, port, gai_strerror(error), f);
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		goto out;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (found->ai_family == AF_INET6) /* "::" is both */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
		freeaddrinfo(found);
		return fd;
	}
out:
	not_listening(address, port, strerror(errno), f);
	if (fd >= 0)
		(void)close(fd);
	freeaddrinfo(found);
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;

	memset(&a, 0, sizeof a);
	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&a)->sin6_port);
	return ntohs(((const struct sockaddr_in *)(const void *)&a)->sin_port);
}

bool listener_open(struct listener *l, const char *address, uint16_t port, int inherited,
		   struct lahetti_fault *f)
{
	int fd = inherited >= 0 ? inherited : bind_and_listen(address, port, f);
	lws_adopt_desc_t adoption = {
		.vh = l->net->listen_vhost,
		.type = LWS_ADOPT_RAW_FILE_DESC,
		.vh_prot_name = listener_protocols[0].name,
		.opaque = l,
	};

	if (fd < 0)
		return false;
	adoption.fd.filefd = fd;
	l->port = port_of(fd);
	l->wsi = lws_adopt_descriptor_vhost_via_info(&adoption);
	if (l->wsi != NULL)
		return true;
	if (fd != inherited)
		(void)close(fd);
	return not_listening(address, port, "the event loop did not take the socket", f);
}

void listener_close(struct listener *l)
{
	/* Now: libwebsockets closes later only when nothing goes on, and a peer that connects until
	 * then is never accepted, so something goes on for ever. */
	if (l->wsi != NULL)
		lws_set_timeout(l->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
	l->wsi = NULL;
}

void listener_wake(struct listener *l)
{
	if (!l->resting || l->wsi == NULL)
		return;
	l->resting = false;
	(void)lws_rx_flow_control(l->wsi, 1);
}

/* ---- accepting ----------------------------------------------------------------------------- */

static void read_prefix(const struct sockaddr_storage *a, uint8_t prefix[GUARD_PREFIX_LEN])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memset(prefix, 0, GUARD_PREFIX_LEN);
	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)a;
		bool four = memcmp(&six->sin6_addr, mapped, sizeof mapped) == 0;

		memcpy(prefix, &six->sin6_addr, four ? 16 : 8);
	} else {
		const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)a;

		memcpy(prefix, mapped, sizeof mapped);
		memcpy(prefix + sizeof mapped, &four->sin_addr, sizeof four->sin_addr);
	}
}

static void refuse(struct net *n, int fd, enum net_refusal why)
{
	n->counters.refusals[why]++;
	(void)close(fd);
}

static void admit(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	static const enum net_refusal refusals[] = {
		[GUARD_FULL] = NET_REFUSED_FULL,
		[GUARD_ADDRESS] = NET_REFUSED_ADDRESS,
		[GUARD_NO_MEMORY] = NET_REFUSED_NO_MEMORY,
	};
	struct net *n = l->net;
	int64_t now_us = net_now_us();
	struct connection *c = calloc(1, sizeof *c);
	lws_adopt_desc_t adoption = {
		.vh = l->into,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
		.opaque = c,
	};
	enum guard_verdict verdict;
	struct lws *wsi;

	if (c == NULL) {
		refuse(n, fd, NET_REFUSED_NO_MEMORY);
		return;
	}
	c->net = n;
	c->since_us = now_us;
	read_prefix(from, c->prefix);
	verdict = guard_admit(n->guard, &c->guest, c->prefix, now_us);
	if (verdict != GUARD_ADMITTED) {
		free(c);
		refuse(n, fd, refusals[verdict]);
		return;
	}
	n->counters.accepted++;
	adoption.fd.sockfd = fd;
	n->adopting = c;
	wsi = lws_adopt_descriptor_vhost_via_info(&adoption);
	if (wsi != NULL) {
		c->wsi = wsi;
	} else if (n->adopting != NULL) {
		/* It failed before libwebsockets knew whose it was; the socket is closed. */
		connection_failed(c, NET_REFUSED_NO_MEMORY);
		connection_destroy(c);
	}
	n->adopting = NULL;
}

static void admit_ops(struct listener *l, int fd)
{
	if (l->net->ops_connections >= OPS_CONNECTIONS_MOST)
		(void)close(fd);
	else
		(void)lws_adopt_socket_vhost(l->into, fd);
}

static void accept_some(struct listener *l)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof from;
		int on = 1;
		int fd = accept4(lws_get_socket_fd(l->wsi), (struct sockaddr *)&from, &len,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM) {
				l->resting = true;
				(void)lws_rx_flow_control(l->wsi, 0);
			}
			return;
		}
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (l->guarded)
			admit(l, fd, &from);
		else
			admit_ops(l, fd);
	}
}

static int listener_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
			     void *in, size_t len)
{
	struct listener *l;

	(void)user;
	(void)in;
	(void)len;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	l = lws_get_opaque_user_data(wsi);
	if (l->wsi != NULL)
		accept_some(l);
	return 0;
}

const struct lws_protocols listener_protocols[] = {
	{.name = "listener", .callback = listener_callback},
	{0},
};
