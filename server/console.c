#include "console.h"

#include "config.h"
#include "desk.h"
#include "lahetti/buffer.h"
#include "lahetti/kinds.h"
#include "lahetti/text.h"
#include "net.h"
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define SOFTWARE "lahettid " LAHETTI_VERSION

enum status {
	DONE = 0,
	FAILED = 1,
	WRONG_USE = 2,
	FOUND = 3,
};

#define NEWEST_MOST 64 /* notes that a restore is shown */

/* What the commands take; each says which it needs. */
struct arguments {
	const char *config;
	const char *organisation;
	const char *business_id;
	const char *type;
	const char *unit;
	const char *administrator;
	const char *keys;
	const char *newest[NEWEST_MOST];
	size_t n_newest;
	bool despite_findings;
	char **operands; /* n_operands of them */
	int n_operands;
};

static int say(const struct lahetti_fault *f)
{
	(void)fprintf(stderr, "lahettid: %s\n", f->text);
	return FAILED;
}

static int wrong(const char *text)
{
	(void)fprintf(stderr, "lahettid: %s\n", text);
	return WRONG_USE;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"organisation", required_argument, NULL, 'o'},
		{"business-id", required_argument, NULL, 'b'},
		{"type", required_argument, NULL, 't'},
		{"unit", required_argument, NULL, 'u'},
		{"administrator", required_argument, NULL, 'a'},
		{"keys", required_argument, NULL, 'k'},
		{"newest", required_argument, NULL, 'n'},
		{"despite-findings", no_argument, NULL, 'd'},
		{0},
	};
	int o;

	*a = (struct arguments){
		.business_id = "", .type = "wellbeing-services-county", .unit = "Pääkäyttäjät"};
	optind = 1;
	while ((o = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		switch (o) {
		case 'c':
			a->config = optarg;
			break;
		case 'o':
			a->organisation = optarg;
			break;
		case 'b':
			a->business_id = optarg;
			break;
		case 't':
			a->type = optarg;
			break;
		case 'u':
			a->unit = optarg;
			break;
		case 'a':
			a->administrator = optarg;
			break;
		case 'k':
			a->keys = optarg;
			break;
		case 'n':
			if (a->n_newest == NEWEST_MOST)
				return false;
			a->newest[a->n_newest++] = optarg;
			break;
		case 'd':
			a->despite_findings = true;
			break;
		default:
			return false;
		}
	a->operands = argv + optind;
	a->n_operands = argc - optind;
	if (a->config == NULL)
		a->config = access("lahettid.conf", R_OK) == 0 ? "lahettid.conf"
							       : "/etc/lahetti/lahettid.conf";
	return true;
}

/* A server with its configuration read and its keys opened. */
struct house {
	struct arguments arguments;
	struct config *config;
	struct vault *vault;
	int lock; /* on the data folder: one program writes at a time */
};

static void house_close(struct house *h)
{
	vault_close(h->vault);
	config_destroy(h->config);
	if (h->lock >= 0)
		(void)close(h->lock);
}

/* The tree is kept in memory by who writes: a second writer would break the first. Held until the
 * house is closed. */
static bool house_lock(struct house *h, struct lahetti_fault *f)
{
	h->lock = open(h->config->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->lock >= 0 && flock(h->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (h->lock >= 0 && errno == EWOULDBLOCK)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BUSY, "in-use",
			"Another lahettid works on %s: stop it first, then try again.",
			h->config->data);
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-data",
				 "The data folder %s can't be opened: %s.", h->config->data,
				 strerror(errno));
}

/* Exit status: DONE when it is open. */
enum house_need {
	HOUSE_CONFIGURATION,
	HOUSE_KEYS,
	HOUSE_KEYS_TO_WRITE,
};

static int house_open(struct house *h, int argc, char **argv, enum house_need need)
{
	struct lahetti_fault f = {0};

	*h = (struct house){.lock = -1};
	/* Nothing of a client is ever left in a core dump or readable by another user. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)umask(077);
	if (!read_arguments(argc, argv, &h->arguments))
		return WRONG_USE;
	if (!config_load(h->arguments.config, &h->config, &f))
		return say(&f);
	if (need == HOUSE_CONFIGURATION)
		return DONE;
	if (need == HOUSE_KEYS || house_lock(h, &f))
		h->vault = vault_open(h->config->master_key, h->config->keys, &f);
	if (h->vault != NULL)
		return DONE;
	house_close(h);
	return say(&f);
}

/* init, organisation
 * ------------------------------------------------------------------------------------------------
 */

static bool write_file(const char *path, struct lahetti_span bytes, struct lahetti_fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok =
		fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len && fsync(fd) == 0;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-unwritable",
				       "%s can't be written: %s.", path, strerror(errno));
}

/* The authority's certificate, for TLS and for those who connect; and a certificate for the server
 * where none was brought. */
static bool write_certificates(const struct config *c, struct vault *vault, struct lahetti_fault *f)
{
	char host[256];
	const char *hosts[] = {host, "localhost", "127.0.0.1", "::1"};
	struct lahetti_buffer pem, key, certificate;
	bool ok;

	lahetti_buffer_init(&pem, 8192);
	lahetti_buffer_init(&key, 8192);
	lahetti_buffer_init(&certificate, 8192);
	(void)snprintf(host, sizeof host, "%.*s", (int)strcspn(c->server_name, "/"),
		       c->server_name);
	ok = desk_authority(vault, &pem, f) &&
	     (c->client_ca[0] == '\0' || access(c->client_ca, F_OK) == 0 ||
	      write_file(c->client_ca, lahetti_buffer_span(&pem), f));
	if (ok && access(c->certificate, F_OK) != 0 && access(c->private_key, F_OK) != 0)
		ok = desk_issue_server(vault, strcmp(host, "localhost") == 0 ? hosts + 1 : hosts,
				       strcmp(host, "localhost") == 0 ? 3 : 4, &key, &certificate,
				       f) &&
		     write_file(c->private_key, lahetti_buffer_span(&key), f) &&
		     write_file(c->certificate, lahetti_buffer_span(&certificate), f);
	lahetti_buffer_finish(&pem);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
	return ok;
}

/* What the two commands that begin an organisation share; the database is the house's. */
static int begin_organisation(const struct house *h, bool first)
{
	struct lahetti_fault f = {0};
	char code[DESK_CODE_ROOM];
	int type;
	struct desk_founding founding = {
		.database = h->config->database,
		.vault = h->vault,
		.software = SOFTWARE,
		.server_name = h->config->server_name,
		.organisation = h->arguments.organisation,
		.business_id = h->arguments.business_id,
		.unit = h->arguments.unit,
		.administrator = h->arguments.administrator,
		.code_life_us = (int64_t)h->config->code_minutes * 60000000,
	};

	if (!lahetti_word_parse(&lahetti__v1__organisation_type__descriptor, h->arguments.type,
				&type, &f)) {
		(void)say(&f);
		return WRONG_USE;
	}
	founding.type = (Lahetti__V1__OrganisationType)type;
	if (!(first ? desk_found(&founding, code, &f) : desk_add_organisation(&founding, code, &f)))
		return say(&f);
	(void)printf("%s\n", code);
	(void)fprintf(
		stderr,
		"This is the enrolment code of %s, told only now; it is good for %" PRIu32
		" minutes.\n"
		"When the device has been enrolled, confirm it: lahettid confirm KEY-IDENTIFIER\n",
		h->arguments.administrator, h->config->code_minutes);
	lahetti_wipe(code, sizeof code);
	return DONE;
}

/* The data folder, locked. */
static bool make_data(struct house *h, struct lahetti_fault *f)
{
	if (mkdir(h->config->data, 0700) != 0 && errno != EEXIST)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-data",
					 "%s can't be made: %s.", h->config->data, strerror(errno));
	return house_lock(h, f);
}

/* The same, and keys where there is no database yet. */
static bool make_house(struct house *h, struct lahetti_fault *f)
{
	const struct config *c = h->config;

	if (!make_data(h, f))
		return false;
	if (access(c->database, F_OK) == 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "exists",
					 "There is a database at %s already.", c->database);
	if (mkdir(c->attachments, 0700) != 0 && errno != EEXIST)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-data",
					 "%s can't be made: %s.", c->attachments, strerror(errno));
	if (!vault_create(c->master_key, c->keys, f))
		return false;
	h->vault = vault_open(c->master_key, c->keys, f);
	return h->vault != NULL;
}

int console_init(int argc, char **argv)
{
	struct lahetti_fault f = {0};
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_CONFIGURATION);

	if (status != DONE)
		return status;
	if (h.arguments.organisation == NULL || h.arguments.administrator == NULL) {
		house_close(&h);
		return wrong("init needs --organisation NAME and --administrator NAME");
	}
	status = make_house(&h, &f) ? begin_organisation(&h, true) : say(&f);
	if (status == DONE && !write_certificates(h.config, h.vault, &f))
		status = say(&f);
	house_close(&h);
	return status;
}

int console_organisation(int argc, char **argv)
{
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS_TO_WRITE);

	if (status != DONE)
		return status;
	if (h.arguments.organisation == NULL || h.arguments.administrator == NULL)
		status = wrong("organisation needs --organisation NAME and --administrator NAME");
	else
		status = begin_organisation(&h, false);
	house_close(&h);
	return status;
}

/* confirm, check, fsck, version
 * ------------------------------------------------------------------------------------- */

static int confirm_one(const struct house *h, const char *text)
{
	struct lahetti_fault f = {0};
	struct lahetti_digest key_id;

	if (!lahetti_hex_parse(key_id.bytes, sizeof key_id.bytes, text, &f))
		return wrong(
			"a key identifier has 64 hexadecimal digits; the device shows it when it is enrolled");
	return desk_confirm(h->config->database, h->vault, SOFTWARE, &key_id, &f) ? DONE : say(&f);
}

int console_confirm(int argc, char **argv)
{
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS_TO_WRITE);

	if (status != DONE)
		return status;
	if (h.arguments.n_operands == 0)
		status = wrong("confirm needs the key identifiers of the devices");
	for (int i = 0; status == DONE && i < h.arguments.n_operands; i++)
		status = confirm_one(&h, h.arguments.operands[i]);
	house_close(&h);
	return status;
}

static int check_page(const struct config *c)
{
	struct lahetti_fault f = {0};
	struct page *page;

	if (c->page[0] == '\0')
		return DONE;
	page = page_open(c->page, &f);
	if (page == NULL)
		return say(&f);
	page_close(page);
	return DONE;
}

int console_check(int argc, char **argv)
{
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_CONFIGURATION);

	if (status != DONE)
		return status;
	status = check_page(h.config);
	if (status == DONE)
		(void)printf("%s: good\n", h.arguments.config);
	house_close(&h);
	return status;
}

static void print_finding(void *context, const char *code, const char *text)
{
	(void)context;
	(void)printf("%s: %s\n", code, text);
}

int console_fsck(int argc, char **argv)
{
	struct lahetti_fault f = {0};
	struct desk_checked r;
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS);

	if (status != DONE)
		return status;
	if (!desk_fsck(h.config->database, h.config->attachments, h.vault, SOFTWARE, print_finding,
		       NULL, &r, &f)) {
		status = say(&f);
	} else {
		if (r.unnamed > 0)
			(void)printf("note: %" PRIu64
				     " files of attachments that no statement names: "
				     "uploads, or what a crash left\n",
				     r.unnamed);
		(void)printf("%" PRIu64 " events, %" PRIu64 " records, %" PRIu64 " parts, %" PRIu64
			     " statements, %" PRIu64 " attachments, %" PRIu64
			     " checkpoints; %" PRIu64 " erased; %" PRIu64 " findings\n",
			     r.events, r.records, r.parts, r.statements, r.attachments,
			     r.checkpoints, r.erased, r.findings);
		status = r.findings == 0 ? DONE : FOUND;
	}
	house_close(&h);
	return status;
}

/* backup, restore, act
 * ------------------------------------------------------------------------------------- */

static int back_up(const struct house *h, const char *to)
{
	struct lahetti_fault f = {0};
	struct desk_backed_up made;

	if (!desk_backup(h->config->database, h->config->attachments, h->vault, SOFTWARE, to, &made,
			 &f))
		return say(&f);
	(void)printf("%s: %" PRIu64 " events, %zu files\n", to, made.size, made.files);
	return DONE;
}

/* Data first: the keys are then at least as new as it. */
int console_backup(int argc, char **argv)
{
	struct lahetti_fault f = {0};
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS);

	if (status != DONE)
		return status;
	if (h.arguments.n_operands > 1 || (h.arguments.n_operands == 0 && h.arguments.keys == NULL))
		status = wrong("backup needs a folder TO that is not there, or --keys TO, or both");
	else if (h.arguments.n_operands == 1)
		status = back_up(&h, h.arguments.operands[0]);
	if (status == DONE && h.arguments.keys != NULL) {
		if (vault_copy(h.vault, h.arguments.keys, &f))
			(void)printf("%s: the key folder\n", h.arguments.keys);
		else
			status = say(&f);
	}
	house_close(&h);
	return status;
}

static void tell_restored(const struct desk_restored *r)
{
	(void)fprintf(stderr,
		      "The first %" PRIu64 " events are back; generation %" PRIu32
		      " of the log begins after them.\n",
		      r->size, r->generation);
	if (r->newest > r->size)
		(void)fprintf(stderr, "Events %" PRIu64 " to %" PRIu64 " are known to be lost.\n",
			      r->size, r->newest - 1);
	else
		(void)fprintf(stderr, "Nobody has shown that anything after them was there.\n");
	if (r->erased > 0)
		(void)fprintf(stderr, "Erasures that were done again: %u.\n", r->erased);
	(void)fprintf(
		stderr,
		"What is printed is the operator's act: give it to everybody over a way that they\n"
		"trust; lahetti audit accept-generation FILE takes it, lahettid act prints it again.\n"
		"Copy the keys now: lahettid backup --keys TO\n");
}

/* What is printed is the act alone. */
static void tell_finding(void *context, const char *code, const char *text)
{
	(void)context;
	(void)fprintf(stderr, "%s: %s\n", code, text);
}

static int bring_back(struct house *h)
{
	const struct config *c = h->config;
	const struct desk_restoring restoring = {
		.from = h->arguments.operands[0],
		.keys_copy = h->arguments.keys,
		.newest = h->arguments.newest,
		.n_newest = h->arguments.n_newest,
		.data = c->data,
		.database = c->database,
		.attachments = c->attachments,
		.keys = c->keys,
		.master_key = c->master_key,
		.server_name = c->server_name,
		.software = SOFTWARE,
		.despite_findings = h->arguments.despite_findings,
		.found = tell_finding,
	};
	struct lahetti_fault f = {0};
	struct desk_restored restored;
	struct lahetti_buffer act;
	int status = DONE;

	lahetti_buffer_init(&act, 1 << 16);
	if (!make_data(h, &f) || !desk_restore(&restoring, &restored, &act, &f) ||
	    (h->vault = vault_open(c->master_key, c->keys, &f)) == NULL ||
	    !write_certificates(c, h->vault, &f)) {
		status = say(&f);
	} else {
		(void)fwrite(act.data, 1, act.len, stdout);
		tell_restored(&restored);
	}
	lahetti_buffer_finish(&act);
	return status;
}

int console_restore(int argc, char **argv)
{
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_CONFIGURATION);

	if (status != DONE)
		return status;
	if (h.arguments.n_operands != 1 || h.arguments.keys == NULL)
		status = wrong(
			"restore needs a backup FROM and --keys KEYS, a copy of the key folder");
	else
		status = bring_back(&h);
	house_close(&h);
	return status;
}

int console_act(int argc, char **argv)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer act;
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS);

	if (status != DONE)
		return status;
	lahetti_buffer_init(&act, 1 << 16);
	if (desk_act(h.config->database, h.vault, &act, &f))
		(void)fwrite(act.data, 1, act.len, stdout);
	else
		status = say(&f);
	lahetti_buffer_finish(&act);
	house_close(&h);
	return status;
}

int console_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf(SOFTWARE "\n");
	return DONE;
}

/* run
 * ---------------------------------------------------------------------------------------------------------------
 */

/* The two halves of the server and what each asks of the other. */
struct server {
	struct net *net;
	struct desk *desk;
};

static bool take(void *context, struct job *job)
{
	return desk_take(((struct server *)context)->desk, job);
}

static void answer(void *context, struct answer *list)
{
	net_answer(((struct server *)context)->net, list);
}

static void resume(void *context)
{
	net_resume(((struct server *)context)->net);
}

static const char *not_ready(void *context)
{
	return desk_not_ready(((struct server *)context)->desk);
}

static void metrics(void *context, struct lahetti_buffer *out)
{
	desk_metrics(((struct server *)context)->desk, out);
}

static void log_line(void *context, const char *line)
{
	int64_t now = lahetti_now_us();

	(void)context;
	(void)fprintf(stderr, "time_us=%" PRId64 " %s\n", now, line);
}

static struct desk *open_desk(const struct house *h, struct server *s, struct lahetti_fault *f)
{
	const struct config *c = h->config;
	char file[PATH_MAX];
	struct desk_options options = {
		.database = c->database,
		.attachments = c->attachments,
		.vault = h->vault,
		.software = SOFTWARE,
		.origins = (const char *const *)c->origins,
		.reserve_file = file,
		.reserve = (uint64_t)c->trail_reserve_mib << 20,
		.workers = c->workers,
		.limits =
			{
				.recipients = c->recipients,
				.statement = c->statement,
				.attachment = c->attachment,
				.attachments = c->attachments_a_statement,
				.uploads_a_user = c->uploads_a_user,
				.uploads = c->uploads,
				.jobs = c->jobs,
				.code_life_us = (int64_t)c->code_minutes * 60000000,
				.certificate_days = c->certificate_days,
				.keyring = c->keyring,
				.login_tries_an_address = c->login_tries_an_address,
				.login_tries_a_device = c->login_tries_a_device,
				.code_tries = c->code_tries,
				.erasure_life_us = (int64_t)c->erasure_days * 86400000000,
				.retention_days = c->backup_retention_days,
			},
		.context = s,
		.answer = answer,
		.resume = resume,
		.log = log_line,
	};

	if (snprintf(file, sizeof file, "%s/reserve", c->data) >= (int)sizeof file) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-config",
				  "The path of the data folder is too long.");
		return NULL;
	}
	return config_digest(c, &options.configuration, f) ? desk_open(&options, f) : NULL;
}

static struct net *open_net(const struct house *h, struct server *s, struct lahetti_fault *f)
{
	const struct config *c = h->config;
	const struct net_options options = {
		.address = c->listen_address,
		.port = (uint16_t)c->listen_port,
		.listener = sd_listen_fds(1) >= 1 ? SD_LISTEN_FDS_START : -1,
		.certificate = c->certificate,
		.private_key = c->private_key,
		.client_ca = c->client_ca[0] == '\0' ? NULL : c->client_ca,
		.client_crl = c->client_crl[0] == '\0' ? NULL : c->client_crl,
		.page = c->page[0] == '\0' ? NULL : c->page,
		.client_certificate = (enum net_client_certificate)c->client_certificate,
		.tls12 = c->tls12,
		.origins = (const char *const *)c->origins,
		.ops_address = c->ops_address[0] == '\0' ? NULL : c->ops_address,
		.ops_port = (uint16_t)c->ops_port,
		.server_name = desk_server_name(s->desk),
		.generation = desk_generation(s->desk),
		.software = SOFTWARE,
		.log_key = desk_log_key(s->desk),
		.statement_limit = c->statement,
		.recipient_limit = c->recipients,
		.attachment_limit = c->attachment,
		.attachments_limit = c->attachments_a_statement,
		.uploads_limit = c->uploads_a_user,
		.limits =
			{
				.frame = c->frame,
				.sessions = c->sessions,
				.sessions_reserved = c->sessions_reserved,
				.sessions_a_user = c->sessions_a_user,
				.handshakes_an_address = c->handshakes_an_address,
				.requests_a_second = c->requests_a_second,
				.pings_a_second = c->pings_a_second,
				.in_flight = c->in_flight,
				.out_queue = c->out_queue,
				.handshake_s = c->handshake_s,
				.sign_in_s = c->sign_in_s,
				.idle_s = c->idle_s,
				.ping_s = c->ping_s,
				.drain_s = c->drain_s,
			},
		.context = s,
		.take = take,
		.not_ready = not_ready,
		.metrics = metrics,
		.log = log_line,
	};

	return net_open(&options, f);
}

static int serve(const struct house *h)
{
	struct lahetti_fault f = {0};
	struct server s = {0};
	int status = FAILED;

	s.desk = open_desk(h, &s, &f);
	if (s.desk != NULL && strcmp(desk_server_name(s.desk), h->config->server_name) != 0)
		lahetti_fault_set(&f, LAHETTI_FAULT_MALFORMED, "wrong-name",
				  "%s: server-name is %s, but the database was made for %s.",
				  h->arguments.config, h->config->server_name,
				  desk_server_name(s.desk));
	else if (s.desk != NULL)
		s.net = open_net(h, &s, &f);
	if (s.net != NULL) {
		(void)printf("ready port=%u ops_port=%u\n", net_port(s.net), net_ops_port(s.net));
		(void)fflush(stdout);
		(void)sd_notify(0, "READY=1");
		if (net_run(s.net, &f))
			status = DONE;
		(void)sd_notify(0, "STOPPING=1");
	}
	if (status != DONE)
		(void)say(&f);
	desk_close(s.desk);
	net_close(s.net);
	return status;
}

int console_run(int argc, char **argv)
{
	struct house h;
	int status = house_open(&h, argc, argv, HOUSE_KEYS_TO_WRITE);

	if (status != DONE)
		return status;
	status = serve(&h);
	house_close(&h);
	return status;
}
