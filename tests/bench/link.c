#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN   65536 /* bytes read at once */
#define END_MS 10000 /* for a server to hear that nothing more comes */
#define FIRST  1024  /* bytes of room that a connection begins with */

struct bytes {
	uint8_t *data;
	size_t len, room, used;
};

struct link {
	struct loop *loop;
	int fd;
	SSL *ssl;
	link_hear_fn *hear;
	void *context;
	struct bytes in, out;
	struct link *next_speaker;
	bool speaks; /* is in the loop's list */
};

struct loop {
	int epoll;
	SSL_CTX *tls;
	struct link *speakers; /* who have something to send */
	uint64_t heard;
};

static void bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (b->used > 0 && b->used == b->len)
		b->used = b->len = 0;
	if (b->len + len > b->room) {
		if (b->used > 0)
			memmove(b->data, b->data + b->used, b->len - b->used);
		b->len -= b->used;
		b->used = 0;
		while (b->len + len > b->room)
			b->room = b->room == 0 ? FIRST : 2 * b->room;
		b->data = realloc(b->data, b->room);
		must(b->data != NULL, "no memory");
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

struct loop *loop_create(const char *ca)
{
	struct loop *loop = calloc(1, sizeof *loop);

	must(loop != NULL, "no memory");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->tls = SSL_CTX_new(TLS_client_method());
	must(loop->epoll >= 0 && loop->tls != NULL &&
		     SSL_CTX_set_min_proto_version(loop->tls, TLS1_3_VERSION) == 1 &&
		     SSL_CTX_load_verify_file(loop->tls, ca) == 1,
	     "TLS can't be set up with %s", ca);
	SSL_CTX_set_verify(loop->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(loop->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	return loop;
}

void loop_destroy(struct loop *loop)
{
	if (loop == NULL)
		return;
	SSL_CTX_free(loop->tls);
	(void)close(loop->epoll);
	free(loop);
}

static void await(struct link *link, bool room)
{
	struct epoll_event e = {.events = room ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = link};

	must(epoll_ctl(link->loop->epoll, EPOLL_CTL_MOD, link->fd, &e) == 0, "epoll: %s",
	     strerror(errno));
}

/* Whether it may go on later; whether there is room is asked only where there was none. */
static void go_on_later(struct link *link, int result)
{
	int error = SSL_get_error(link->ssl, result);

	must(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE,
	     "a server has closed a connection");
	if (error == SSL_ERROR_WANT_WRITE)
		await(link, true);
}

static void speak(struct link *link)
{
	struct bytes *b = &link->out;
	size_t written;

	while (b->used < b->len) {
		if (SSL_write_ex(link->ssl, b->data + b->used, b->len - b->used, &written) != 1) {
			go_on_later(link, 0);
			return;
		}
		b->used += written;
	}
}

static void listen_to(struct link *link)
{
	static uint8_t piece[TURN];
	size_t len, used;

	while (SSL_read_ex(link->ssl, piece, sizeof piece, &len) == 1) {
		bytes_add(&link->in, piece, len);
		used = link->hear(link->context, lahetti_span(link->in.data + link->in.used,
							      link->in.len - link->in.used));
		link->in.used += used;
		link->loop->heard += len;
	}
	go_on_later(link, 0);
}

void loop_turn(struct loop *loop, int64_t timeout_us)
{
	const struct timespec timeout = {.tv_sec = timeout_us / 1000000,
					 .tv_nsec = timeout_us % 1000000 * 1000};
	struct epoll_event events[64];
	struct link *link;
	int n;

	while ((link = loop->speakers) != NULL) {
		loop->speakers = link->next_speaker;
		link->speaks = false;
		speak(link);
	}
	n = epoll_pwait2(loop->epoll, events, 64, &timeout, NULL);
	must(n >= 0 || errno == EINTR, "epoll: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		link = events[i].data.ptr;
		if ((events[i].events & EPOLLOUT) != 0)
			await(link, false);
		listen_to(link);
		speak(link);
	}
}

uint64_t loop_heard(const struct loop *loop)
{
	return loop->heard;
}

struct link *link_open(struct loop *loop, unsigned port, const struct papers *papers,
		       link_hear_fn *hear, void *context)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct link *link = calloc(1, sizeof *link);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = link};
	int one = 1;

	must(link != NULL, "no memory");
	*link = (struct link){.loop = loop, .hear = hear, .context = context};
	link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	link->ssl = SSL_new(loop->tls);
	must(link->fd >= 0 && link->ssl != NULL, "no connection: %s", strerror(errno));
	must(connect(link->fd, (struct sockaddr *)&to, sizeof to) == 0, "port %u: %s", port,
	     strerror(errno));
	(void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	must(fcntl(link->fd, F_SETFL, O_NONBLOCK) == 0 &&
		     epoll_ctl(loop->epoll, EPOLL_CTL_ADD, link->fd, &e) == 0,
	     "epoll: %s", strerror(errno));
	must(SSL_set_fd(link->ssl, link->fd) == 1 && SSL_set1_host(link->ssl, "localhost") == 1 &&
		     SSL_set_tlsext_host_name(link->ssl, "localhost") == 1 &&
		     SSL_use_certificate(link->ssl, papers->certificate) == 1 &&
		     SSL_use_PrivateKey(link->ssl, papers->key) == 1,
	     "no TLS with port %u", port);
	/* The first thing said begins the handshake. */
	SSL_set_connect_state(link->ssl);
	return link;
}

void link_exporter(struct link *link, uint8_t out[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	must(SSL_export_keying_material(link->ssl, out, 32, label, sizeof label - 1, NULL, 0, 0) ==
		     1,
	     "TLS gives no exporter");
}

void link_say(struct link *link, struct lahetti_span bytes)
{
	bytes_add(&link->out, bytes.data, bytes.len);
	if (link->speaks)
		return;
	link->speaks = true;
	link->next_speaker = link->loop->speakers;
	link->loop->speakers = link;
}

/* What was said is sent now. */
static void fall_silent(struct link *link)
{
	struct link **at = &link->loop->speakers;

	while (*at != link)
		at = &(*at)->next_speaker;
	*at = link->next_speaker;
	link->speaks = false;
	speak(link);
}

void link_end(struct link *link)
{
	if (link == NULL)
		return;
	if (link->speaks)
		fall_silent(link);
	(void)SSL_shutdown(link->ssl);
	(void)shutdown(link->fd, SHUT_WR);
}

void link_close(struct link *link)
{
	static uint8_t unheard[TURN];
	struct pollfd p;

	if (link == NULL)
		return;
	p = (struct pollfd){.fd = link->fd, .events = POLLIN};
	while (poll(&p, 1, END_MS) == 1 && recv(link->fd, unheard, sizeof unheard, 0) > 0)
		continue;
	SSL_free(link->ssl);
	(void)close(link->fd);
	free(link->in.data);
	free(link->out.data);
	free(link);
}
