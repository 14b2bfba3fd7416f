/*
 * Attachments over the wire: a consent on paper with its scan, a referral with a cover letter, from
 * a county's social worker to an employment area's contact. What came whole is durable with the
 * statement that names it and not before; it is read by whom the delivery was opened, each reading
 * on record; a file that was touched is never shown.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define PIECE	    65536u
#define FSCK_FOUND  3
#define KILLS	    12

/* A file that is to travel. */
struct file {
	struct lahetti_id id;
	struct lahetti_digest sha256;
	uint8_t *bytes;
	size_t len;
	Lahetti__V1__Attachment named; /* in a header */
};

struct scene {
	struct region r;
	struct person *worker, *contact, *coach; /* of county, area, association */
	struct lahetti_id client, case_id;
	struct file scan, letter;
	struct writing consent, referral;
	Lahetti__V1__Attachment *list[1];
};

static Lahetti__V1__ServerFrame *expect(Lahetti__V1__ServerFrame *answer,
					Lahetti__V1__ServerFrame__BodyCase wanted)
{
	if (answer->body_case == FRAME(ERROR))
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(wanted, answer->body_case);
	return answer;
}

static void refused(const Lahetti__V1__ServerFrame *answer, const char *code)
{
	assert_int_equal(FRAME(ERROR), answer->body_case);
	assert_string_equal(code, answer->error->code);
	assert_true(answer->error->sentence[0] != '\0');
}

/* ---- files ----------------------------------------------------------------------------------- */

static void file_make(struct file *f, size_t len)
{
	static char name[] = "suostumus.pdf", type[] = "application/pdf";
	struct lahetti_span whole;

	*f = (struct file){.len = len, .bytes = calloc(1, len + PIECE)}; /* room for wrong pieces */
	assert_non_null(f->bytes);
	assert_true(lahetti_random(f->bytes, len, NULL));
	whole = lahetti_span(f->bytes, len);
	assert_true(lahetti_sha256(&f->sha256, &whole, 1, NULL));
	assert_true(lahetti_id_new(&f->id, lahetti_now_us(), NULL));
	lahetti__v1__attachment__init(&f->named);
	f->named.id = lahetti_bytes(lahetti_id_span(&f->id));
	f->named.sha256 = lahetti_bytes(lahetti_digest_span(&f->sha256));
	f->named.size = len;
	f->named.media_type = type;
	f->named.name = name;
}

static void file_finish(struct file *f)
{
	free(f->bytes);
	f->bytes = NULL;
}

/* Any piece: len bytes at offset, which need not be right. */
static Lahetti__V1__ServerFrame *put(struct person *p, const struct file *f, size_t offset,
				     size_t len)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutAttachment a = LAHETTI__V1__PUT_ATTACHMENT__INIT;

	a.id = f->named.id;
	a.sha256 = f->named.sha256;
	a.size = f->named.size;
	a.offset = offset;
	a.data = lahetti_bytes(lahetti_span(f->bytes + (offset < f->len ? offset : 0), len));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_PUT_ATTACHMENT;
	frame.put_attachment = &a;
	return person_ask(p, &frame);
}

static uint64_t received(Lahetti__V1__ServerFrame *answer)
{
	return expect(answer, FRAME(ATTACHMENT_STORED))->attachment_stored->received;
}

static size_t piece_len(const struct file *f, size_t offset)
{
	return f->len - offset < PIECE ? f->len - offset : PIECE;
}

/* From where it stands to the end. */
static void upload(struct person *p, const struct file *f)
{
	size_t at = (size_t)received(put(p, f, 0, 0));

	while (at < f->len) {
		size_t len = piece_len(f, at);

		assert_int_equal(at + len, received(put(p, f, at, len)));
		at += len;
	}
}

static Lahetti__V1__ServerFrame *get(struct person *p, const struct file *f,
				     const struct lahetti_id *delivery,
				     const struct lahetti_id *statement, size_t offset,
				     uint64_t event)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadAttachment r = LAHETTI__V1__READ_ATTACHMENT__INIT;

	if (delivery != NULL)
		r.delivery = lahetti_bytes(lahetti_id_span(delivery));
	if (statement != NULL)
		r.statement = lahetti_bytes(lahetti_id_span(statement));
	r.attachment = f->named.id;
	r.offset = offset;
	r.event = event;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_ATTACHMENT;
	frame.read_attachment = &r;
	return person_ask(p, &frame);
}

/* The piece at an offset is what was sent; returns the event that permits. */
static uint64_t piece_is(Lahetti__V1__ServerFrame *answer, const struct file *f, size_t offset)
{
	const Lahetti__V1__AttachmentPiece *piece =
		expect(answer, FRAME(ATTACHMENT_PIECE))->attachment_piece;

	assert_true(
		lahetti_span_equal(lahetti_bytes_span(piece->attachment), lahetti_id_span(&f->id)));
	assert_int_equal(offset, piece->offset);
	assert_int_equal(f->len, piece->size);
	assert_int_equal(piece_len(f, offset), piece->data.len);
	assert_memory_equal(f->bytes + offset, piece->data.data, piece->data.len);
	assert_true(piece->event > 0);
	return piece->event;
}

static uint64_t read_whole(struct person *p, const struct file *f,
			   const struct lahetti_id *delivery, const struct lahetti_id *statement)
{
	uint64_t event = piece_is(get(p, f, delivery, statement, 0, 0), f, 0);

	for (size_t at = PIECE; at < f->len; at += PIECE)
		assert_int_equal(event, piece_is(get(p, f, delivery, statement, at, event), f, at));
	return event;
}

/* ---- statements ------------------------------------------------------------------------------ */

static void attach(struct scene *s, struct writing *w, struct file *f)
{
	s->list[0] = &f->named;
	w->header.attachments = s->list;
	w->header.n_attachments = 1;
}

/* Given on paper, which is scanned. */
static void write_consent(struct scene *s, struct writing *w)
{
	static char leaflet[] = "2026-1";
	static Lahetti__V1__Purpose purposes[] = {LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT};
	static Lahetti__V1__Category categories[] = {LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
						     LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED};
	Lahetti__V1__Consent body = LAHETTI__V1__CONSENT__INIT;
	Lahetti__V1__Party area = LAHETTI__V1__PARTY__INIT, *parties[] = {&area};

	writing_begin(w, s->worker, LAHETTI_KIND_CONSENT, &s->client, &s->case_id);
	attach(s, w, &s->scan);
	area.organisation = lahetti_bytes(lahetti_id_span(&s->contact->organisation));
	body.giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	body.purposes = purposes;
	body.n_purposes = 1;
	body.categories = categories;
	body.n_categories = 2;
	body.parties = parties;
	body.n_parties = 1;
	body.from = 20260101;
	body.until = 20991231;
	body.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_PAPER;
	body.witness = lahetti_bytes(lahetti_id_span(&s->worker->user));
	body.scan = s->scan.named.id;
	body.leaflet_version = leaflet;
	body.kanta_checked = 1;
	writing_sign(w, &body.base, s->worker->key);
}

static void write_referral(struct scene *s, struct writing *w)
{
	Lahetti__V1__Referral body;

	writing_begin(w, s->worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_user(w, s->contact);
	writing_on_consent(w, &s->consent);
	attach(s, w, &s->letter);
	referral_fill(&body);
	writing_sign(w, &body.base, s->worker->key);
}

static Lahetti__V1__ServerFrame *withdraw(struct scene *s)
{
	static char how[] = "Puhelimitse.";
	Lahetti__V1__Withdrawal body = LAHETTI__V1__WITHDRAWAL__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_begin(&w, s->worker, LAHETTI_KIND_WITHDRAWAL, &s->client, &s->case_id);
	writing_reply(&w, &s->consent.id, &s->consent.sha256);
	body.how = how;
	writing_sign(&w, &body.base, s->worker->key);
	answer = person_submit(s->worker, &w);
	writing_finish(&w);
	return answer;
}

/* The contact's newest delivery. */
static struct lahetti_id delivery_to(struct person *p)
{
	Lahetti__V1__Notice *notices[8];
	struct lahetti_id delivery;
	size_t n;

	(void)person_subscribe(p, 0, notices, 8, &n);
	assert_true(n > 0);
	assert_true(lahetti_id_read(&delivery, lahetti_bytes_span(notices[n - 1]->delivery), NULL));
	return delivery;
}

static Lahetti__V1__ServerFrame *step(struct person *p, const struct lahetti_id *delivery,
				      const struct writing *answered, Lahetti__V1__Step which)
{
	static char sentence[] = "Kuuluu toiselle.";
	Lahetti__V1__Acknowledgement body = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	bool open = which == LAHETTI__V1__STEP__STEP_OPEN;
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_begin(&w, p, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(&w, &answered->id, &answered->sha256);
	body.delivery = lahetti_bytes(lahetti_id_span(delivery));
	body.step = which;
	if (!open) {
		body.reason = LAHETTI__V1__REASON__REASON_WRONG_SERVICE;
		body.sentence = sentence;
	}
	writing_sign(&w, &body.base, p->key);
	answer = open ? person_open(p, &w) : person_submit(p, &w);
	writing_finish(&w);
	return answer;
}

/* ---- the scene ------------------------------------------------------------------------------- */

static void sign_out(struct scene *s)
{
	region_sign_out(&s->r);
	person_sign_out(&s->r.county.admin);
	person_sign_out(&s->r.area.officer);
}

static void sign_in(struct scene *s)
{
	region_sign_in(&s->r);
	county_sign_in(&s->r.county.admin);
	county_sign_in(&s->r.area.officer);
}

/* With lines added to the configuration, and everyone signed in. */
static void scene_make(struct scene *s, const char *configuration)
{
	char path[300];
	FILE *f;

	*s = (struct scene){0};
	region_make(&s->r);
	s->worker = &s->r.county.worker;
	s->contact = &s->r.area.worker;
	s->coach = &s->r.association.worker;
	if (configuration != NULL) {
		house_stop(&s->r.house, SIGTERM);
		(void)snprintf(path, sizeof path, "%s/lahettid.conf", s->r.house.folder);
		f = fopen(path, "a");
		assert_non_null(f);
		assert_true(fputs(configuration, f) >= 0);
		assert_int_equal(0, fclose(f));
		house_start(&s->r.house);
	}
	sign_in(s);
	person_add_client(s->worker, "Esimerkki", "010190-900P", &s->client, &s->case_id);
	file_make(&s->scan, 2 * PIECE + 777);
	file_make(&s->letter, 3 * PIECE);
}

/* The consent with its scan and the referral with its letter are accepted. */
static void scene_send(struct scene *s)
{
	upload(s->worker, &s->scan);
	upload(s->worker, &s->letter);
	write_consent(s, &s->consent);
	(void)expect(person_submit(s->worker, &s->consent), FRAME(ACCEPTED));
	write_referral(s, &s->referral);
	(void)expect(person_submit(s->worker, &s->referral), FRAME(ACCEPTED));
}

static void scene_end(struct scene *s)
{
	writing_finish(&s->consent);
	writing_finish(&s->referral);
	file_finish(&s->scan);
	file_finish(&s->letter);
	region_end(&s->r);
}

/* How many files lie among the attachments; the path of one of them. */
static size_t files(struct scene *s, char path[400])
{
	char folder[300];
	const struct dirent *e;
	size_t n = 0;
	DIR *d;

	(void)snprintf(folder, sizeof folder, "%s/data/attachments", s->r.house.folder);
	d = opendir(folder);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (path != NULL)
			(void)snprintf(path, 400, "%s/%.64s", folder, e->d_name);
	}
	(void)closedir(d);
	return n;
}

static void restart(struct scene *s, int signal)
{
	house_stop(&s->r.house, signal);
	sign_out(s);
	house_start(&s->r.house);
	sign_in(s);
}

/* How many lines of a client's report tell of attachments that were read. */
static size_t readings(struct person *officer, const struct lahetti_id *client)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw ask = LAHETTI__V1__WHO_SAW__INIT;
	const Lahetti__V1__TrailPage *page;
	struct lahetti_arena arena;
	size_t n = 0;

	assert_true(lahetti_arena_init(&arena, 1 << 22, NULL));
	ask.client = lahetti_bytes(lahetti_id_span(client));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &ask;
	page = person_expect(officer, &frame, FRAME(TRAIL))->trail;
	for (size_t i = 0; i < page->n_lines; i++) {
		const Lahetti__V1__AuditEvent *e =
			lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_bytes_span(page->lines[i]->event),
					     LAHETTI_MESSAGE_SIGNED, &arena, NULL);

		assert_non_null(e);
		n += e->action == LAHETTI__V1__ACTION__ACTION_READ_ATTACHMENT &&
		     e->outcome == LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE;
	}
	lahetti_arena_finish(&arena);
	return n;
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void p2_p6_attachments_are_read_by_whom_they_were_opened(void **state)
{
	struct lahetti_id delivery, copy;
	Lahetti__V1__ServerFrame *answer;
	struct scene s;
	uint64_t event;

	(void)state;
	scene_make(&s, NULL);
	write_consent(&s, &s.consent);
	refused(person_submit(s.worker, &s.consent), "attachment-missing");
	writing_finish(&s.consent);
	scene_send(&s);
	assert_int_equal(2, files(&s, NULL));
	/* The same again changes nothing: its attachment is not asked for once more. */
	(void)expect(person_submit(s.worker, &s.referral), FRAME(ACCEPTED));

	delivery = delivery_to(s.contact);
	refused(get(s.contact, &s.letter, &delivery, NULL, 0, 0), "open-first");
	answer = expect(step(s.contact, &delivery, &s.referral, LAHETTI__V1__STEP__STEP_OPEN),
			FRAME(CONTENT));
	assert_true(lahetti_id_read(&copy, lahetti_bytes_span(answer->content->client), NULL));
	assert_int_equal(0, readings(&s.r.county.officer, &s.client));
	(void)read_whole(s.contact, &s.letter, &delivery, NULL);
	(void)read_whole(s.worker, &s.letter, NULL, &s.referral.id);
	(void)read_whole(s.worker, &s.scan, NULL, &s.consent.id);
	/* One event a reading; the reader's own controller knows of its reader alone. */
	assert_int_equal(3, readings(&s.r.county.officer, &s.client));
	assert_int_equal(1, readings(&s.r.area.officer, &copy));

	refused(get(s.contact, &s.scan, &delivery, NULL, 0, 0), "no-such-attachment");
	refused(get(s.contact, &s.letter, NULL, &s.referral.id, 0, 0), "no-such-statement");
	refused(get(s.coach, &s.letter, &delivery, NULL, 0, 0), "no-such-delivery");
	refused(get(s.coach, &s.letter, NULL, &s.referral.id, 0, 0), "no-such-statement");
	refused(get(&s.r.county.admin, &s.letter, NULL, &s.referral.id, 0, 0),
		"role-without-clients");
	refused(get(s.contact, &s.letter, &delivery, NULL, 1, 0), "bad-piece");
	refused(get(s.contact, &s.letter, &delivery, NULL, s.letter.len, 0), "bad-piece");

	/* A withdrawal leaves what was opened, handing back does not: also between two pieces. */
	event = piece_is(get(s.contact, &s.letter, &delivery, NULL, 0, 0), &s.letter, 0);
	(void)expect(withdraw(&s), FRAME(ACCEPTED));
	(void)piece_is(get(s.contact, &s.letter, &delivery, NULL, PIECE, event), &s.letter, PIECE);
	scene_end(&s);
}

static void p3_no_piece_after_the_matter_was_handed_back(void **state)
{
	struct lahetti_id delivery;
	struct scene s;
	uint64_t event;

	(void)state;
	scene_make(&s, NULL);
	scene_send(&s);
	delivery = delivery_to(s.contact);
	(void)expect(step(s.contact, &delivery, &s.referral, LAHETTI__V1__STEP__STEP_OPEN),
		     FRAME(CONTENT));
	event = piece_is(get(s.contact, &s.letter, &delivery, NULL, 0, 0), &s.letter, 0);
	(void)expect(step(s.contact, &delivery, &s.referral, LAHETTI__V1__STEP__STEP_RETURN),
		     FRAME(ACCEPTED));
	refused(get(s.contact, &s.letter, &delivery, NULL, PIECE, event), "handed-back");
	scene_end(&s);
}

static void p3_withdrawn_before_the_opening_no_piece_is_read(void **state)
{
	struct lahetti_id delivery;
	struct scene s;

	(void)state;
	scene_make(&s, NULL);
	scene_send(&s);
	delivery = delivery_to(s.contact);
	(void)expect(withdraw(&s), FRAME(ACCEPTED));
	refused(get(s.contact, &s.letter, &delivery, NULL, 0, 0), "consent-withdrawn");
	scene_end(&s);
}

/* The event of a first piece goes for that reader, that attachment and that way to it. */
static void p2_pieces_go_under_their_own_event_alone(void **state)
{
	struct lahetti_id delivery;
	struct scene s;
	uint64_t theirs, ours;

	(void)state;
	scene_make(&s, NULL);
	scene_send(&s);
	delivery = delivery_to(s.contact);
	(void)expect(step(s.contact, &delivery, &s.referral, LAHETTI__V1__STEP__STEP_OPEN),
		     FRAME(CONTENT));
	theirs = read_whole(s.contact, &s.letter, &delivery, NULL);
	ours = read_whole(s.worker, &s.letter, NULL, &s.referral.id);
	refused(get(s.worker, &s.letter, NULL, &s.referral.id, PIECE, theirs), "reading-ended");
	refused(get(s.contact, &s.letter, &delivery, NULL, PIECE, ours), "reading-ended");
	refused(get(s.worker, &s.scan, NULL, &s.consent.id, PIECE, ours), "reading-ended");
	for (uint64_t event = 1; event < theirs; event += 7)
		refused(get(s.contact, &s.letter, &delivery, NULL, PIECE, event), "reading-ended");
	refused(get(s.contact, &s.letter, &delivery, NULL, PIECE, UINT64_MAX), "reading-ended");
	refused(get(s.contact, &s.letter, &delivery, NULL, PIECE, 1 << 30), "reading-ended");
	(void)piece_is(get(s.contact, &s.letter, &delivery, NULL, PIECE, theirs), &s.letter, PIECE);
	scene_end(&s);
}

static void pieces_are_taken_once_in_their_order(void **state)
{
	struct scene s;
	struct writing other;

	(void)state;
	scene_make(&s, NULL);
	assert_int_equal(0, received(put(s.worker, &s.scan, 0, 0)));
	assert_int_equal(0, received(put(s.worker, &s.scan, PIECE, PIECE)));
	assert_int_equal(0, files(&s, NULL));
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, 0, PIECE)));
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, 0, PIECE)));
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, (size_t)2 * PIECE, 777)));
	refused(put(s.worker, &s.scan, PIECE, PIECE - 1), "bad-piece");
	refused(put(s.worker, &s.scan, PIECE + 1, PIECE), "bad-piece");
	refused(put(s.worker, &s.scan, s.scan.len, 1), "bad-piece");
	refused(put(s.worker, &s.scan, (size_t)2 * PIECE, 778), "bad-piece");
	/* Another's is another one, and nobody names it but who sent it. */
	assert_int_equal(0, received(put(s.contact, &s.scan, 0, 0)));
	upload(s.contact, &s.scan);
	write_consent(&s, &s.consent);
	refused(person_submit(s.worker, &s.consent), "attachment-missing");
	/* After a lost connection it goes on where it was. */
	region_sign_out(&s.r);
	region_sign_in(&s.r);
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, 0, 0)));
	upload(s.worker, &s.scan);
	assert_int_equal(s.scan.len, received(put(s.worker, &s.scan, 0, PIECE)));
	/* The whole under another digest or of another size is not what the header names. */
	s.scan.named.size--;
	write_consent(&s, &other);
	refused(person_submit(s.worker, &other), "attachment-missing");
	writing_finish(&other);
	s.scan.named.size++;
	s.scan.sha256.bytes[0] ^= 1;
	write_consent(&s, &other);
	refused(person_submit(s.worker, &other), "attachment-missing");
	writing_finish(&other);
	s.scan.sha256.bytes[0] ^= 1;
	(void)expect(person_submit(s.worker, &s.consent), FRAME(ACCEPTED));
	scene_end(&s);
}

static void what_differs_begins_anew(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s, NULL);
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, 0, PIECE)));
	s.scan.bytes[PIECE] ^= 1;
	assert_int_equal(2 * PIECE, received(put(s.worker, &s.scan, PIECE, PIECE)));
	refused(put(s.worker, &s.scan, (size_t)2 * PIECE, 777), "attachment-differs");
	assert_int_equal(0, files(&s, NULL));
	assert_int_equal(0, received(put(s.worker, &s.scan, 0, 0)));
	s.scan.bytes[PIECE] ^= 1;
	upload(s.worker, &s.scan);
	/* Another size under the same identifier: what was there is given up. */
	s.scan.named.size--;
	assert_int_equal(PIECE, received(put(s.worker, &s.scan, 0, PIECE)));
	s.scan.named.size++;
	assert_int_equal(1, files(&s, NULL));
	write_consent(&s, &s.consent);
	refused(person_submit(s.worker, &s.consent), "attachment-missing");
	upload(s.worker, &s.scan);
	(void)expect(person_submit(s.worker, &s.consent), FRAME(ACCEPTED));
	scene_end(&s);
}

static void limits_hold(void **state)
{
	struct scene s;
	struct file large, small[3];
	Lahetti__V1__Attachment *two[2];
	Lahetti__V1__Referral body;

	(void)state;
	scene_make(&s, "attachment-bytes = 200000\nattachments-a-statement = 1\n"
		       "uploads-a-user = 2\nuploads = 3\n");
	file_make(&large, 200001);
	refused(put(s.worker, &large, 0, PIECE), "attachment-too-large");
	large.named.size = 0;
	refused(put(s.worker, &large, 0, 0), "bad-attachment-size");
	large.named.size = UINT64_MAX;
	refused(put(s.worker, &large, 0, PIECE), "attachment-too-large");
	large.named.size = 200000;
	large.named.sha256.len = 31;
	refused(put(s.worker, &large, 0, PIECE), "bad-digest");
	for (size_t i = 0; i < 3; i++)
		file_make(&small[i], 100);
	upload(s.worker, &small[0]);
	upload(s.worker, &small[1]);
	refused(put(s.worker, &small[2], 0, 100), "too-many-uploads");
	upload(s.contact, &small[2]);
	refused(put(s.contact, &small[0], 0, 100), "too-many-uploads"); /* of all */
	refused(put(&s.r.county.admin, &small[0], 0, 100), "role-without-clients");
	assert_int_equal(3, files(&s, NULL));

	two[0] = &small[0].named;
	two[1] = &small[1].named;
	writing_begin(&s.referral, s.worker, LAHETTI_KIND_REFERRAL, &s.client, &s.case_id);
	writing_to_queue(&s.referral, &s.worker->organisation, &s.worker->unit);
	s.referral.header.attachments = two;
	s.referral.header.n_attachments = 2;
	referral_fill(&body);
	writing_sign(&s.referral, &body.base, s.worker->key);
	refused(person_submit(s.worker, &s.referral), "too-many-attachments");
	s.referral.header.n_attachments = 1;
	writing_sign(&s.referral, &body.base, s.worker->key);
	(void)expect(person_submit(s.worker, &s.referral), FRAME(ACCEPTED));
	/* Named: there is room for another. */
	upload(s.worker, &small[2]);
	for (size_t i = 0; i < 3; i++)
		file_finish(&small[i]);
	file_finish(&large);
	scene_end(&s);
}

/* Whatever is killed when: what was acknowledged is there, what was not named is gone. */
static void p1_attachment_is_durable_with_its_statement(void **state)
{
	struct scene s;
	struct file unnamed;

	(void)state;
	scene_make(&s, NULL);
	scene_send(&s);
	file_make(&unnamed, PIECE + 5);
	upload(s.worker, &unnamed);
	assert_int_equal(3, files(&s, NULL));
	restart(&s, SIGKILL);
	assert_int_equal(2, files(&s, NULL));
	assert_int_equal(0, received(put(s.worker, &unnamed, 0, 0)));
	(void)read_whole(s.worker, &s.letter, NULL, &s.referral.id);
	(void)read_whole(s.worker, &s.scan, NULL, &s.consent.id);
	/* A server that stops in peace leaves nothing behind either. */
	upload(s.worker, &unnamed);
	restart(&s, SIGTERM);
	assert_int_equal(2, files(&s, NULL));
	(void)read_whole(s.worker, &s.scan, NULL, &s.consent.id);
	file_finish(&unnamed);
	scene_end(&s);
}

/* Killed while a statement is on its way to the disk: it is there with its attachment, or neither
 * is, and then both are sent again. Nothing else is left behind. */
static void p1_killed_with_the_statement_under_way(void **state)
{
	struct scene s;
	struct lahetti_fault f = {0};
	unsigned durable = 0;

	(void)state;
	scene_make(&s, NULL);
	for (int round = 0; round < KILLS; round++) {
		Lahetti__V1__ServerFrame *answer;
		struct writing w;

		file_finish(&s.scan);
		file_make(&s.scan, PIECE + 1);
		upload(s.worker, &s.scan);
		write_consent(&s, &w);
		(void)person_send(s.worker, &w, false);
		/* Its answer may come meanwhile, or not. */
		(void)lahetti_peer_next(s.worker->peer, round % 5, &s.worker->arena, &f);
		restart(&s, SIGKILL);
		answer = person_submit(s.worker, &w);
		if (answer->body_case == FRAME(ACCEPTED)) {
			durable++;
		} else {
			refused(answer, "attachment-missing");
			assert_int_equal(round, files(&s, NULL));
			upload(s.worker, &s.scan);
			(void)expect(person_submit(s.worker, &w), FRAME(ACCEPTED));
		}
		(void)read_whole(s.worker, &s.scan, NULL, &w.id);
		assert_int_equal(round + 1, files(&s, NULL));
		writing_finish(&w);
	}
	print_message("%u of %d were durable before the kill\n", durable, KILLS);
	scene_end(&s);
}

static void flip(const char *path, long offset)
{
	FILE *f = fopen(path, "r+b");
	int c;

	assert_non_null(f);
	assert_int_equal(0, fseek(f, offset, SEEK_SET));
	c = fgetc(f);
	assert_true(c != EOF);
	assert_int_equal(0, fseek(f, offset, SEEK_SET));
	assert_true(fputc(c ^ 1, f) != EOF);
	assert_int_equal(0, fclose(f));
}

static void p5_file_that_was_touched_is_never_shown(void **state)
{
	static const char *const fsck[] = {"fsck", NULL};
	char path[400], away[410], out[4096];
	struct scene s;
	uint64_t event;

	(void)state;
	scene_make(&s, NULL);
	upload(s.worker, &s.scan);
	write_consent(&s, &s.consent);
	(void)expect(person_submit(s.worker, &s.consent), FRAME(ACCEPTED));
	assert_int_equal(1, files(&s, path));
	flip(path, PIECE + 28 + 100);
	/* Each chunk stands for itself: the first is as it was. */
	event = piece_is(get(s.worker, &s.scan, NULL, &s.consent.id, 0, 0), &s.scan, 0);
	refused(get(s.worker, &s.scan, NULL, &s.consent.id, PIECE, event), "attachment-damaged");
	assert_int_equal(FSCK_FOUND, house_run(&s.r.house, out, sizeof out, fsck));
	assert_non_null(strstr(out, "attachment-damaged: "));
	flip(path, PIECE + 28 + 100);
	(void)piece_is(get(s.worker, &s.scan, NULL, &s.consent.id, PIECE, event), &s.scan, PIECE);
	(void)snprintf(away, sizeof away, "%s.away", path);
	assert_int_equal(0, rename(path, away));
	refused(get(s.worker, &s.scan, NULL, &s.consent.id, 0, 0), "attachment-damaged");
	assert_int_equal(FSCK_FOUND, house_run(&s.r.house, out, sizeof out, fsck));
	assert_non_null(strstr(out, "attachment-file-missing: "));
	assert_int_equal(0, rename(away, path));
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p2_p6_attachments_are_read_by_whom_they_were_opened),
		cmocka_unit_test(p3_no_piece_after_the_matter_was_handed_back),
		cmocka_unit_test(p3_withdrawn_before_the_opening_no_piece_is_read),
		cmocka_unit_test(p2_pieces_go_under_their_own_event_alone),
		cmocka_unit_test(pieces_are_taken_once_in_their_order),
		cmocka_unit_test(what_differs_begins_anew),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(p1_attachment_is_durable_with_its_statement),
		cmocka_unit_test(p1_killed_with_the_statement_under_way),
		cmocka_unit_test(p5_file_that_was_touched_is_never_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
