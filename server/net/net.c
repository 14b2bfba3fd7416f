#include "net.h"

#include "loop.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SECOND_US   INT64_C(1000000)
#define TICK_S	    0.2
#define OTHER_FILES 1024 /* the process has open besides connections */
#define HEADER_MOST 8192 /* bytes of an HTTP request's header */

int64_t net_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

void net_log(const struct net *n, const char *format, ...)
{
	char line[512];
	va_list args;

	if (n->options.log == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	n->options.log(n->options.context, line);
}

/* ---- making -------------------------------------------------------------------------------- */

/*
 * libwebsockets sizes its tables by the limit of open files, so the limit is set to what is needed:
 * raised where it is too low, lowered where a container gives a million.
 */
static bool limit_files(uint32_t connections, struct lahetti_fault *f)
{
	struct rlimit files;
	rlim_t needed = (rlim_t)connections + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = needed;
		if (needed <= files.rlim_max && setrlimit(RLIMIT_NOFILE, &files) == 0)
			return true;
	}
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "too-few-files",
				 "%llu open files are needed for that many sessions, and fewer are "
				 "allowed; raise the limit or lower the number of sessions.",
				 (unsigned long long)needed);
}

/*
 * On every answer of the public side, libwebsockets' own too. The page's scripts, styles and fonts
 * are files of ours, and what it talks to is us. The one style beside them is the empty one:
 * styled-components, on which the page's design system stands, puts an empty style element into
 * the document and fills it by way of the object model, which no policy asks about; the hash is of
 * the empty string. Linked backwards: each names the next.
 */
#define CONTENT_POLICY                                                             \
	"default-src 'none'; script-src 'self'; "                                  \
	"style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; " \
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "        \
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
#define NO_DEVICES                                                                        \
	"accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " \
	"magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

static const struct lws_protocol_vhost_options public_headers[] = {
	{NULL, NULL, "strict-transport-security:", "max-age=31536000"},
	{&public_headers[0], NULL, "permissions-policy:", NO_DEVICES},
	{&public_headers[1], NULL, "cross-origin-resource-policy:", "same-origin"},
	{&public_headers[2], NULL, "cross-origin-opener-policy:", "same-origin"},
	{&public_headers[3], NULL, "referrer-policy:", "no-referrer"},
	{&public_headers[4], NULL, "x-content-type-options:", "nosniff"},
	{&public_headers[5], NULL, "content-security-policy:", CONTENT_POLICY},
};

/* Of health and metrics, which no browser shows. */
static const struct lws_protocol_vhost_options ops_headers[] = {
	{NULL, NULL, "cache-control:", "no-store"},
	{&ops_headers[0], NULL, "x-content-type-options:", "nosniff"},
	{&ops_headers[1], NULL,
	 "content-security-policy:", "default-src 'none'; frame-ancestors 'none'"},
};

/* libwebsockets' initialisation of TLS must happen once: it sets global variables. */
static struct lws_context *make_context(struct net *n, uint64_t options)
{
	void *loops[1] = {n->loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
			   options,
		.foreign_loops = loops,
		.user = n,
		.max_http_header_data2 = HEADER_MOST,
		.server_string = "lahettid",
		/* Beyond our own limit, which is exact. */
		.timeout_secs = n->options.limits.handshake_s + 5,
	};

	return lws_create_context(&info);
}

/*
 * libwebsockets moves a connection to the vhost that its peer names (Host, SNI). So what is not for
 * everybody is in a context of its own, where the public side cannot go.
 */
static bool make_contexts(struct net *n, struct lahetti_fault *f)
{
	lws_set_log_level(0, NULL);
	n->context = make_context(n, LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT);
	n->inner = make_context(n, 0);
	return (n->context != NULL && n->inner != NULL) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-event-loop",
				 "The event loop could not be made; is the package "
				 "libwebsockets-evlib-ev installed?");
}

static struct lws_vhost *make_vhost(struct lws_context *context, const char *name,
				    const struct lws_protocols *protocols, int port)
{
	bool public = protocols == websocket_protocols;
	struct lws_context_creation_info info = {
		.port = port,
		.vhost_name = name,
		.protocols = protocols,
		.headers = public ? &public_headers[6] : &ops_headers[2],
		.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.keepalive_timeout = 5,
	};

	/* Certificates are loaded in the callback, where a fault can say what is wrong. */
	if (public) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
				LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
		info.alpn = "http/1.1";
	}
	return lws_create_vhost(context, &info);
}

static bool make_vhosts(struct net *n, struct lahetti_fault *f)
{
	n->public_vhost = make_vhost(n->context, "public", websocket_protocols,
				     CONTEXT_PORT_NO_LISTEN_SERVER);
	if (n->public_vhost == NULL && n->fault.kind != LAHETTI_FAULT_NONE) {
		if (f != NULL)
			*f = n->fault;
		return false;
	}
	n->ops_vhost = make_vhost(n->inner, "ops", ops_protocols, CONTEXT_PORT_NO_LISTEN_SERVER);
	n->listen_vhost =
		make_vhost(n->inner, "listen", listener_protocols, CONTEXT_PORT_NO_LISTEN);
	return (n->public_vhost != NULL && n->ops_vhost != NULL && n->listen_vhost != NULL) ||
	       lahetti_fault_no_memory(f);
}

static bool make_listeners(struct net *n, struct lahetti_fault *f)
{
	const struct net_options *o = &n->options;

	n->public = (struct listener){.net = n, .into = n->public_vhost, .guarded = true};
	n->ops = (struct listener){.net = n, .into = n->ops_vhost};
	if (!listener_open(&n->public, o->address, o->port, o->listener, f))
		return false;
	return o->ops_address == NULL || listener_open(&n->ops, o->ops_address, o->ops_port, -1, f);
}

static bool open_page(struct net *n, struct lahetti_fault *f)
{
	if (n->options.page != NULL)
		n->page = page_open(n->options.page, f);
	return n->options.page == NULL || n->page != NULL;
}

static bool make_tables(struct net *n, struct lahetti_fault *f)
{
	const struct guard_limits limits = {
		.connections = n->options.limits.sessions,
		.unfinished_an_address = n->options.limits.handshakes_an_address,
		.handshake_s = n->options.limits.handshake_s,
	};

	n->guard = guard_create(&limits, f);
	if (n->guard == NULL)
		return false;
	n->table = session_table_create(&n->options, &websocket_calls, f);
	return n->table != NULL;
}

static void on_round(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	(void)loop;
	(void)events;
	connections_steer(watcher->data);
}

static void on_tick(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct net *n = watcher->data;

	(void)loop;
	(void)events;
	/* By libwebsockets' own door, so that it serves its time-outs besides. */
	lws_cancel_service(n->context);
	lws_cancel_service(n->inner);
}

static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct net *n = watcher->data;

	(void)events;
	net_log(n, "event=drain-timeout connections=%zu", guard_connections(n->guard));
	ev_break(loop, EVBREAK_ALL);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	net_drain(watcher->data);
}

/* What follows from the lists is told when they are read, and in the metrics. */
static void log_lists(const struct net *n)
{
	int64_t until = tls_lists_until(n->tls);

	if (until != 0 && until < time(NULL))
		net_log(n, "event=client_crl_out_of_date until=%lld", (long long)until);
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct net *n = watcher->data;
	struct lahetti_fault f = {0};

	(void)loop;
	(void)events;
	if (!tls_load(n->tls, &n->options, &f)) {
		n->counters.reloads_failed++;
		net_log(n, "event=reload-failed code=%s text=\"%s\"", f.code, f.text);
		return;
	}
	n->counters.reloads++;
	net_log(n, "event=reloaded");
	log_lists(n);
	session_table_end_revoked(n->table, connection_is_revoked, net_now_us());
}

struct net *net_open(const struct net_options *options, struct lahetti_fault *f)
{
	struct net *n = calloc(1, sizeof *n);

	if (n == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	n->options = *options;
	n->answers_end = &n->answers;
	TAILQ_INIT(&n->steered);
	(void)pthread_mutex_init(&n->lock, NULL);
	if (!limit_files(options->limits.sessions, f))
		goto out;
	n->loop = ev_loop_new(EVFLAG_AUTO);
	if (n->loop == NULL) {
		lahetti_fault_no_memory(f);
		goto out;
	}
	ev_prepare_init(&n->before_round, on_round);
	ev_timer_init(&n->tick, on_tick, TICK_S, TICK_S);
	ev_timer_init(&n->deadline, on_deadline, (ev_tstamp)options->limits.drain_s, 0.);
	ev_signal_init(&n->terminate, on_signal, SIGTERM);
	ev_signal_init(&n->interrupt, on_signal, SIGINT);
	ev_signal_init(&n->hangup, on_hangup, SIGHUP);
	n->before_round.data = n->tick.data = n->deadline.data = n->terminate.data =
		n->interrupt.data = n->hangup.data = n;
	if (open_page(n, f) && make_tables(n, f) && make_contexts(n, f) && make_vhosts(n, f) &&
	    make_listeners(n, f)) {
		ev_signal_start(n->loop, &n->terminate);
		ev_signal_start(n->loop, &n->interrupt);
		ev_signal_start(n->loop, &n->hangup);
		log_lists(n);
		return n;
	}
out:
	net_close(n);
	return NULL;
}

uint16_t net_port(const struct net *n)
{
	return n->public.port;
}

uint16_t net_ops_port(const struct net *n)
{
	return n->ops.port;
}

/* ---- running ------------------------------------------------------------------------------- */

bool net_run(struct net *n, struct lahetti_fault *f)
{
	(void)f;
	ev_prepare_start(n->loop, &n->before_round);
	ev_timer_start(n->loop, &n->tick);
	(void)ev_run(n->loop, 0);
	ev_timer_stop(n->loop, &n->deadline);
	ev_timer_stop(n->loop, &n->tick);
	ev_prepare_stop(n->loop, &n->before_round);
	return true;
}

static struct connection *connection_of(struct guest *g)
{
	void *holder = (char *)g - offsetof(struct connection, guest);

	return holder;
}

static void begin_drain(struct net *n)
{
	struct guest *g;

	n->draining = true;
	net_log(n, "event=draining connections=%zu", guard_connections(n->guard));
	listener_close(&n->public);
	while ((g = guard_any_handshake(n->guard)) != NULL) {
		connection_failed(connection_of(g), NET_REFUSED_DRAINING);
		connection_cut(connection_of(g));
	}
	session_table_drain(n->table, net_now_us());
	ev_timer_start(n->loop, &n->deadline);
	net_left(n);
}

void net_left(struct net *n)
{
	if (n->draining && guard_connections(n->guard) == 0)
		ev_break(n->loop, EVBREAK_ALL);
}

static void tick(struct net *n, int64_t now_us)
{
	struct guest *g;

	n->ticked_us = now_us;
	while ((g = guard_overdue(n->guard, now_us)) != NULL) {
		connection_failed(connection_of(g), NET_FAILED_TIMEOUT);
		connection_cut(connection_of(g));
	}
	session_table_tick(n->table, now_us);
	listener_wake(&n->public);
	listener_wake(&n->ops);
}

void net_woken(struct net *n)
{
	int64_t now_us = net_now_us();
	struct answer *answers;
	bool resume, drain;

	(void)pthread_mutex_lock(&n->lock);
	answers = n->answers;
	n->answers = NULL;
	n->answers_end = &n->answers;
	resume = n->resume_asked;
	n->resume_asked = false;
	drain = n->drain_asked;
	n->woken = false;
	(void)pthread_mutex_unlock(&n->lock);

	session_table_answer(n->table, answers, now_us);
	if (resume)
		session_table_resume(n->table, now_us);
	if (drain && !n->draining)
		begin_drain(n);
	if (now_us - n->ticked_us >= (int64_t)(TICK_S * (double)SECOND_US / 2))
		tick(n, now_us);
}

/* With the lock held, which is given back. Whoever was first has woken the loop for all. */
static void wake_and_unlock(struct net *n)
{
	bool asleep = !n->woken;

	n->woken = true;
	(void)pthread_mutex_unlock(&n->lock);
	if (asleep)
		lws_cancel_service(n->context);
}

void net_answer(struct net *n, struct answer *list)
{
	struct answer **end = &list;

	while (*end != NULL)
		end = &(*end)->next;
	if (list == NULL)
		return;
	(void)pthread_mutex_lock(&n->lock);
	*n->answers_end = list;
	n->answers_end = end;
	wake_and_unlock(n);
}

void net_resume(struct net *n)
{
	(void)pthread_mutex_lock(&n->lock);
	n->resume_asked = true;
	wake_and_unlock(n);
}

void net_drain(struct net *n)
{
	(void)pthread_mutex_lock(&n->lock);
	n->drain_asked = true;
	wake_and_unlock(n);
}

/* ---- unmaking ------------------------------------------------------------------------------ */

/* Who has been told to go, goes: that a second signal ends what is left to be closed in order must
 * not happen even between two calls. */
static void stop_signals(struct net *n)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t all, before;

	(void)sigemptyset(&all);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		(void)sigaddset(&all, signals[i]);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	ev_signal_stop(n->loop, &n->hangup);
	ev_signal_stop(n->loop, &n->interrupt);
	ev_signal_stop(n->loop, &n->terminate);
	for (size_t i = 0; n->draining && i < sizeof signals / sizeof *signals; i++)
		(void)signal(signals[i], SIG_IGN);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void net_close(struct net *n)
{
	if (n == NULL)
		return;
	if (n->inner != NULL)
		lws_context_destroy(n->inner);
	if (n->context != NULL)
		lws_context_destroy(n->context);
	if (n->loop != NULL) {
		stop_signals(n);
		ev_loop_destroy(n->loop);
	}
	session_table_destroy(n->table);
	guard_destroy(n->guard);
	page_close(n->page);
	for (struct answer *a = n->answers, *next; a != NULL; a = next) {
		next = a->next;
		answer_destroy(a);
	}
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
}
