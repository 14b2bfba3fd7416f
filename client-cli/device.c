/* The device: enrolment, and what its user does with devices and roles. */

#include "commands.h"
#include "directory.h"
#include "lahetti/code.h"
#include "lahetti/dsse.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CA_MOST	 ((size_t)1 << 20)
#define PEM_LINE 64

/* ---- enrolment ----------------------------------------------------------------------------- */

static bool read_code(struct cli *c, const char *typed, char code[LAHETTI_CODE_LEN + 1])
{
	return lahetti_code_normalise(code, lahetti_span_text(typed), NULL) ||
	       cli_fail(c, CLI_WRONG_USE, "cli.bad-code", NULL, NULL);
}

/* The key proves that it is here: it signs the code's digest for this server and this moment. */
static bool sign_proof(struct cli *c, const struct lahetti_private_key *key,
		       const Lahetti__V1__Greeting *greeting, const char *code,
		       Lahetti__V1__Enrol *enrol)
{
	Lahetti__V1__EnrolmentProof proof = LAHETTI__V1__ENROLMENT_PROOF__INIT;
	struct lahetti_digest digest;
	struct lahetti_span packed;
	struct lahetti_fault fault;

	if (!lahetti_code_digest(&digest, lahetti_span_text(code), &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	proof.nonce = greeting->nonce;
	proof.audience = greeting->server_name;
	proof.code_sha256 = lahetti_bytes(lahetti_digest_span(&digest));
	proof.spki = lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(key)));
	proof.time_us = lahetti_now_us();
	packed = lahetti_message_pack(&proof.base, &c->arena);
	if (packed.data == NULL)
		return cli_no_memory(c);
	packed = lahetti_envelope_sign(LAHETTI_TYPE_ENROLMENT, packed, key, &c->arena, &fault);
	if (packed.data == NULL)
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	enrol->proof = lahetti_message_read(&lahetti__v1__envelope__descriptor, packed,
					    LAHETTI_MESSAGE_FRAME, &c->arena, &fault);
	return enrol->proof != NULL || cli_fault(c, CLI_OWN_FAULT, &fault);
}

static bool add_pem(struct cli *c, struct lahetti_buffer *out, ProtobufCBinaryData der)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n";
	static const char tail[] = "-----END CERTIFICATE-----\n";
	size_t len = lahetti_base64_len(der.len);
	char *text = cli_take(c, len + 1);
	bool ok;

	if (text == NULL)
		return false;
	lahetti_base64(lahetti_bytes_span(der), text);
	ok = lahetti_buffer_add(out, lahetti_span_text(head), NULL);
	for (size_t at = 0; ok && at < len; at += PEM_LINE)
		ok = lahetti_buffer_add(
			     out,
			     lahetti_span(text + at, len - at < PEM_LINE ? len - at : PEM_LINE),
			     NULL) &&
		     lahetti_buffer_add(out, lahetti_span_text("\n"), NULL);
	return (ok && lahetti_buffer_add(out, lahetti_span_text(tail), NULL)) || cli_no_memory(c);
}

static bool write_certificate(struct cli *c, const Lahetti__V1__Enrolled *enrolled)
{
	struct lahetti_buffer pem;
	bool ok;

	lahetti_buffer_init(&pem, CA_MOST);
	ok = add_pem(c, &pem, enrolled->certificate);
	for (size_t i = 0; ok && i < enrolled->n_chain; i++)
		ok = add_pem(c, &pem, enrolled->chain[i]);
	ok = ok && home_write(c, "certificate.pem", lahetti_buffer_span(&pem));
	lahetti_buffer_finish(&pem);
	return ok;
}

static bool copy_ca(struct cli *c, const char *path)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----";
	struct lahetti_buffer pem;
	bool ok;

	lahetti_buffer_init(&pem, CA_MOST);
	ok = home_read_path(c, path, &pem) &&
	     ((pem.len > 0 && memmem(pem.data, pem.len, head, strlen(head)) != NULL) ||
	      cli_fail(c, CLI_WRONG_USE, "cli.bad-ca", path, NULL)) &&
	     home_write(c, "ca.pem", lahetti_buffer_span(&pem));
	lahetti_buffer_finish(&pem);
	return ok;
}

static bool write_key(struct cli *c, const struct lahetti_private_key *key)
{
	struct lahetti_span passphrase;
	struct lahetti_fault fault;
	struct lahetti_buffer pem;
	bool ok;

	lahetti_buffer_init(&pem, 65536);
	ok = home_passphrase(c, true, &passphrase) &&
	     (lahetti_private_key_write(key, passphrase, &pem, &fault) ||
	      cli_fault(c, CLI_OWN_FAULT, &fault)) &&
	     home_write(c, "key.pem", lahetti_buffer_span(&pem));
	lahetti_buffer_finish(&pem);
	return ok;
}

static bool print_enrolled(struct cli *c, const struct profile *p,
			   const Lahetti__V1__Enrolled *enrolled)
{
	struct table *t = table_create(c, TABLE_CARD);

	if (t == NULL)
		return false;
	table_row(t);
	table_text(t, "user", enrolled->user_name);
	table_digest(t, "key", enrolled->key_id);
	table_flag(t, "confirmed", enrolled->confirmed);
	table_text(t, "server", p->server_name);
	table_text(t, "log-key", p->log_key);
	if (!table_print(t, true))
		return false;
	if (!enrolled->confirmed)
		cli_say(c, "cli.confirm-next", NULL, NULL);
	return true;
}

/* Asks for the certificate with a key that lies in the folder already: the code can't be used again
 * if the answer found no place to be written to. */
static bool enrol_key(struct cli *c, struct profile *p, const struct lahetti_private_key *key,
		      struct lahetti_peer *peer)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Enrol enrol = LAHETTI__V1__ENROL__INIT;
	const Lahetti__V1__Greeting *greeting = lahetti_peer_greeting(peer);
	struct session session = {.peer = peer};
	const Lahetti__V1__Enrolled *enrolled;
	char code[LAHETTI_CODE_LEN + 1];
	char name[256] = "";
	Lahetti__V1__ServerFrame *answer;

	if (!read_code(c, args_value(c, "code"), code) ||
	    !sign_proof(c, key, greeting, code, &enrol))
		return false;
	if (args_value(c, "name") == NULL)
		(void)gethostname(name, sizeof name - 1);
	enrol.code = code;
	enrol.device_name = lahetti_text(args_given(c, "name") ? args_value(c, "name") : name);
	enrol.language = lahetti_text(lahetti_language_tag(c->language));
	frame.body_case = SESSION_CLIENT(ENROL);
	frame.enrol = &enrol;
	c->session = &session;
	answer = session_ask(c, &frame, SESSION_SERVER(ENROLLED));
	c->session = NULL;
	lahetti_wipe(code, sizeof code);
	if (answer == NULL)
		return false;
	enrolled = answer->enrolled;
	p->key_id = *lahetti_public_key_id(lahetti_private_key_public(key));
	if (!lahetti_span_equal(lahetti_bytes_span(enrolled->key_id),
				lahetti_digest_span(&p->key_id)) ||
	    !lahetti_id_read(&p->user, lahetti_bytes_span(enrolled->user), NULL))
		return cli_fail(c, CLI_NOT_PROVED, "cli.unexpected-answer", NULL, NULL);
	(void)snprintf(p->server_name, sizeof p->server_name, "%s", greeting->server_name);
	(void)snprintf(p->log_key, sizeof p->log_key, "%s", greeting->log_key);
	return write_certificate(c, enrolled) && profile_write(c, p) &&
	       print_enrolled(c, p, enrolled);
}

bool command_enrol(struct cli *c)
{
	struct lahetti_private_key *key = NULL;
	struct lahetti_peer *peer = NULL;
	char code[LAHETTI_CODE_LEN + 1];
	char ca[HOME_FILE_MOST];
	struct lahetti_fault fault;
	struct profile p;
	bool enrolled, ok = false;

	if (!profile_read(c, &p, &enrolled))
		return false;
	if (enrolled)
		return cli_fail(c, CLI_WRONG_USE, "cli.already-enrolled", c->home.path, NULL);
	if (!profile_server(c, args_value(c, "server"), &p) ||
	    !read_code(c, args_value(c, "code"), code))
		return false;
	lahetti_wipe(code, sizeof code);
	if (!copy_ca(c, args_value(c, "ca")) || !home_file(c, "ca.pem", ca))
		return false;
	/* Before the server's nonce is given, which does not wait for a person who types. */
	key = lahetti_private_key_new(&fault);
	if (key == NULL) {
		(void)cli_fault(c, CLI_OWN_FAULT, &fault);
		goto out;
	}
	if (!write_key(c, key))
		goto out;
	peer = session_connect(c, &p, ca, NULL, NULL);
	ok = peer != NULL && enrol_key(c, &p, key, peer);
out:
	lahetti_private_key_destroy(key);
	lahetti_peer_close(peer);
	return ok;
}

/* ---- who I am ------------------------------------------------------------------------------ */

static const char *name_or_empty(const struct cli *c, ProtobufCBinaryData id)
{
	const char *name = directory_name(c, id);

	return name != NULL ? name : "";
}

static bool print_roles(struct cli *c)
{
	const Lahetti__V1__Session *s = c->session->signed_in;
	struct table *t = table_create(c, TABLE_LIST);

	if (t == NULL)
		return false;
	for (size_t i = 0; i < s->n_memberships; i++) {
		const Lahetti__V1__Membership *m = s->memberships[i];

		table_row(t);
		table_text(t, "user", s->user_name);
		table_text(t, "organisation", name_or_empty(c, m->organisation));
		table_text(t, "unit", name_or_empty(c, m->unit));
		table_word(t, "role", &lahetti__v1__role__descriptor, (int)m->role);
		table_text(t, "title", m->title);
		table_mark(t, "leader", m->leader);
		table_mark(t, "acting",
			   lahetti_span_equal(lahetti_bytes_span(m->id),
					      lahetti_bytes_span(s->acting)));
	}
	return table_print(t, true);
}

bool command_whoami(struct cli *c)
{
	const struct profile *p;
	struct table *t;

	if (!session_open(c) || !directory_load(c))
		return false;
	p = &c->session->profile;
	if (c->json)
		return print_roles(c);
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	table_row(t);
	table_text(t, "user", c->session->signed_in->user_name);
	table_digest(t, "key", lahetti_bytes(lahetti_digest_span(&p->key_id)));
	table_text(t, "server", p->server_name);
	table_text(t, "log-key", p->log_key);
	return table_print(t, true) && print_roles(c);
}

/* What --as would do once, from now on. */
bool command_act(struct cli *c)
{
	return args_add_global(c, "as", args_value(c, "UNIT/ROLE")) && session_act(c) &&
	       profile_write(c, &c->session->profile) && directory_load(c) && print_roles(c);
}

/* ---- devices ------------------------------------------------------------------------------- */

bool command_devices(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadDevices question = LAHETTI__V1__READ_DEVICES__INIT;
	const char *text = args_value(c, "user");
	const Lahetti__V1__User *user;
	Lahetti__V1__ServerFrame *answer;
	struct table *t;

	if (!session_open(c) || !directory_load(c))
		return false;
	if (text != NULL) {
		if (!directory_user(c, text, strlen(text), NULL, &user))
			return false;
		question.user = user->id;
	}
	frame.body_case = SESSION_CLIENT(READ_DEVICES);
	frame.read_devices = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(DIRECTORY));
	t = answer != NULL ? table_create(c, TABLE_LIST) : NULL;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < answer->directory->n_entries; i++) {
		const Lahetti__V1__DirectoryEntry *e = answer->directory->entries[i];

		if (e->entry_case != LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE)
			continue;
		table_row(t);
		table_text(t, "user", name_or_empty(c, e->device->user));
		table_text(t, "name", e->device->name);
		table_flag(t, "confirmed", e->device->confirmed);
		table_mark(t, "revoked", e->device->revoked);
		table_digest(t, "key", e->device->key_id);
	}
	return table_print(t, true);
}

/* A key is named in full: who confirms a device must have been told which. */
static bool read_key(struct cli *c, struct lahetti_digest *key)
{
	const char *text = args_value(c, "KEY");

	return lahetti_hex_parse(key->bytes, sizeof key->bytes, text, NULL) ||
	       cli_fail(c, CLI_WRONG_USE, "cli.bad-key", text, NULL);
}

static bool ask_done(struct cli *c, Lahetti__V1__ClientFrame *frame)
{
	if (session_ask(c, frame, SESSION_SERVER(DONE)) == NULL)
		return false;
	cli_say(c, "cli.done", NULL, NULL);
	return true;
}

bool command_confirm(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ConfirmDevice confirm = LAHETTI__V1__CONFIRM_DEVICE__INIT;
	struct lahetti_digest key;

	if (!read_key(c, &key) || !session_open(c))
		return false;
	confirm.key_id = lahetti_bytes(lahetti_digest_span(&key));
	frame.body_case = SESSION_CLIENT(CONFIRM_DEVICE);
	frame.confirm_device = &confirm;
	return ask_done(c, &frame);
}

bool command_revoke(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__RevokeDevice revoke = LAHETTI__V1__REVOKE_DEVICE__INIT;
	struct lahetti_digest key;

	if (!read_key(c, &key) || !session_open(c))
		return false;
	revoke.key_id = lahetti_bytes(lahetti_digest_span(&key));
	frame.body_case = SESSION_CLIENT(REVOKE_DEVICE);
	frame.revoke_device = &revoke;
	return ask_done(c, &frame);
}
