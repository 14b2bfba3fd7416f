#include "house.h"

#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA (4u << 20)

/* The server
 * ------------------------------------------------------------------------------------------------------------
 */

static pid_t spawn(struct house *h, const char *const *arguments, int *out)
{
	const char *argv[32] = {LAHETTID};
	int fds[2];
	size_t n = 1;
	pid_t parent = getpid(), pid;

	for (; arguments[n - 1] != NULL; n++)
		argv[n] = arguments[n - 1];
	assert_int_equal(0, pipe2(fds, O_CLOEXEC));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* A test that fails leaves no server behind. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
		    chdir(h->folder) != 0 || dup2(fds[1], STDOUT_FILENO) < 0)
			_exit(127);
		(void)execv(LAHETTID, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(fds[1]);
	*out = fds[0];
	return pid;
}

pid_t house_begin(struct house *h, const char *const *arguments, int *out)
{
	return spawn(h, arguments, out);
}

int house_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(EINTR, errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int house_run(struct house *h, char *out, size_t room, const char *const *arguments)
{
	size_t len = 0;
	ssize_t got;
	int fd;
	pid_t pid = spawn(h, arguments, &fd);

	while ((got = read(fd, out + len, room - 1 - len)) > 0 || (got < 0 && errno == EINTR))
		len += got > 0 ? (size_t)got : 0;
	out[len] = '\0';
	(void)close(fd);
	return house_wait(pid);
}

static void first_line(const char *out, char code[32])
{
	size_t len = strcspn(out, "\n");

	assert_true(len < 32);
	memcpy(code, out, len);
	code[len] = '\0';
}

void house_make(struct house *h, const char *more_configuration, char code[32])
{
	static const char *const init[] = {"init",
					   "--organisation",
					   "Esimerkkilän hyvinvointialue",
					   "--administrator",
					   "Paula Pääkäyttäjä",
					   NULL};
	const char *tmp = getenv("TMPDIR");
	char path[300], out[512];
	FILE *f;

	*h = (struct house){.out = -1};
	(void)snprintf(h->folder, sizeof h->folder, "%s/lahetti-XXXXXX",
		       tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(h->folder));
	(void)snprintf(path, sizeof path, "%s/lahettid.conf", h->folder);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(
		f,
		"server-name = \"localhost/lahetti\"\nlisten-port = 0\nops-port = 0\ndata = \"data\"\n"
		"client-ca = \"ca.pem\"\nrequests-a-second = 10000\n"
		"login-tries-a-device = 100000\ntrail-reserve-mib = 1\n%s",
		more_configuration);
	assert_int_equal(0, fclose(f));
	assert_int_equal(0, house_run(h, out, sizeof out, init));
	first_line(out, code);
}

void house_organisation(struct house *h, const char *name, const char *type, char code[32])
{
	const char *const arguments[] = {
		"organisation",	   "--organisation",	name, "--type", type,
		"--administrator", "Olli Organisaatio", NULL};
	char out[512];

	assert_int_equal(0, house_run(h, out, sizeof out, arguments));
	first_line(out, code);
}

unsigned number_after(const char *text, const char *words)
{
	const char *at = strstr(text, words);
	char *end;
	unsigned long number;

	assert_non_null(at);
	number = strtoul(at + strlen(words), &end, 10);
	assert_true(end > at + strlen(words));
	return (unsigned)number;
}

bool house_try_start(struct house *h)
{
	static const char *const run[] = {"run", NULL};
	char line[256] = "";
	size_t len = 0;

	h->pid = spawn(h, run, &h->out);
	while (len == 0 || line[len - 1] != '\n') {
		struct pollfd p = {.fd = h->out, .events = POLLIN};
		ssize_t got;

		assert_int_equal(1, poll(&p, 1, 60000));
		got = read(h->out, line + len, sizeof line - 1 - len);
		assert_true(got >= 0);
		if (got == 0)
			return false;
		len += (size_t)got;
	}
	line[len] = '\0';
	h->port = number_after(line, "ready port=");
	h->ops_port = number_after(line, "ops_port=");
	return true;
}

void house_start(struct house *h)
{
	assert_true(house_try_start(h));
}

void house_stop(struct house *h, int signal)
{
	int status;

	assert_int_equal(0, kill(h->pid, signal));
	status = house_wait(h->pid);
	assert_int_equal(signal == SIGTERM ? 0 : 128 + signal, status);
	(void)close(h->out);
	h->pid = 0;
	h->out = -1;
}

void house_is_whole(struct house *h)
{
	static const char *const arguments[] = {"fsck", NULL};
	char out[4096];
	int status = house_run(h, out, sizeof out, arguments);

	if (status != 0)
		print_message("%s", out);
	assert_int_equal(0, status);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void house_finish(struct house *h)
{
	if (h->pid > 0)
		house_stop(h, SIGTERM);
	assert_int_equal(0, nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

/* People
 * ----------------------------------------------------------------------------------------------------------------
 */

static void no_fault(bool ok, const struct lahetti_fault *f)
{
	if (!ok)
		print_message("%s: %s\n", f->code, f->text);
	assert_true(ok);
}

void person_dial(struct person *p)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__Greeting *g;
	char ca[300];

	(void)snprintf(ca, sizeof ca, "%s/ca.pem", p->house->folder);
	p->peer = lahetti_peer_open(
		&(struct lahetti_peer_options){
			.host = "localhost",
			.port = (uint16_t)p->house->port,
			.ca = ca,
			.certificate = p->shows == NULL ? NULL : p->shows->certificate,
			.private_key = p->shows == NULL
					       ? NULL
					       : lahetti_private_key_native(p->shows->key)},
		&f);
	no_fault(p->peer != NULL, &f);
	g = lahetti_peer_greeting(p->peer);
	(void)snprintf(p->server_name, sizeof p->server_name, "%s", g->server_name);
	(void)snprintf(p->log_key, sizeof p->log_key, "%s", g->log_key);
}

Lahetti__V1__ServerFrame *person_ask(struct person *p, Lahetti__V1__ClientFrame *frame)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ServerFrame *answer;

	lahetti_arena_reset(&p->arena);
	answer = lahetti_peer_ask(p->peer, frame, &p->arena, &f);
	no_fault(answer != NULL, &f);
	return answer;
}

Lahetti__V1__ServerFrame *person_expect(struct person *p, Lahetti__V1__ClientFrame *frame,
					Lahetti__V1__ServerFrame__BodyCase wanted)
{
	Lahetti__V1__ServerFrame *answer = person_ask(p, frame);

	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(wanted, answer->body_case);
	return answer;
}

void person_refused(struct person *p, Lahetti__V1__ClientFrame *frame, const char *code)
{
	Lahetti__V1__ServerFrame *answer = person_ask(p, frame);

	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ERROR, answer->body_case);
	assert_string_equal(code, answer->error->code);
	assert_true(answer->error->sentence[0] != '\0');
}

/* A packed message as an envelope that can stand in a frame: signed, and read back into the arena.
 */
static Lahetti__V1__Envelope *signed_message(struct person *p, const char *type,
					     const ProtobufCMessage *message,
					     struct lahetti_arena *arena)
{
	struct lahetti_fault f = {0};
	struct lahetti_span payload = lahetti_message_pack(message, arena);
	struct lahetti_span envelope = lahetti_envelope_sign(type, payload, p->key, arena, &f);

	no_fault(envelope.data != NULL, &f);
	return lahetti_message_read(&lahetti__v1__envelope__descriptor, envelope,
				    LAHETTI_MESSAGE_FRAME, arena, &f);
}

/* Beside the configuration, by the key's name. */
static void keep_certificate(struct person *p, struct lahetti_span der)
{
	const uint8_t *at = der.data;
	char name[9];
	X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
	FILE *file;

	assert_non_null(certificate);
	lahetti_hex(p->key_id.bytes, 4, name);
	(void)snprintf(p->certificate, sizeof p->certificate, "%s/%s.pem", p->house->folder, name);
	file = fopen(p->certificate, "w");
	assert_non_null(file);
	assert_int_equal(1, PEM_write_X509(file, certificate));
	assert_int_equal(0, fclose(file));
	X509_free(certificate);
}

void person_enrol(struct person *p, struct house *h, const char *code)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Enrol enrol = LAHETTI__V1__ENROL__INIT;
	Lahetti__V1__EnrolmentProof proof = LAHETTI__V1__ENROLMENT_PROOF__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct lahetti_digest digest;
	const struct lahetti_span spans[] = {lahetti_span_text("lahetti enrolment code v1\n"),
					     lahetti_span_text(code)};
	static char device[] = "koe", language[] = "en";

	*p = (struct person){.house = h};
	no_fault(lahetti_arena_init(&p->arena, ARENA, &f) && lahetti_arena_init(&arena, ARENA, &f),
		 &f);
	p->key = lahetti_private_key_new(&f);
	no_fault(p->key != NULL, &f);
	p->key_id = *lahetti_public_key_id(lahetti_private_key_public(p->key));
	person_dial(p);
	no_fault(lahetti_sha256(&digest, spans, 2, &f), &f);
	proof.nonce = lahetti_peer_greeting(p->peer)->nonce;
	proof.audience = p->server_name;
	proof.code_sha256 = lahetti_bytes(lahetti_digest_span(&digest));
	proof.spki = lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(p->key)));
	proof.time_us = lahetti_now_us();
	enrol.code = lahetti_text(code);
	enrol.proof = signed_message(p, LAHETTI_TYPE_ENROLMENT, &proof.base, &arena);
	enrol.device_name = device;
	enrol.language = language;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_ENROL;
	frame.enrol = &enrol;
	answer = person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_ENROLLED);
	no_fault(lahetti_id_read(&p->user, lahetti_bytes_span(answer->enrolled->user), &f), &f);
	assert_false(answer->enrolled->confirmed);
	keep_certificate(p, lahetti_bytes_span(answer->enrolled->certificate));
	lahetti_arena_finish(&arena);
	person_sign_out(p);
}

void person_confirm(struct person *p)
{
	char hex[LAHETTI_DIGEST_HEX_LEN + 1], out[256];
	const char *const arguments[] = {"confirm", hex, NULL};

	lahetti_hex(p->key_id.bytes, sizeof p->key_id.bytes, hex);
	assert_int_equal(0, house_run(p->house, out, sizeof out, arguments));
}

static void learn(struct person *p, const Lahetti__V1__Session *s)
{
	struct lahetti_fault f = {0};

	for (size_t i = 0; i < s->n_memberships; i++) {
		const Lahetti__V1__Membership *m = s->memberships[i];

		if (!lahetti_span_equal(lahetti_bytes_span(m->id), lahetti_bytes_span(s->acting)))
			continue;
		no_fault(lahetti_id_read(&p->membership, lahetti_bytes_span(m->id), &f) &&
				 lahetti_id_read(&p->unit, lahetti_bytes_span(m->unit), &f) &&
				 lahetti_id_read(&p->organisation,
						 lahetti_bytes_span(m->organisation), &f),
			 &f);
		p->role = m->role;
	}
}

Lahetti__V1__ClientFrame *person_login(struct person *p, struct lahetti_span nonce,
				       const uint8_t exporter[32],
				       const struct lahetti_id *membership,
				       struct lahetti_arena *arena)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ClientFrame *frame = lahetti_arena_take(arena, sizeof *frame);
	Lahetti__V1__Login *login = lahetti_arena_take(arena, sizeof *login);
	Lahetti__V1__LoginClaim claim = LAHETTI__V1__LOGIN_CLAIM__INIT;
	uint8_t client_nonce[16];
	char origin[64];
	static char purpose[] = "login", language[] = "en";

	assert_true(frame != NULL && login != NULL);
	if (frame == NULL || login == NULL) /* asserted above, unseen by analysers */
		return NULL;
	no_fault(lahetti_random(client_nonce, sizeof client_nonce, &f), &f);
	(void)snprintf(origin, sizeof origin, "https://localhost:%u", p->house->port);
	claim.purpose = purpose;
	claim.server_nonce = lahetti_bytes(nonce);
	claim.client_nonce = lahetti_bytes(lahetti_span(client_nonce, sizeof client_nonce));
	claim.origin = origin;
	claim.device = lahetti_bytes(lahetti_digest_span(&p->key_id));
	claim.version = 1;
	claim.time_us = lahetti_now_us();
	claim.tls_exporter = lahetti_bytes(lahetti_span(exporter, 32));
	claim.audience = p->server_name;
	lahetti__v1__login__init(login);
	login->claim = signed_message(p, LAHETTI_TYPE_LOGIN, &claim.base, arena);
	login->language = language;
	if (membership != NULL)
		login->membership = lahetti_bytes(lahetti_id_span(membership));
	lahetti__v1__client_frame__init(frame);
	frame->body_case = LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN;
	frame->login = login;
	return frame;
}

Lahetti__V1__ServerFrame *person_sign_in(struct person *p, const struct lahetti_id *membership)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	Lahetti__V1__ServerFrame *answer;
	uint8_t exporter[32];

	no_fault(lahetti_arena_init(&arena, ARENA, &f), &f);
	person_dial(p);
	no_fault(lahetti_peer_exporter(p->peer, exporter, &f), &f);
	answer = person_ask(
		p, person_login(p, lahetti_bytes_span(lahetti_peer_greeting(p->peer)->nonce),
				exporter, membership, &arena));
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_SESSION)
		learn(p, answer->session);
	lahetti_arena_finish(&arena);
	return answer;
}

void person_sign_out(struct person *p)
{
	lahetti_peer_close(p->peer);
	p->peer = NULL;
}

void person_finish(struct person *p)
{
	person_sign_out(p);
	lahetti_private_key_destroy(p->key);
	lahetti_arena_finish(&p->arena);
}

/* Administration
 * --------------------------------------------------------------------------------------------------------
 */

static void put(struct person *admin, Lahetti__V1__DirectoryEntry *entry)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutDirectory put_directory = LAHETTI__V1__PUT_DIRECTORY__INIT;

	put_directory.entry = entry;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_PUT_DIRECTORY;
	frame.put_directory = &put_directory;
	(void)person_expect(admin, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
}

static void new_id(struct lahetti_id *id)
{
	struct lahetti_fault f = {0};

	no_fault(lahetti_id_new(id, lahetti_now_us(), &f), &f);
}

void admin_unit(struct person *admin, const char *name, struct lahetti_id *id)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Unit unit = LAHETTI__V1__UNIT__INIT;

	new_id(id);
	unit.id = lahetti_bytes(lahetti_id_span(id));
	unit.organisation = lahetti_bytes(lahetti_id_span(&admin->organisation));
	unit.name = lahetti_text(name);
	unit.takes_clients = 1;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT;
	entry.unit = &unit;
	put(admin, &entry);
}

void admin_code(struct person *admin, const struct person *who, char code[32])
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__IssueCode issue = LAHETTI__V1__ISSUE_CODE__INIT;

	issue.user = lahetti_bytes(lahetti_id_span(&who->user));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_ISSUE_CODE;
	frame.issue_code = &issue;
	(void)snprintf(code, 32, "%s",
		       person_expect(admin, &frame, LAHETTI__V1__SERVER_FRAME__BODY_ENROLMENT_CODE)
			       ->enrolment_code->code);
}

void admin_user(struct person *admin, const char *name, const struct lahetti_id *unit,
		Lahetti__V1__Role role, struct person *who, char code[32])
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__User user = LAHETTI__V1__USER__INIT;
	Lahetti__V1__Membership membership = LAHETTI__V1__MEMBERSHIP__INIT;
	struct lahetti_id membership_id;

	new_id(&who->user);
	new_id(&membership_id);
	user.id = lahetti_bytes(lahetti_id_span(&who->user));
	user.organisation = lahetti_bytes(lahetti_id_span(&admin->organisation));
	user.name = lahetti_text(name);
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER;
	entry.user = &user;
	put(admin, &entry);
	membership.id = lahetti_bytes(lahetti_id_span(&membership_id));
	membership.user = user.id;
	membership.unit = lahetti_bytes(lahetti_id_span(unit));
	membership.organisation = user.organisation;
	membership.role = role;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP;
	entry.membership = &membership;
	put(admin, &entry);
	admin_code(admin, who, code);
}

static void put_membership(struct person *admin, const struct person *who, Lahetti__V1__Role role,
			   bool leader)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Membership membership = LAHETTI__V1__MEMBERSHIP__INIT;

	membership.id = lahetti_bytes(lahetti_id_span(&who->membership));
	membership.user = lahetti_bytes(lahetti_id_span(&who->user));
	membership.unit = lahetti_bytes(lahetti_id_span(&who->unit));
	membership.organisation = lahetti_bytes(lahetti_id_span(&who->organisation));
	membership.role = role;
	membership.leader = leader;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP;
	entry.membership = &membership;
	put(admin, &entry);
}

void admin_role(struct person *admin, const struct person *who, Lahetti__V1__Role role)
{
	put_membership(admin, who, role, false);
}

void admin_leader(struct person *admin, const struct person *who)
{
	put_membership(admin, who, who->role, true);
}

void admin_second(struct person *admin, const char *name, Lahetti__V1__OrganisationType type,
		  const struct person *who)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Organisation organisation = LAHETTI__V1__ORGANISATION__INIT;
	ProtobufCBinaryData second = lahetti_bytes(lahetti_id_span(&who->user));

	organisation.id = lahetti_bytes(lahetti_id_span(&admin->organisation));
	organisation.name = lahetti_text(name);
	organisation.type = type;
	organisation.erasure_seconds = &second;
	organisation.n_erasure_seconds = 1;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION;
	entry.organisation = &organisation;
	put(admin, &entry);
}

/* Clients and statements
 * ------------------------------------------------------------------------------------------------
 */

void person_add_client(struct person *p, const char *family_name, const char *code,
		       struct lahetti_id *client, struct lahetti_id *case_id)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__AddClient add = LAHETTI__V1__ADD_CLIENT__INIT;
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;

	new_id(client);
	new_id(case_id);
	add.client = lahetti_bytes(lahetti_id_span(client));
	add.case_id = lahetti_bytes(lahetti_id_span(case_id));
	identity.family_name = lahetti_text(family_name);
	identity.personal_identity_code = lahetti_text(code);
	add.identity = &identity;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_ADD_CLIENT;
	frame.add_client = &add;
	(void)person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
}

void writing_begin(struct writing *w, const struct person *author, uint32_t kind,
		   const struct lahetti_id *client, const struct lahetti_id *case_id)
{
	struct lahetti_fault f = {0};

	*w = (struct writing){0};
	lahetti__v1__header__init(&w->header);
	lahetti__v1__basis__init(&w->basis);
	new_id(&w->id);
	no_fault(lahetti_random(w->salt, sizeof w->salt, &f), &f);
	w->header.id = lahetti_bytes(lahetti_id_span(&w->id));
	w->header.salt = lahetti_bytes(lahetti_span(w->salt, sizeof w->salt));
	w->header.audience = lahetti_text(author->server_name);
	w->header.kind = kind;
	w->header.kind_version = 1;
	w->header.author = lahetti_bytes(lahetti_id_span(&author->user));
	w->header.device = lahetti_bytes(lahetti_digest_span(&author->key_id));
	w->header.role = author->role;
	w->header.unit = lahetti_bytes(lahetti_id_span(&author->unit));
	w->header.organisation = lahetti_bytes(lahetti_id_span(&author->organisation));
	w->header.created_us = lahetti_now_us();
	if (client == NULL)
		return;
	w->client = *client;
	w->case_id = *case_id;
	w->header.client = lahetti_bytes(lahetti_id_span(&w->client));
	w->header.case_id = lahetti_bytes(lahetti_id_span(&w->case_id));
}

void writing_reply(struct writing *w, const struct lahetti_id *statement,
		   const struct lahetti_digest *sha256)
{
	lahetti__v1__reference__init(&w->in_reply_to);
	w->in_reply_to.id = lahetti_bytes(lahetti_id_span(statement));
	w->in_reply_to.sha256 = lahetti_bytes(lahetti_digest_span(sha256));
	w->header.in_reply_to = &w->in_reply_to;
}

static void address(struct writing *w, Lahetti__V1__RecipientKind kind,
		    const struct lahetti_id *organisation, const struct lahetti_id *unit)
{
	lahetti__v1__recipient__init(&w->recipient);
	w->recipient.kind = kind;
	w->recipient.organisation = lahetti_bytes(lahetti_id_span(organisation));
	w->recipient.unit = lahetti_bytes(lahetti_id_span(unit));
	w->recipients[0] = &w->recipient;
	w->header.recipients = w->recipients;
	w->header.n_recipients = 1;
	w->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	w->header.basis = &w->basis;
	w->categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_CONTACT;
	w->categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED;
	w->header.categories = w->categories;
	w->header.n_categories = 2;
}

void writing_to_queue(struct writing *w, const struct lahetti_id *organisation,
		      const struct lahetti_id *unit)
{
	address(w, LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE, organisation, unit);
}

void writing_to_user(struct writing *w, const struct person *who)
{
	address(w, LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER, &who->organisation,
		&who->unit);
	w->recipient.user = lahetti_bytes(lahetti_id_span(&who->user));
}

void writing_and_user(struct writing *w, const struct person *who)
{
	lahetti__v1__recipient__init(&w->second);
	w->second.kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER;
	w->second.organisation = lahetti_bytes(lahetti_id_span(&who->organisation));
	w->second.unit = lahetti_bytes(lahetti_id_span(&who->unit));
	w->second.user = lahetti_bytes(lahetti_id_span(&who->user));
	w->recipients[w->header.n_recipients++] = &w->second;
}

void writing_on_consent(struct writing *w, const struct writing *consent)
{
	lahetti__v1__reference__init(&w->consent);
	w->consent.id = lahetti_bytes(lahetti_id_span(&consent->id));
	w->consent.sha256 = lahetti_bytes(lahetti_digest_span(&consent->sha256));
	w->consents[0] = &w->consent;
	w->header.consents = w->consents;
	w->header.n_consents = 1;
	w->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT;
}

void writing_sign(struct writing *w, const ProtobufCMessage *body,
		  const struct lahetti_private_key *key)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	Lahetti__V1__Statement statement = LAHETTI__V1__STATEMENT__INIT;
	struct lahetti_span payload, envelope;

	no_fault(lahetti_arena_init(&arena, ARENA, &f), &f);
	statement.header = &w->header;
	statement.body = lahetti_bytes(lahetti_message_pack(body, &arena));
	payload = lahetti_message_pack(&statement.base, &arena);
	no_fault(lahetti_sha256(&w->sha256, &payload, 1, &f), &f);
	envelope = lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, payload, key, &arena, &f);
	no_fault(envelope.data != NULL, &f);
	free(w->kept);
	w->kept = malloc(envelope.len);
	assert_non_null(w->kept);
	if (envelope.data != NULL) /* asserted above, unseen by analysers */
		memcpy(w->kept, envelope.data, envelope.len);
	w->envelope = lahetti_span(w->kept, envelope.len);
	lahetti_arena_finish(&arena);
}

void writing_finish(struct writing *w)
{
	free(w->kept);
	w->kept = NULL;
}

void referral_fill(Lahetti__V1__Referral *r)
{
	static Lahetti__V1__Service asked[] = {LAHETTI__V1__SERVICE__SERVICE_JOB_COACHING};
	static char words[] = "Olen ollut pitkään poissa töistä.",
		    wish[] = "Haluan osa-aikatyön keittiössä.";

	lahetti__v1__referral__init(r);
	r->own_words = words;
	r->wish = wish;
	r->client_agrees = 1;
	r->asked = asked;
	r->n_asked = 1;
	r->urgency = LAHETTI__V1__URGENCY__URGENCY_NORMAL;
}

void parcel_of(struct parcel *n, const Lahetti__V1__Notice *notice)
{
	struct lahetti_fault f = {0};

	no_fault(lahetti_id_read(&n->delivery, lahetti_bytes_span(notice->delivery), &f) &&
			 lahetti_id_read(&n->statement, lahetti_bytes_span(notice->statement), &f),
		 &f);
	assert_int_equal(sizeof n->sha256.bytes, notice->statement_sha256.len);
	memcpy(n->sha256.bytes, notice->statement_sha256.data, sizeof n->sha256.bytes);
}

void person_claim(struct person *p, const struct parcel *n)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;

	claim.delivery = lahetti_bytes(lahetti_id_span(&n->delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
	frame.claim = &claim;
	(void)person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
}

void writing_acknowledge(struct writing *w, const struct person *p, const struct parcel *n,
			 Lahetti__V1__Step step)
{
	Lahetti__V1__Acknowledgement a = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	static char sentence[] = "Paikkoja ei ole.";

	writing_begin(w, p, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(w, &n->statement, &n->sha256);
	a.delivery = lahetti_bytes(lahetti_id_span(&n->delivery));
	a.step = step;
	if (step == LAHETTI__V1__STEP__STEP_RETURN) {
		a.reason = LAHETTI__V1__REASON__REASON_NO_CAPACITY;
		a.sentence = sentence;
	}
	writing_sign(w, &a.base, p->key);
}

uint64_t person_send(struct person *p, const struct writing *w, bool open)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;
	Lahetti__V1__Open opening = LAHETTI__V1__OPEN__INIT;
	uint64_t correlation = 0;

	no_fault(lahetti_arena_init(&arena, ARENA, &f), &f);
	submit.envelope = opening.envelope = lahetti_message_read(
		&lahetti__v1__envelope__descriptor, w->envelope, LAHETTI_MESSAGE_FRAME, &arena, &f);
	no_fault(submit.envelope != NULL, &f);
	frame.body_case = open ? LAHETTI__V1__CLIENT_FRAME__BODY_OPEN
			       : LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	if (open)
		frame.open = &opening;
	else
		frame.submit = &submit;
	no_fault(lahetti_peer_send(p->peer, &frame, &correlation, &f), &f);
	lahetti_arena_finish(&arena);
	return correlation;
}

Lahetti__V1__ServerFrame *person_answer(struct person *p, uint64_t correlation)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ServerFrame *answer;

	do {
		lahetti_arena_reset(&p->arena);
		answer = lahetti_peer_next(p->peer, -1, &p->arena, &f);
		no_fault(answer != NULL, &f);
	} while (answer != NULL && answer->correlation != correlation);
	return answer;
}

Lahetti__V1__ServerFrame *person_submit(struct person *p, const struct writing *w)
{
	return person_answer(p, person_send(p, w, false));
}

Lahetti__V1__ServerFrame *person_open(struct person *p, const struct writing *w)
{
	return person_answer(p, person_send(p, w, true));
}

Lahetti__V1__ServerFrame *person_subscribe(struct person *p, uint64_t after,
					   Lahetti__V1__Notice **notices, size_t most, size_t *n)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe subscribe = LAHETTI__V1__SUBSCRIBE__INIT;
	Lahetti__V1__ServerFrame *answer;
	uint64_t correlation;

	subscribe.after = after;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &subscribe;
	lahetti_arena_reset(&p->arena);
	*n = 0;
	no_fault(lahetti_peer_send(p->peer, &frame, &correlation, &f), &f);
	for (;;) {
		answer = lahetti_peer_next(p->peer, 30000, &p->arena, &f);
		assert_non_null(answer);
		if (answer->correlation == correlation)
			return answer;
		if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_NOTICE && *n < most)
			notices[(*n)++] = answer->notice;
	}
}
