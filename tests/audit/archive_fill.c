#include "archive.h"
#include "clients.h"
#include "deliveries.h"
#include "lahetti/dsse.h"
#include "lahetti/message.h"
#include "statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What there is beside the samples. The city's client and case take the place of two samples that
 * nothing else here uses. */
#define CITY_CLIENT ARCHIVE_CITY_CLIENT
#define CITY_CASE   SAMPLE_REPLACED

struct filling {
	struct archive *archive;
	struct lahetti_arena arena;
	struct lahetti_private_key *keys[2]; /* the worker's, the coach's */
	struct lahetti_digest codes[2];
	struct lahetti_id referral, opening, consents[2], withdrawals[2], deliveries[2];
	struct lahetti_digest referral_sha256, consents_sha256[2];
	struct archive_event event;
};

static ProtobufCBinaryData id_bytes(const struct lahetti_id *id)
{
	return lahetti_bytes(lahetti_id_span(id));
}

static ProtobufCBinaryData digest_bytes(const struct lahetti_digest *d)
{
	return lahetti_bytes(lahetti_digest_span(d));
}

static struct lahetti_id new_id(void)
{
	struct lahetti_id id;

	assert_true(lahetti_id_new(&id, archive_clock(), NULL));
	return id;
}

static struct archive_record *record(struct filling *w, Lahetti__V1__Record__RecordCase which)
{
	return archive_record(&w->event, which);
}

/* Time goes on from one event to the next. */
static void begin_event(struct filling *w, Lahetti__V1__Action action, enum sample_who user)
{
	archive_set_clock(archive_clock() + 1000000);
	archive_event(&w->event, action, user);
}

static uint64_t end_event(struct filling *w)
{
	return archive_append(w->archive, &w->event);
}

/* The directory
 * -----------------------------------------------------------------------------------------------------
 */

static void configure(struct filling *w, const char *name)
{
	struct archive_record *r = record(w, LAHETTI__V1__RECORD__RECORD_CONFIGURED);

	r->configured.name = lahetti_text(name);
	r->configured.sha256 = digest_bytes(&w->codes[0]);
}

static Lahetti__V1__DirectoryEntry *entry(struct filling *w,
					  Lahetti__V1__DirectoryEntry__EntryCase which)
{
	struct archive_record *r = record(w, LAHETTI__V1__RECORD__RECORD_DIRECTORY);

	r->directory.entry_case = which;
	return &r->directory;
}

static void add_organisation(struct filling *w, enum sample_who organisation, enum sample_who unit,
			     enum sample_who user, Lahetti__V1__Role role)
{
	Lahetti__V1__Organisation o = LAHETTI__V1__ORGANISATION__INIT;
	Lahetti__V1__Unit u = LAHETTI__V1__UNIT__INIT;
	Lahetti__V1__User who = LAHETTI__V1__USER__INIT;
	Lahetti__V1__Membership m = LAHETTI__V1__MEMBERSHIP__INIT;
	struct lahetti_id membership = new_id();

	begin_event(w, LAHETTI__V1__ACTION__ACTION_DIRECTORY, 0);
	w->event.entry.event.controller = sample_bytes(organisation);
	(void)archive_subject(&w->event, organisation, 0);
	o.id = u.organisation = who.organisation = m.organisation = sample_bytes(organisation);
	o.name = lahetti_text("Järvialueen kokeiluorganisaatio");
	u.id = m.unit = sample_bytes(unit);
	u.name = lahetti_text("Kokeiluyksikkö");
	who.id = m.user = sample_bytes(user);
	who.name = lahetti_text("Kaino Kokeilija");
	m.id = id_bytes(&membership);
	m.role = role;
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION)->organisation = &o;
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT)->unit = &u;
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER)->user = &who;
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP)->membership = &m;
	(void)end_event(w);
}

/* A code, the device that it enrols, and what confirms that one. */
static void enrol(struct filling *w, size_t i, enum sample_who organisation, enum sample_who user)
{
	const struct lahetti_public_key *key = lahetti_private_key_public(w->keys[i]);
	Lahetti__V1__Device device = LAHETTI__V1__DEVICE__INIT;
	struct archive_record *r;

	begin_event(w, LAHETTI__V1__ACTION__ACTION_ISSUE_CODE, 0);
	(void)archive_subject(&w->event, organisation, 0);
	r = record(w, LAHETTI__V1__RECORD__RECORD_CODE_ISSUED);
	r->code_issued.code_sha256 = digest_bytes(&w->codes[i]);
	r->code_issued.user = sample_bytes(user);
	if (i != 0)
		r->code_issued.maker = sample_bytes(SAMPLE_OTHER);
	r->code_issued.until_us = archive_clock() + ARCHIVE_WEEK_US;
	(void)end_event(w);

	device.key_id = digest_bytes(lahetti_public_key_id(key));
	device.user = sample_bytes(user);
	device.spki = lahetti_bytes(lahetti_public_key_spki(key));
	begin_event(w, LAHETTI__V1__ACTION__ACTION_ENROL, user);
	(void)archive_subject(&w->event, organisation, 0);
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE)->device = &device;
	record(w, LAHETTI__V1__RECORD__RECORD_CODE_USED)->code_used.code_sha256 =
		digest_bytes(&w->codes[i]);
	(void)end_event(w);

	device.confirmed = true;
	begin_event(w, LAHETTI__V1__ACTION__ACTION_CONFIRM_DEVICE, 0);
	(void)archive_subject(&w->event, organisation, 0);
	entry(w, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE)->device = &device;
	(void)end_event(w);
}

static void fill_directory(struct filling *w)
{
	struct archive_record *r;

	archive_begin(w->archive);
	begin_event(w, LAHETTI__V1__ACTION__ACTION_GENESIS, 0);
	configure(w, "log-key");
	configure(w, "certification-authority");
	(void)end_event(w);
	add_organisation(w, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_WORKER,
			 LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER);
	archive_commit(w->archive);

	archive_begin(w->archive);
	add_organisation(w, SAMPLE_CITY, SAMPLE_COACHING, SAMPLE_COACH,
			 LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	enrol(w, 0, SAMPLE_COUNTY, SAMPLE_WORKER);
	enrol(w, 1, SAMPLE_CITY, SAMPLE_COACH);
	/* One more code that nobody uses. */
	begin_event(w, LAHETTI__V1__ACTION__ACTION_ISSUE_CODE, SAMPLE_WORKER);
	(void)archive_subject(&w->event, SAMPLE_COUNTY, 0);
	r = record(w, LAHETTI__V1__RECORD__RECORD_CODE_ISSUED);
	r->code_issued.code_sha256 = digest_bytes(&w->referral_sha256);
	r->code_issued.user = sample_bytes(SAMPLE_OTHER);
	r->code_issued.until_us = archive_clock();
	(void)end_event(w);
	archive_commit(w->archive);
}

/* Clients
 * -----------------------------------------------------------------------------------------------------------
 */

static void put_identity(struct filling *w, enum sample_who client, const char *hetu,
			 uint64_t event)
{
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;

	identity.family_name = lahetti_text(ARCHIVE_FAMILY_NAME);
	identity.given_names = lahetti_text("Aino Kokeilu");
	identity.personal_identity_code = lahetti_text(hetu);
	assert_true(
		clients_identity_put(w->archive->store, sample_id(client), event, &identity, NULL));
}

/* The client as added, then with a corrected identity; the unit loses the case again where it
 * ends. */
static void add_client(struct filling *w, enum sample_who controller, enum sample_who unit,
		       enum sample_who client, enum sample_who case_id)
{
	static const char *const hetus[] = {"010203A951P", ARCHIVE_HETU};
	bool city = controller == SAMPLE_CITY;
	struct archive_record *r;

	archive_begin(w->archive);
	(void)archive_add_client(w->archive, controller, unit, client, case_id);
	for (size_t i = 0; i < 2; i++) {
		begin_event(w, LAHETTI__V1__ACTION__ACTION_ADD_CLIENT,
			    city ? SAMPLE_COACH : SAMPLE_WORKER);
		(void)archive_subject(&w->event, controller, client);
		record(w, LAHETTI__V1__RECORD__RECORD_IDENTITY_RECORDED)->identity_recorded.client =
			sample_bytes(client);
		r = record(w, LAHETTI__V1__RECORD__RECORD_ALIAS_RECORDED);
		r->alias_recorded.client = r->alias_recorded.person = sample_bytes(client);
		r = record(w, LAHETTI__V1__RECORD__RECORD_CASE_SHARED);
		r->case_shared.case_id = sample_bytes(case_id);
		r->case_shared.unit = sample_bytes(city ? SAMPLE_WORKSHOP : SAMPLE_SOCIAL_OFFICE);
		r->case_shared.ended = i == 1;
		put_identity(w, client, hetus[i], end_event(w));
	}
	archive_commit(w->archive);
}

/* Statements
 * --------------------------------------------------------------------------------------------------------
 */

struct attachments_upload *archive_upload(struct archive *a, const struct lahetti_id *id,
					  size_t len, struct lahetti_digest *sha256)
{
	uint8_t *bytes = malloc(len);
	struct lahetti_span left = {.data = bytes, .len = len};
	struct attachments_upload *u;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	assert_true(lahetti_sha256(sha256, &left, 1, NULL));
	u = attachments_begin(a->attachments, id, len, sha256, NULL);
	assert_non_null(u);
	while (left.len > 0) {
		size_t piece = left.len < ATTACHMENTS_CHUNK ? left.len : ATTACHMENTS_CHUNK;

		assert_true(attachments_put(u, lahetti_span(left.data, piece), NULL));
		left.data += piece;
		left.len -= piece;
	}
	free(bytes);
	return u;
}

/* Signs the sample, records its acceptance in the event at hand, and ends that. The event's first
 * subject is whose it is. */
static uint64_t accept(struct filling *w, struct sample *s, const struct lahetti_id *id, size_t key,
		       enum sample_who holder, struct lahetti_digest *sha256)
{
	const struct lahetti_kind_row *kind = lahetti_kind_find(s->header.kind);
	struct archive_record *r = record(w, LAHETTI__V1__RECORD__RECORD_STATEMENT_ACCEPTED);
	struct attachments_upload *uploads[2];
	struct lahetti_digest digests[2];
	struct lahetti_span payload;
	struct statements_content content = {
		.statement = *id,
		.controller = *sample_id(key == 0 ? SAMPLE_COUNTY : SAMPLE_CITY),
		.client = *sample_id(holder),
		.nameless = !kind->has_client,
		.author = *sample_id(key == 0 ? SAMPLE_WORKER : SAMPLE_COACH),
		.kind = s->header.kind,
	};
	uint64_t number;

	for (size_t i = 0; i < s->header.n_attachments; i++) {
		struct lahetti_id attachment;

		assert_true(lahetti_id_read(&attachment, lahetti_bytes_span(s->attachment[i].id),
					    NULL));
		uploads[i] = archive_upload(w->archive, &attachment, ARCHIVE_ATTACHMENT_LEN,
					    &digests[i]);
		s->attachment[i].size = ARCHIVE_ATTACHMENT_LEN;
		s->attachment[i].sha256 = digest_bytes(&digests[i]);
	}
	s->header.id = id_bytes(id);
	s->header.device =
		digest_bytes(lahetti_public_key_id(lahetti_private_key_public(w->keys[key])));
	payload = sample_pack(s, &w->arena);
	assert_true(lahetti_sha256(sha256, &payload, 1, NULL));
	r->statement_accepted.statement = id_bytes(id);
	r->statement_accepted.sha256 = digest_bytes(sha256);
	r->statement_accepted.kind = s->header.kind;
	r->statement_accepted.organisation = s->header.organisation;
	r->statement_accepted.unit = s->header.unit;
	if (s->header.in_reply_to != NULL)
		r->statement_accepted.in_reply_to = s->header.in_reply_to->id;
	r->statement_accepted.sent_late = key == 1;
	w->event.subjects[0].part.statement = id_bytes(id);
	w->event.subjects[0].part.statement_sha256 = digest_bytes(sha256);
	number = end_event(w);
	if (kind->has_client)
		content.case_id = *sample_id(SAMPLE_CASE);
	content.envelope = lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, payload, w->keys[key],
						 &w->arena, NULL);
	assert_non_null(content.envelope.data);
	assert_true(statements_content_add(w->archive->store, &content, NULL));
	for (size_t i = 0; i < s->header.n_attachments; i++) {
		assert_true(attachments_add(w->archive->store, id, &content.controller, uploads[i],
					    NULL));
		attachments_end(uploads[i], true);
	}
	return number;
}

static void begin_acceptance(struct filling *w)
{
	begin_event(w, LAHETTI__V1__ACTION__ACTION_ACCEPT, SAMPLE_WORKER);
	archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.case_id =
		sample_bytes(SAMPLE_CASE);
}

static void add_consents(struct filling *w)
{
	struct sample s;

	archive_begin(w->archive);
	for (size_t i = 0; i < 2; i++) {
		sample_init(&s, LAHETTI_KIND_CONSENT);
		begin_acceptance(w);
		(void)accept(w, &s, &w->consents[i], 0, SAMPLE_CLIENT, &w->consents_sha256[i]);
	}
	archive_commit(w->archive);
}

/* To the coach, and to the workshop's queue. */
static void add_referral(struct filling *w)
{
	ProtobufCBinaryData consents[2] = {id_bytes(&w->consents[0]), id_bytes(&w->consents[1])};
	struct sample s;

	archive_begin(w->archive);
	sample_init(&s, LAHETTI_KIND_REFERRAL);
	s.header.n_recipients = 2;
	s.recipient[1] = s.redirect_to;
	begin_acceptance(w);
	for (size_t i = 0; i < 2; i++) {
		struct archive_record *r = record(w, LAHETTI__V1__RECORD__RECORD_DELIVERY_MADE);

		r->delivery_made.delivery = id_bytes(&w->deliveries[i]);
		r->delivery_made.statement = id_bytes(&w->referral);
		r->delivery_made.recipient = &s.recipient[i];
		r->delivery_made.urgency = LAHETTI__V1__URGENCY__URGENCY_NORMAL;
		r->delivery_made.deadline = SAMPLE_TODAY;
		r->delivery_made.consents = consents;
		r->delivery_made.n_consents = 2;
	}
	(void)accept(w, &s, &w->referral, 0, SAMPLE_CLIENT, &w->referral_sha256);
	archive_commit(w->archive);
}

static void move(struct filling *w, size_t delivery, Lahetti__V1__Step step,
		 Lahetti__V1__State state, const struct lahetti_id *by)
{
	struct archive_record *r = record(w, LAHETTI__V1__RECORD__RECORD_DELIVERY_MOVED);

	r->delivery_moved.delivery = id_bytes(&w->deliveries[delivery]);
	r->delivery_moved.step = step;
	r->delivery_moved.state = state;
	if (by != NULL)
		r->delivery_moved.statement = id_bytes(by);
}

/* The coach is handed the referral, opens it into a register of the city's own, and claims it. */
static void open_referral(struct filling *w)
{
	struct lahetti_digest sha256;
	struct archive_record *r;
	struct sample s;

	archive_begin(w->archive);
	begin_event(w, LAHETTI__V1__ACTION__ACTION_HAND_OVER, SAMPLE_COACH);
	(void)archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT);
	move(w, 0, LAHETTI__V1__STEP__STEP_HAND_OVER, LAHETTI__V1__STATE__STATE_HANDED_OVER, NULL);
	(void)end_event(w);

	sample_init(&s, LAHETTI_KIND_ACKNOWLEDGEMENT);
	s.acknowledgement.step = LAHETTI__V1__STEP__STEP_OPEN;
	s.acknowledgement.delivery = id_bytes(&w->deliveries[0]);
	s.in_reply_to.id = id_bytes(&w->referral);
	s.in_reply_to.sha256 = digest_bytes(&w->referral_sha256);
	begin_event(w, LAHETTI__V1__ACTION__ACTION_OPEN, SAMPLE_COACH);
	(void)archive_subject(&w->event, SAMPLE_CITY, CITY_CLIENT);
	(void)archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT);
	r = record(w, LAHETTI__V1__RECORD__RECORD_COPY_TAKEN);
	r->copy_taken.statement = id_bytes(&w->referral);
	r->copy_taken.controller = sample_bytes(SAMPLE_CITY);
	r->copy_taken.client = sample_bytes(CITY_CLIENT);
	r->copy_taken.case_id = sample_bytes(CITY_CASE);
	move(w, 0, LAHETTI__V1__STEP__STEP_OPEN, LAHETTI__V1__STATE__STATE_OPENED, &w->opening);
	(void)accept(w, &s, &w->opening, 1, CITY_CLIENT, &sha256);
	assert_true(statements_key_share(w->archive->store, &w->referral, sample_id(SAMPLE_COUNTY),
					 sample_id(SAMPLE_CITY), sample_id(CITY_CLIENT), NULL));

	begin_event(w, LAHETTI__V1__ACTION__ACTION_CLAIM, SAMPLE_COACH);
	(void)archive_subject(&w->event, SAMPLE_CITY, CITY_CLIENT);
	move(w, 1, LAHETTI__V1__STEP__STEP_UNSPECIFIED, LAHETTI__V1__STATE__STATE_REQUESTED, NULL);
	w->event.records[0].delivery_moved.claimed_by = sample_bytes(SAMPLE_COACH);
	(void)end_event(w);
	archive_commit(w->archive);
}

/* The first consent is withdrawn as a whole, the second in part. */
static void withdraw(struct filling *w)
{
	struct lahetti_digest sha256;
	struct sample s;

	archive_begin(w->archive);
	for (size_t i = 0; i < 2; i++) {
		struct archive_record *r;

		sample_init(&s, LAHETTI_KIND_WITHDRAWAL);
		s.in_reply_to.id = id_bytes(&w->consents[i]);
		s.in_reply_to.sha256 = digest_bytes(&w->consents_sha256[i]);
		s.withdrawal.n_categories = i;
		begin_acceptance(w);
		r = record(w, LAHETTI__V1__RECORD__RECORD_CONSENT_ENDED);
		r->consent_ended.consent = id_bytes(&w->consents[i]);
		r->consent_ended.statement = id_bytes(&w->withdrawals[i]);
		r->consent_ended.whole = i == 0;
		(void)accept(w, &s, &w->withdrawals[i], 0, SAMPLE_CLIENT, &sha256);
	}
	begin_event(w, LAHETTI__V1__ACTION__ACTION_EXPIRE, 0);
	(void)archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT);
	move(w, 1, LAHETTI__V1__STEP__STEP_STOP, LAHETTI__V1__STATE__STATE_STOPPED,
	     &w->withdrawals[0]);
	w->event.records[0].delivery_moved.reason = LAHETTI__V1__REASON__REASON_OTHER;
	(void)end_event(w);
	archive_commit(w->archive);
}

/* Proposals to erase: the first is dropped, the second waits. */
static void propose(struct filling *w)
{
	archive_begin(w->archive);
	for (size_t i = 0; i < 2; i++) {
		struct lahetti_id id = new_id();
		struct archive_record *r;

		begin_event(w, LAHETTI__V1__ACTION__ACTION_PROPOSE_ERASURE, SAMPLE_WORKER);
		archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.written_reason =
			lahetti_text("Leikkimielinen perustelu");
		r = record(w, LAHETTI__V1__RECORD__RECORD_ERASURE_PROPOSED);
		r->erasure_proposed.erasure = id_bytes(&id);
		r->erasure_proposed.controller = sample_bytes(SAMPLE_COUNTY);
		r->erasure_proposed.client = sample_bytes(SAMPLE_CLIENT);
		r->erasure_proposed.scope = LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_STATEMENT;
		r->erasure_proposed.statement = id_bytes(&w->referral);
		r->erasure_proposed.reason =
			LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_MADE_IN_ERROR;
		r->erasure_proposed.reference = lahetti_text("JHA 2026-17");
		r->erasure_proposed.proposer = sample_bytes(SAMPLE_WORKER);
		r->erasure_proposed.until_us = archive_clock() + ARCHIVE_WEEK_US;
		(void)end_event(w);
		if (i != 0)
			continue;
		begin_event(w, LAHETTI__V1__ACTION__ACTION_PROPOSE_ERASURE, SAMPLE_WORKER);
		(void)archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT);
		r = record(w, LAHETTI__V1__RECORD__RECORD_ERASURE_ENDED);
		r->erasure_ended.erasure = id_bytes(&id);
		r->erasure_ended.controller = sample_bytes(SAMPLE_COUNTY);
		r->erasure_ended.client = sample_bytes(SAMPLE_CLIENT);
		r->erasure_ended.scope = LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_STATEMENT;
		r->erasure_ended.statement = id_bytes(&w->referral);
		r->erasure_ended.by = sample_bytes(SAMPLE_OTHER);
		(void)end_event(w);
	}
	archive_commit(w->archive);
}

/* The team of a case: a manager, another after them, and one who has left. */
static void gather_team(struct filling *w)
{
	static const struct {
		enum sample_who user, unit, organisation;
		bool manager, ended;
	} rows[] = {
		{SAMPLE_WORKER, SAMPLE_CLINIC, SAMPLE_COUNTY, true, false},
		{SAMPLE_COACH, SAMPLE_COACHING, SAMPLE_CITY, false, false},
		{SAMPLE_WORKER, SAMPLE_CLINIC, SAMPLE_COUNTY, false, false},
		{SAMPLE_OTHER, SAMPLE_SOCIAL_OFFICE, SAMPLE_COUNTY, true, false},
		{SAMPLE_COACH, SAMPLE_COACHING, SAMPLE_CITY, false, true},
	};

	archive_begin(w->archive);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct archive_record *r;

		begin_event(w, LAHETTI__V1__ACTION__ACTION_CARE_TEAM, SAMPLE_WORKER);
		archive_subject(&w->event, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.member =
			sample_bytes(rows[i].user);
		r = record(w, LAHETTI__V1__RECORD__RECORD_CARE_TEAM_MEMBER);
		r->care_team_member.case_id = sample_bytes(SAMPLE_CASE);
		r->care_team_member.user = sample_bytes(rows[i].user);
		r->care_team_member.unit = sample_bytes(rows[i].unit);
		r->care_team_member.organisation = sample_bytes(rows[i].organisation);
		r->care_team_member.case_manager = rows[i].manager;
		r->care_team_member.ended = rows[i].ended;
		(void)end_event(w);
	}
	archive_commit(w->archive);
}

void archive_fill(struct archive *a)
{
	struct filling w = {.archive = a};
	struct lahetti_id *const ids[] = {&w.referral,	    &w.opening,	       &w.consents[0],
					  &w.consents[1],   &w.withdrawals[0], &w.withdrawals[1],
					  &w.deliveries[0], &w.deliveries[1]};

	assert_true(lahetti_arena_init(&w.arena, 1 << 20, NULL));
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		*ids[i] = new_id();
	for (size_t i = 0; i < 2; i++) {
		w.keys[i] = lahetti_private_key_new(NULL);
		assert_non_null(w.keys[i]);
		memset(w.codes[i].bytes, 0xc0 + (int)i, sizeof w.codes[i].bytes);
	}
	fill_directory(&w);
	add_client(&w, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	add_client(&w, SAMPLE_CITY, SAMPLE_COACHING, CITY_CLIENT, CITY_CASE);
	add_consents(&w);
	add_referral(&w);
	open_referral(&w);
	withdraw(&w);
	gather_team(&w);
	propose(&w);
	for (size_t i = 0; i < 2; i++)
		lahetti_private_key_destroy(w.keys[i]);
	lahetti_arena_finish(&w.arena);
}

struct lahetti_id archive_referral(struct archive *a)
{
	struct deliveries_row row;
	size_t n;

	assert_true(deliveries_of_unit(a->store, sample_id(SAMPLE_COACHING), 0, &row, 1, &n, NULL));
	assert_int_equal(n, 1);
	return row.statement;
}
