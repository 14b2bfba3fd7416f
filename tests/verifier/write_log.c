/*
 * Writes a log of audit events, signed checkpoints, proofs and a bundle into a folder, all by way
 * of lahetti_core, for verify_log.py to look at. A flaw can be asked for that no signature shows:
 * it is signed like everything else.
 *
 * write_log FOLDER [number|time]
 */
#include "lahetti/dsse.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"
#include "lahetti/note.h"

#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN	     "log.example.com/lahetti/1"
#define EVENTS	     300
#define EARLIER	     250 /* leaves under the earlier checkpoint, which the receipt has */
#define ENROLMENT_AT 1
#define ACCEPTED_AT  120
#define FLAW_AT	     77
#define START_US     INT64_C(1767225600000000)
#define ARENA_SIZE   ((size_t)8 << 20)
#define PREFIX_PART  0x02
#define PREFIX_LINK  0x03

static struct lahetti_arena arena;
static struct lahetti_fault fault;
static const char *folder;

/* ---- what may not fail here ---------------------------------------------------------------- */

static void must(bool done)
{
	if (done)
		return;
	(void)fprintf(stderr, "write_log: %s\n",
		      fault.text[0] != '\0' ? fault.text : "A file or memory could not be had.");
	exit(EXIT_FAILURE);
}

static void *take(size_t len)
{
	void *memory = lahetti_arena_take(&arena, len);

	must(memory != NULL);
	return memory;
}

static struct lahetti_span pack(const ProtobufCMessage *message)
{
	struct lahetti_span packed = lahetti_message_pack(message, &arena);

	must(packed.data != NULL);
	return packed;
}

static ProtobufCBinaryData copy(const void *data, size_t len)
{
	const void *memory = lahetti_arena_copy(&arena, data, len);

	must(memory != NULL);
	return lahetti_bytes(lahetti_span(memory, len));
}

static ProtobufCBinaryData copy_digest(const struct lahetti_digest *d)
{
	return copy(d->bytes, sizeof d->bytes);
}

static ProtobufCBinaryData salt(void)
{
	uint8_t bytes[LAHETTI_SALT_LEN];

	must(lahetti_random(bytes, sizeof bytes, &fault));
	return copy(bytes, sizeof bytes);
}

static ProtobufCBinaryData identifier(void)
{
	struct lahetti_id id;

	must(lahetti_id_new(&id, START_US, &fault));
	return copy(id.bytes, sizeof id.bytes);
}

static void write_file(const char *name, const void *data, size_t len)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	must(file != NULL && fwrite(data, 1, len, file) == len && fclose(file) == 0);
}

/* ---- the log ------------------------------------------------------------------------------- */

struct log {
	struct lahetti_frontier frontier;
	struct lahetti_digest entries[2][EVENTS + 1];
	uint64_t n[2];
	struct lahetti_span events[EVENTS];
	struct lahetti_note_signer *signer;
};

static struct log trail;

static bool keep_entry(void *context, unsigned level, uint64_t index,
		       const struct lahetti_digest *hash, struct lahetti_fault *f)
{
	struct log *l = context;

	(void)f;
	must(level < 2 && index == l->n[level]);
	l->entries[level][l->n[level]++] = *hash;
	return true;
}

static bool find_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		       struct lahetti_fault *f)
{
	const struct log *l = context;

	(void)f;
	must(level < 2 && index < l->n[level]);
	*out = l->entries[level][index];
	return true;
}

static const struct lahetti_hash_source source = {.entry = find_entry, .context = &trail};

static void append(struct lahetti_span event)
{
	const struct lahetti_tile_sink sink = {.entry = keep_entry, .context = &trail};
	struct lahetti_digest leaf;

	trail.events[trail.frontier.size] = event;
	must(lahetti_leaf_hash(&leaf, event, &fault) &&
	     lahetti_frontier_add(&trail.frontier, &leaf, &sink, &fault));
}

/* The checkpoint of the first leaves; one that is forked says something else of them. */
static struct lahetti_span sign(uint64_t size, const struct lahetti_note_signer *signer,
				bool forked)
{
	struct lahetti_checkpoint c = {.origin = ORIGIN, .size = size};
	char *note = take(LAHETTI_NOTE_MOST);
	size_t len = 0;

	must(lahetti_root(&c.root, size, &source, &fault));
	if (forked)
		c.root.bytes[0] ^= 1;
	must(lahetti_checkpoint_sign(&c, signer, note, &len, &fault));
	return lahetti_span(note, len);
}

static void write_leaves(void)
{
	uint8_t *data;
	size_t len = 0;

	for (size_t i = 0; i < EVENTS; i++)
		len += 4 + trail.events[i].len;
	data = take(len);
	len = 0;
	for (size_t i = 0; i < EVENTS; i++) {
		struct lahetti_span event = trail.events[i];

		for (int shift = 24; shift >= 0; shift -= 8)
			data[len++] = (uint8_t)(event.len >> shift);
		memcpy(data + len, event.data, event.len);
		len += event.len;
	}
	write_file("leaves", data, len);
}

/* ---- parts, events ------------------------------------------------------------------------- */

/* One client's chain of parts; `lines` is where its events are kept for the bundle. */
struct chain {
	ProtobufCBinaryData client;
	uint64_t number;
	struct lahetti_digest previous;
	Lahetti__V1__ReportLine *lines[EVENTS];
	size_t n;
};

static Lahetti__V1__OpenedPart *open_part(const ProtobufCMessage *part,
					  struct lahetti_digest *commitment)
{
	static const uint8_t prefix = PREFIX_PART;
	Lahetti__V1__OpenedPart *opened = take(sizeof *opened);
	struct lahetti_span spans[3];

	lahetti__v1__opened_part__init(opened);
	opened->salt = salt();
	opened->part = lahetti_bytes(pack(part));
	spans[0] = lahetti_span(&prefix, 1);
	spans[1] = lahetti_bytes_span(opened->salt);
	spans[2] = lahetti_bytes_span(opened->part);
	must(lahetti_sha256(commitment, spans, 3, &fault));
	return opened;
}

static Lahetti__V1__OpenedLink *open_link(struct chain *c, struct lahetti_digest *hash)
{
	static const uint8_t prefix = PREFIX_LINK;
	Lahetti__V1__OpenedLink *link = take(sizeof *link);
	uint8_t number[8];
	struct lahetti_span spans[4];

	lahetti__v1__opened_link__init(link);
	link->salt = salt();
	link->number = ++c->number;
	link->previous = copy_digest(&c->previous);
	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)(link->number >> (56 - 8 * i));
	spans[0] = lahetti_span(&prefix, 1);
	spans[1] = lahetti_bytes_span(link->salt);
	spans[2] = lahetti_span(number, sizeof number);
	spans[3] = lahetti_bytes_span(link->previous);
	must(lahetti_sha256(hash, spans, 4, &fault));
	return link;
}

struct actor {
	ProtobufCBinaryData user;
	ProtobufCBinaryData device;
};

/* What concerns a client: which, and which statement. */
struct matter {
	struct chain *chain;
	ProtobufCBinaryData statement;
	struct lahetti_digest sha256;
};

static Lahetti__V1__ReportLine *record(const char *flaw, Lahetti__V1__Action action,
				       const struct actor *actor, struct matter *matter)
{
	uint64_t number = trail.frontier.size;
	Lahetti__V1__ReportLine *line = take(sizeof *line);
	Lahetti__V1__AuditEvent event;
	struct lahetti_digest commitments[2];
	ProtobufCBinaryData subject;

	lahetti__v1__audit_event__init(&event);
	lahetti__v1__report_line__init(line);
	event.number = number;
	event.time_us = START_US + (int64_t)number * 1000;
	event.action = action;
	event.outcome = LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE;
	if (number == FLAW_AT && strcmp(flaw, "number") == 0)
		event.number++;
	if (number == FLAW_AT && strcmp(flaw, "time") == 0)
		event.time_us -= 2000;
	if (actor != NULL) {
		Lahetti__V1__ActorPart part;

		lahetti__v1__actor_part__init(&part);
		part.user = actor->user;
		part.device = actor->device;
		line->actor = open_part(&part.base, &commitments[0]);
		event.actor = copy_digest(&commitments[0]);
	}
	if (matter != NULL) {
		struct chain *c = matter->chain;
		Lahetti__V1__SubjectPart part;
		struct lahetti_digest link;

		lahetti__v1__subject_part__init(&part);
		part.client = c->client;
		part.statement = matter->statement;
		part.statement_sha256 = copy_digest(&matter->sha256);
		line->link = open_link(c, &link);
		part.link = copy_digest(&link);
		line->subject = open_part(&part.base, &commitments[1]);
		c->previous = commitments[1];
		c->lines[c->n++] = line;
		subject = copy_digest(&commitments[1]);
		event.subjects = &subject;
		event.n_subjects = 1;
	}
	line->event = lahetti_bytes(pack(&event.base));
	append(lahetti_bytes_span(line->event));
	return line;
}

/* The inclusion proof of the event, in the tree of that size. */
static size_t prove(const Lahetti__V1__ReportLine *line, uint64_t size, ProtobufCBinaryData **out)
{
	struct lahetti_proof proof;
	uint64_t index = 0;

	while (trail.events[index].data != line->event.data)
		index++;
	must(lahetti_inclusion_prove(&proof, index, size, &source, &fault));
	*out = take((proof.n + 1) * sizeof **out);
	for (size_t i = 0; i < proof.n; i++)
		(*out)[i] = copy_digest(&proof.hashes[i]);
	return proof.n;
}

/* ---- what is written ----------------------------------------------------------------------- */

static void write_proof(FILE *file, const struct lahetti_proof *proof, const char *before)
{
	char base64[64];

	(void)fprintf(file, "%s \"proof\": [", before);
	for (size_t i = 0; i < proof->n; i++) {
		lahetti_base64(lahetti_digest_span(&proof->hashes[i]), base64);
		(void)fprintf(file, "%s\"%s\"", i == 0 ? "" : ", ", base64);
	}
	(void)fprintf(file, "]}");
}

static void write_proofs(void)
{
	static const uint64_t included[][2] = {
		{0, 1}, {0, EVENTS}, {EVENTS - 1, EVENTS}, {120, EARLIER}, {255, 256}, {256, 257},
	};
	static const uint64_t consistent[][2] = {
		{1, EVENTS}, {127, 129}, {EARLIER, EVENTS}, {256, EVENTS}, {EVENTS, EVENTS},
	};
	struct lahetti_proof proof;
	char before[80];
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/proofs", folder);
	file = fopen(path, "w");
	must(file != NULL);
	(void)fprintf(file, "{\"inclusion\": [");
	for (size_t i = 0; i < sizeof included / sizeof included[0]; i++) {
		must(lahetti_inclusion_prove(&proof, included[i][0], included[i][1], &source,
					     &fault));
		(void)snprintf(before, sizeof before,
			       "%s\n{\"index\": %" PRIu64 ", \"size\": %" PRIu64 ",",
			       i == 0 ? "" : ",", included[i][0], included[i][1]);
		write_proof(file, &proof, before);
	}
	(void)fprintf(file, "],\n\"consistency\": [");
	for (size_t i = 0; i < sizeof consistent / sizeof consistent[0]; i++) {
		must(lahetti_consistency_prove(&proof, consistent[i][0], consistent[i][1], &source,
					       &fault));
		(void)snprintf(before, sizeof before,
			       "%s\n{\"from\": %" PRIu64 ", \"to\": %" PRIu64 ",",
			       i == 0 ? "" : ",", consistent[i][0], consistent[i][1]);
		write_proof(file, &proof, before);
	}
	(void)fprintf(file, "]}\n");
	must(ferror(file) == 0 && fclose(file) == 0);
}

static Lahetti__V1__Receipt *receipt_of(const Lahetti__V1__ReportLine *line)
{
	Lahetti__V1__Receipt *r = take(sizeof *r);

	lahetti__v1__receipt__init(r);
	r->event = line->event;
	r->subject = line->subject;
	r->n_inclusion = prove(line, EARLIER, &r->inclusion);
	r->checkpoint = lahetti_bytes(sign(EARLIER, trail.signer, false));
	return r;
}

struct signed_statement {
	struct lahetti_span payload;
	Lahetti__V1__Envelope *envelope;
	ProtobufCBinaryData id;
};

static struct signed_statement sign_statement(const struct actor *author,
					      const struct lahetti_private_key *key)
{
	static const char audience[] = "log.example.com/lahetti";
	struct signed_statement out;
	Lahetti__V1__Statement statement;
	Lahetti__V1__Header header;
	struct lahetti_span packed;

	lahetti__v1__statement__init(&statement);
	lahetti__v1__header__init(&header);
	header.id = out.id = identifier();
	header.salt = salt();
	header.audience = lahetti_arena_text(&arena, lahetti_span_text(audience));
	header.author = author->user;
	header.device = author->device;
	statement.header = &header;
	statement.body = copy("body", 4);
	out.payload = pack(&statement.base);
	packed = lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, out.payload, key, &arena, &fault);
	must(packed.data != NULL);
	out.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor, packed,
					    LAHETTI_MESSAGE_SIGNED, &arena, &fault);
	must(out.envelope != NULL);
	return out;
}

static void write_key(const char *name, const struct lahetti_note_signer *signer)
{
	const char *vkey = lahetti_note_signer_vkey(signer);

	write_file(name, vkey, strlen(vkey));
}

static void write_checkpoint(const char *name, struct lahetti_span note)
{
	write_file(name, note.data, note.len);
}

int main(int argc, char **argv)
{
	static const uint8_t seed[32] = {1};
	static const uint8_t other_seed[32] = {2};
	static struct chain ours;
	static struct chain others;
	const char *flaw = argc > 2 ? argv[2] : "";
	struct lahetti_note_signer *impostor;
	struct lahetti_private_key *device;
	struct signed_statement statement;
	Lahetti__V1__ReportLine *accepted = NULL;
	Lahetti__V1__Bundle bundle;
	struct actor author;

	if (argc < 2)
		return EXIT_FAILURE;
	folder = argv[1];
	must(lahetti_arena_init(&arena, ARENA_SIZE, &fault));
	trail.signer = lahetti_note_signer_new(ORIGIN, seed, &fault);
	impostor = lahetti_note_signer_new(ORIGIN, other_seed, &fault);
	device = lahetti_private_key_new(&fault);
	must(trail.signer != NULL && impostor != NULL && device != NULL);
	author.user = identifier();
	author.device = copy_digest(lahetti_public_key_id(lahetti_private_key_public(device)));
	ours.client = identifier();
	others.client = identifier();
	statement = sign_statement(&author, device);

	lahetti__v1__bundle__init(&bundle);
	(void)record(flaw, LAHETTI__V1__ACTION__ACTION_GENESIS, NULL, NULL);
	bundle.enrolment = record(flaw, LAHETTI__V1__ACTION__ACTION_ENROL, &author, NULL);
	while (trail.frontier.size < EVENTS) {
		uint64_t at = trail.frontier.size;
		struct matter matter = {.chain = at % 25 == ACCEPTED_AT % 25 ? &ours : &others,
					.statement = identifier()};
		Lahetti__V1__Action action = at % 2 == 0 ? LAHETTI__V1__ACTION__ACTION_ACCEPT
							 : LAHETTI__V1__ACTION__ACTION_OPEN;

		if (at == ACCEPTED_AT) {
			matter.statement = statement.id;
			must(lahetti_sha256(&matter.sha256, &statement.payload, 1, &fault));
			accepted = record(flaw, action, &author, &matter);
		} else {
			must(lahetti_random(matter.sha256.bytes, sizeof matter.sha256.bytes,
					    &fault));
			(void)record(flaw, action, &author, &matter);
		}
	}

	must(accepted != NULL);
	for (size_t i = 0; i < ours.n; i++)
		ours.lines[i]->n_inclusion =
			prove(ours.lines[i], EVENTS, &ours.lines[i]->inclusion);
	bundle.enrolment->n_inclusion =
		prove(bundle.enrolment, EVENTS, &bundle.enrolment->inclusion);
	bundle.log_key = lahetti_arena_text(
		&arena, lahetti_span_text(lahetti_note_signer_vkey(trail.signer)));
	bundle.checkpoint = lahetti_bytes(sign(EVENTS, trail.signer, false));
	bundle.lines = ours.lines;
	bundle.n_lines = ours.n;
	bundle.envelope = statement.envelope;
	bundle.spki = lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(device)));
	bundle.receipt = receipt_of(accepted);

	write_key("key", trail.signer);
	write_key("key_other", impostor);
	write_leaves();
	write_proofs();
	write_checkpoint("checkpoint", sign(EVENTS, trail.signer, false));
	write_checkpoint("checkpoint_earlier", sign(EARLIER, trail.signer, false));
	write_checkpoint("checkpoint_empty", sign(0, trail.signer, false));
	write_checkpoint("checkpoint_forked", sign(EARLIER, trail.signer, true));
	write_checkpoint("checkpoint_other", sign(EVENTS, impostor, false));
	write_checkpoint("bundle", pack(&bundle.base));

	lahetti_private_key_destroy(device);
	lahetti_note_signer_destroy(impostor);
	lahetti_note_signer_destroy(trail.signer);
	lahetti_arena_finish(&arena);
	return EXIT_SUCCESS;
}
