#include "founding.h"

#include "attachments.h"
#include "ca.h"
#include "desk.h"
#include "directory.h"
#include "fsck.h"
#include "lahetti/buffer.h"
#include "lahetti/code.h"
#include "lahetti/message.h"
#include "policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trail *founding_trail(struct store *s, struct vault *vault, const char *software,
			     char *server_name, size_t room, uint32_t *generation,
			     struct lahetti_fault *f)
{
	struct lahetti_buffer name, number, seed;
	struct trail *t = NULL;

	lahetti_buffer_init(&name, room - 1);
	lahetti_buffer_init(&number, 4);
	lahetti_buffer_init(&seed, 32);
	if (!store_meta_get(s, "server-name", &name, f) ||
	    !store_meta_get(s, "generation", &number, f) ||
	    !vault_secret_get(vault, "log", &seed, f))
		goto out;
	if (number.len != 4 || seed.len != 32) {
		lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"The generation or the log's key has a wrong length: run lahettid fsck.");
		goto out;
	}
	memcpy(server_name, name.data, name.len);
	server_name[name.len] = '\0';
	*generation = (uint32_t)number.data[0] << 24 | (uint32_t)number.data[1] << 16 |
		      (uint32_t)number.data[2] << 8 | number.data[3];
	t = trail_open(s,
		       &(struct trail_options){
			       .server_name = server_name,
			       .generation = *generation,
			       .seed = seed.data,
			       .software = software,
			       .policy_version = POLICY_VERSION,
			       .clock = lahetti_now_us,
		       },
		       f);
out:
	lahetti_buffer_finish(&name);
	lahetti_buffer_finish(&number);
	lahetti_buffer_finish(&seed);
	return t;
}

struct lahetti_note_signer *founding_signer(struct vault *vault, const char *server_name,
					    uint32_t generation, struct lahetti_fault *f)
{
	char origin[LAHETTI_KEY_NAME_MOST + 1];
	struct lahetti_note_signer *signer = NULL;
	struct lahetti_buffer seed;
	int len = snprintf(origin, sizeof origin, "%s/%" PRIu32, server_name, generation);

	lahetti_buffer_init(&seed, 32);
	if (len < 0 || (size_t)len >= sizeof origin)
		(void)lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-key-name",
					"The server's name is too long.");
	else if (vault_secret_get(vault, "log", &seed, f)) {
		if (seed.len == 32)
			signer = lahetti_note_signer_new(origin, seed.data, f);
		else
			(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "key-damaged",
						"The log's key has a wrong length.");
	}
	lahetti_buffer_finish(&seed);
	return signer;
}

_Static_assert(DESK_CODE_ROOM == LAHETTI_CODE_LEN + 1, "a code fits");

/* The authority lasts as long as a server is likely to; what it issues is shorter. */
#define AUTHORITY_DAYS 7300

static bool make_secrets(struct vault *vault, struct lahetti_fault *f)
{
	const struct ca_validity validity = {.from_us = lahetti_now_us(), .days = AUTHORITY_DAYS};
	struct lahetti_secret seed;
	struct lahetti_buffer key, certificate;
	struct ca *ca = NULL;
	bool ok;

	lahetti_buffer_init(&key, 4096);
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	ok = lahetti_secret_new(&seed, f) &&
	     vault_secret_put(vault, "log", lahetti_span(seed.bytes, sizeof seed.bytes), f) &&
	     (ca = ca_create("Lähetti", &validity, f)) != NULL && ca_key(ca, &key, f) &&
	     ca_certificate(ca, &certificate, f) &&
	     vault_secret_put(vault, "ca", lahetti_buffer_span(&key), f) &&
	     vault_secret_put(vault, "ca-certificate", lahetti_buffer_span(&certificate), f);
	ca_destroy(ca);
	lahetti_wipe(&seed, sizeof seed);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
	return ok;
}

struct ca *founding_ca(struct vault *vault, struct lahetti_fault *f)
{
	struct lahetti_buffer key, certificate;
	struct ca *ca = NULL;

	lahetti_buffer_init(&key, 4096);
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	if (vault_secret_get(vault, "ca", &key, f) &&
	    vault_secret_get(vault, "ca-certificate", &certificate, f))
		ca = ca_load(lahetti_buffer_span(&key), lahetti_buffer_span(&certificate), f);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
	return ca;
}

/* An event of the server itself, with a subject part of the organisation's nameless client where
 * there is an organisation. */
static bool record(struct trail *t, Lahetti__V1__Action action,
		   const struct lahetti_id *organisation, const Lahetti__V1__Record *const *records,
		   size_t n, struct lahetti_fault *f)
{
	struct trail_entry e;
	struct trail_subject subject;

	trail_entry_init(&e, action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
	if (organisation != NULL) {
		e.event.controller = lahetti_bytes(lahetti_id_span(organisation));
		trail_subject_init(&subject, organisation, NULL);
		e.subjects = &subject;
		e.n_subjects = 1;
	}
	e.records = records;
	e.n_records = n;
	return trail_append(t, &e, f);
}

/* The first event commits to the log's key and to the certificate of the authority. */
static bool record_genesis(struct trail *t, struct vault *vault, struct lahetti_fault *f)
{
	static char log_name[] = "log-key", ca_name[] = "certification-authority";
	Lahetti__V1__Record records[2] = {LAHETTI__V1__RECORD__INIT, LAHETTI__V1__RECORD__INIT};
	Lahetti__V1__Configured configured[2] = {LAHETTI__V1__CONFIGURED__INIT,
						 LAHETTI__V1__CONFIGURED__INIT};
	const Lahetti__V1__Record *const list[] = {&records[0], &records[1]};
	struct lahetti_digest digests[2];
	struct lahetti_span vkey = lahetti_span_text(trail_vkey(t)), certificate;
	struct lahetti_buffer b;
	bool ok;

	lahetti_buffer_init(&b, 4096);
	ok = vault_secret_get(vault, "ca-certificate", &b, f);
	certificate = lahetti_buffer_span(&b);
	ok = ok && lahetti_sha256(&digests[0], &vkey, 1, f) &&
	     lahetti_sha256(&digests[1], &certificate, 1, f);
	configured[0].name = log_name;
	configured[1].name = ca_name;
	for (size_t i = 0; i < 2; i++) {
		configured[i].sha256 = lahetti_bytes(lahetti_digest_span(&digests[i]));
		records[i].record_case = LAHETTI__V1__RECORD__RECORD_CONFIGURED;
		records[i].configured = &configured[i];
	}
	ok = ok && record(t, LAHETTI__V1__ACTION__ACTION_GENESIS, NULL, list, 2, f);
	lahetti_buffer_finish(&b);
	return ok;
}

#define SETTINGS 3

/* Those of the three that have changed. */
struct configuration {
	struct lahetti_digest digests[SETTINGS];
	Lahetti__V1__Configured configured[SETTINGS];
	Lahetti__V1__Record records[SETTINGS];
	const Lahetti__V1__Record *list[SETTINGS];
	size_t n;
};

static bool note_change(struct store *s, struct configuration *c, char *name,
			const struct lahetti_digest *now, struct lahetti_fault *f)
{
	struct lahetti_digest last;
	bool found;
	size_t n = c->n;

	if (!store_configured(s, name, &last, &found, f))
		return false;
	if (found && lahetti_digest_equal(&last, now))
		return true;
	c->digests[n] = *now;
	lahetti__v1__configured__init(&c->configured[n]);
	c->configured[n].name = name;
	c->configured[n].sha256 = lahetti_bytes(lahetti_digest_span(&c->digests[n]));
	lahetti__v1__record__init(&c->records[n]);
	c->records[n].record_case = LAHETTI__V1__RECORD__RECORD_CONFIGURED;
	c->records[n].configured = &c->configured[n];
	c->list[n] = &c->records[n];
	c->n++;
	return true;
}

static bool note_changes(struct store *s, struct configuration *c,
			 const struct lahetti_digest *configuration, const char *software,
			 struct lahetti_fault *f)
{
	static char names[SETTINGS][16] = {"configuration", "software", "policy"};
	char policy[12];
	struct lahetti_span texts[2] = {lahetti_span_text(software)};
	struct lahetti_digest digests[2];

	(void)snprintf(policy, sizeof policy, "%u", (unsigned)POLICY_VERSION);
	texts[1] = lahetti_span_text(policy);
	return lahetti_sha256(&digests[0], &texts[0], 1, f) &&
	       lahetti_sha256(&digests[1], &texts[1], 1, f) &&
	       note_change(s, c, names[0], configuration, f) &&
	       note_change(s, c, names[1], &digests[0], f) &&
	       note_change(s, c, names[2], &digests[1], f);
}

/* In the trail of each organisation. */
static bool record_changes(struct store *s, struct trail *t, const struct configuration *c,
			   struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[64];
	struct lahetti_id id = {0};
	size_t n;

	do {
		if (!directory_list(
			    s, DIRECTORY_ORGANISATION, DIRECTORY_ALL, &id,
			    lahetti_span(id.bytes, lahetti_id_empty(&id) ? 0 : sizeof id.bytes),
			    found, sizeof found / sizeof *found, &n, arena, f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!lahetti_id_read(&id, directory_entity(found[i]), f) ||
			    !record(t, LAHETTI__V1__ACTION__ACTION_CONFIGURE, &id, c->list, c->n,
				    f))
				return false;
		lahetti_arena_reset(arena);
	} while (n == sizeof found / sizeof *found);
	return true;
}

bool founding_configure(struct store *s, struct trail *t,
			const struct lahetti_digest *configuration, const char *software,
			struct lahetti_fault *f)
{
	struct configuration c = {.n = 0};
	struct lahetti_arena arena = {0};
	bool ok = lahetti_arena_init(&arena, 1 << 20, f) && store_begin(s, f) &&
		  note_changes(s, &c, configuration, software, f) &&
		  (c.n == 0 || record_changes(s, t, &c, &arena, f)) && trail_seal(t, f) &&
		  store_commit(s, f);

	lahetti_arena_finish(&arena);
	if (ok)
		trail_committed(t);
	else
		store_rollback(s);
	return ok;
}

static void directory_record(Lahetti__V1__Record *record, Lahetti__V1__DirectoryEntry *entry,
			     Lahetti__V1__DirectoryEntry__EntryCase which)
{
	lahetti__v1__record__init(record);
	lahetti__v1__directory_entry__init(entry);
	entry->entry_case = which;
	record->record_case = LAHETTI__V1__RECORD__RECORD_DIRECTORY;
	record->directory = entry;
}

static char *mutable_text(const char *text)
{
	return (char *)(uintptr_t)text; /* packing never writes through it */
}

/* The organisation, the administrator's unit, the administrator, what that person is there. */
static bool record_organisation(struct trail *t, const struct desk_founding *founding,
				struct lahetti_id ids[4], struct lahetti_fault *f)
{
	Lahetti__V1__Organisation organisation = LAHETTI__V1__ORGANISATION__INIT;
	Lahetti__V1__Unit unit = LAHETTI__V1__UNIT__INIT;
	Lahetti__V1__User user = LAHETTI__V1__USER__INIT;
	Lahetti__V1__Membership membership = LAHETTI__V1__MEMBERSHIP__INIT;
	Lahetti__V1__Record records[4];
	Lahetti__V1__DirectoryEntry entries[4];
	const Lahetti__V1__Record *const list[] = {&records[0], &records[1], &records[2],
						   &records[3]};
	ProtobufCBinaryData bytes[4];

	for (size_t i = 0; i < 4; i++) {
		if (!lahetti_id_new(&ids[i], lahetti_now_us(), f))
			return false;
		bytes[i] = lahetti_bytes(lahetti_id_span(&ids[i]));
	}
	directory_record(&records[0], &entries[0],
			 LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION);
	organisation.id = bytes[0];
	organisation.name = mutable_text(founding->organisation);
	organisation.business_id = mutable_text(founding->business_id);
	organisation.type = founding->type;
	entries[0].organisation = &organisation;
	directory_record(&records[1], &entries[1], LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT);
	unit.id = bytes[1];
	unit.organisation = bytes[0];
	unit.name = mutable_text(founding->unit);
	entries[1].unit = &unit;
	directory_record(&records[2], &entries[2], LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER);
	user.id = bytes[2];
	user.organisation = bytes[0];
	user.name = mutable_text(founding->administrator);
	entries[2].user = &user;
	directory_record(&records[3], &entries[3], LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP);
	membership.id = bytes[3];
	membership.user = bytes[2];
	membership.unit = bytes[1];
	membership.organisation = bytes[0];
	membership.role = LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR;
	entries[3].membership = &membership;
	return record(t, LAHETTI__V1__ACTION__ACTION_DIRECTORY, &ids[0], list, 4, f);
}

static bool record_code(struct trail *t, const struct lahetti_id *organisation,
			const struct lahetti_id *user, int64_t life_us, char code[DESK_CODE_ROOM],
			struct lahetti_fault *f)
{
	Lahetti__V1__Record row = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__CodeIssued issued = LAHETTI__V1__CODE_ISSUED__INIT;
	const Lahetti__V1__Record *const list[] = {&row};
	struct lahetti_digest digest;

	if (!lahetti_code_new(code, f) || !lahetti_code_digest(&digest, lahetti_span_text(code), f))
		return false;
	issued.code_sha256 = lahetti_bytes(lahetti_digest_span(&digest));
	issued.user = lahetti_bytes(lahetti_id_span(user));
	issued.until_us = lahetti_now_us() + life_us;
	row.record_case = LAHETTI__V1__RECORD__RECORD_CODE_ISSUED;
	row.code_issued = &issued;
	return record(t, LAHETTI__V1__ACTION__ACTION_ISSUE_CODE, organisation, list, 1, f);
}

static bool begin_organisation(struct trail *t, const struct desk_founding *founding,
			       char code[DESK_CODE_ROOM], struct lahetti_fault *f)
{
	struct lahetti_id ids[4];

	return record_organisation(t, founding, ids, f) &&
	       record_code(t, &ids[0], &ids[2], founding->code_life_us, code, f);
}

static bool found_in(struct store *s, const struct desk_founding *founding,
		     char code[DESK_CODE_ROOM], struct lahetti_fault *f)
{
	static const uint8_t first_generation[4] = {0, 0, 0, 1};
	char name[200];
	uint32_t generation;
	struct trail *t = NULL;
	bool ok = store_begin(s, f) &&
		  store_meta_put(s, "server-name", lahetti_span_text(founding->server_name), f) &&
		  store_meta_put(s, "generation", lahetti_span(first_generation, 4), f) &&
		  make_secrets(founding->vault, f) &&
		  (t = founding_trail(s, founding->vault, founding->software, name, sizeof name,
				      &generation, f)) != NULL &&
		  record_genesis(t, founding->vault, f) &&
		  begin_organisation(t, founding, code, f) && trail_seal(t, f) &&
		  store_commit(s, f);

	trail_close(t);
	return ok;
}

bool desk_found(const struct desk_founding *founding, char code[DESK_CODE_ROOM],
		struct lahetti_fault *f)
{
	struct store *s = store_open(founding->database, founding->vault, STORE_CREATE, f);
	bool ok = s != NULL && found_in(s, founding, code, f);

	store_close(s);
	return ok;
}

bool desk_add_organisation(const struct desk_founding *founding, char code[DESK_CODE_ROOM],
			   struct lahetti_fault *f)
{
	char name[200];
	uint32_t generation;
	struct trail *t = NULL;
	struct store *s = store_open(founding->database, founding->vault, STORE_WRITE, f);
	bool ok = s != NULL && store_begin(s, f) &&
		  (t = founding_trail(s, founding->vault, founding->software, name, sizeof name,
				      &generation, f)) != NULL &&
		  begin_organisation(t, founding, code, f) && trail_seal(t, f) &&
		  store_commit(s, f);

	trail_close(t);
	store_close(s);
	return ok;
}

bool desk_authority(struct vault *vault, struct lahetti_buffer *pem, struct lahetti_fault *f)
{
	struct ca *ca = founding_ca(vault, f);
	bool ok = ca != NULL && ca_certificate_pem(ca, pem, f);

	ca_destroy(ca);
	return ok;
}

#define SERVER_DAYS 397

bool desk_issue_server(struct vault *vault, const char *const *hosts, size_t n,
		       struct lahetti_buffer *key, struct lahetti_buffer *certificate,
		       struct lahetti_fault *f)
{
	const struct ca_validity validity = {.from_us = lahetti_now_us(), .days = SERVER_DAYS};
	struct ca *ca = founding_ca(vault, f);
	bool ok = ca != NULL && ca_issue_server(ca, hosts, n, &validity, key, certificate, f);

	ca_destroy(ca);
	return ok;
}

struct checking {
	struct vault *vault;
	char name[200]; /* the server's */
	void (*found)(void *context, const char *code, const char *text);
	void *context;
};

static void pass_on(void *context, const char *code, const char *text)
{
	const struct checking *c = context;

	c->found(c->context, code, text);
}

static bool log_key(void *context, uint32_t generation, char vkey[LAHETTI_VKEY_MOST + 1],
		    struct lahetti_fault *f)
{
	const struct checking *c = context;
	struct lahetti_note_signer *signer = founding_signer(c->vault, c->name, generation, f);

	if (signer == NULL)
		return false;
	(void)snprintf(vkey, LAHETTI_VKEY_MOST + 1, "%s", lahetti_note_signer_vkey(signer));
	lahetti_note_signer_destroy(signer);
	return true;
}

bool desk_fsck(const char *database, const char *attachments, struct vault *vault,
	       const char *software,
	       void (*found)(void *context, const char *code, const char *text), void *context,
	       struct desk_checked *checked, struct lahetti_fault *f)
{
	struct checking c = {.vault = vault, .found = found, .context = context};
	struct fsck_options options = {
		.server_name = c.name, .log_key = log_key, .found = pass_on, .context = &c};
	struct fsck_result result = {0};
	struct trail *t = NULL;
	struct store *s = store_open(database, vault, STORE_READ, f);
	struct attachments *a =
		s == NULL ? NULL : attachments_open(attachments, ATTACHMENTS_READ, f);
	bool ok = a != NULL && store_begin(s, f) &&
		  (t = founding_trail(s, vault, software, c.name, sizeof c.name,
				      &options.generation, f)) != NULL;

	options.attachments = a;
	ok = ok && fsck(s, &options, &result, f);
	*checked = (struct desk_checked){
		.events = result.events,
		.records = result.records,
		.parts = result.parts,
		.erased = result.erased,
		.statements = result.statements,
		.attachments = result.attachments,
		.unnamed = result.unnamed,
		.checkpoints = result.checkpoints,
		.findings = result.findings,
	};
	trail_close(t);
	attachments_close(a);
	if (s != NULL)
		store_rollback(s);
	store_close(s);
	return ok;
}

/* The device as it will stand, confirmed by the operator. */
static bool confirm_in(struct store *s, struct trail *t, const struct lahetti_digest *key_id,
		       struct lahetti_arena *arena, struct lahetti_fault *f)
{
	Lahetti__V1__Record row = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__DirectoryEntry entry;
	Lahetti__V1__Device device;
	const Lahetti__V1__Record *const list[] = {&row};
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *old = directory_find(s, DIRECTORY_DEVICE,
								lahetti_digest_span(key_id), 0,
								arena, &fault),
					  *user;
	struct lahetti_id organisation;

	if (old == NULL)
		return fault.kind == LAHETTI_FAULT_NONE
			       ? lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "not-found",
						   "No device with that key has been enrolled.")
			       : (*f = fault, false);
	if (old->device->confirmed || old->device->revoked)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "already-confirmed",
					 "That device is confirmed or revoked already.");
	user = directory_find(s, DIRECTORY_USER, lahetti_bytes_span(old->device->user), 0, arena,
			      f);
	if (user == NULL ||
	    !lahetti_id_read(&organisation, lahetti_bytes_span(user->user->organisation), f))
		return false;
	directory_record(&row, &entry, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE);
	device = *old->device;
	device.confirmed = 1;
	entry.device = &device;
	return record(t, LAHETTI__V1__ACTION__ACTION_CONFIRM_DEVICE, &organisation, list, 1, f);
}

bool desk_confirm(const char *database, struct vault *vault, const char *software,
		  const struct lahetti_digest *key_id, struct lahetti_fault *f)
{
	char name[200];
	uint32_t generation;
	struct lahetti_arena arena = {0};
	struct trail *t = NULL;
	struct store *s = store_open(database, vault, STORE_WRITE, f);
	bool ok = s != NULL && lahetti_arena_init(&arena, 1 << 20, f) && store_begin(s, f) &&
		  (t = founding_trail(s, vault, software, name, sizeof name, &generation, f)) !=
			  NULL &&
		  confirm_in(s, t, key_id, &arena, f) && trail_seal(t, f) && store_commit(s, f);

	trail_close(t);
	lahetti_arena_finish(&arena);
	store_close(s);
	return ok;
}
