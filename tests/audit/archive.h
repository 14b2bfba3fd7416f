/*
 * An archive: a vault, a store and its trail in the folder of one test, with a clock that is moved
 * by hand and, where a test asks for it, random bytes that come again. Who is who is in samples.h.
 * Whatever fails, fails the test.
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "attachments.h"
#include "samples.h"
#include "trail.h"

#define ARCHIVE_SERVER	 "lahetti.example.fi/lahetti"
#define ARCHIVE_SOFTWARE "test"
#define ARCHIVE_ORIGIN	 ARCHIVE_SERVER "/1"
#define ARCHIVE_WEEK_US	 (INT64_C(7) * 24 * 3600 * 1000000)

struct archive {
	char database[512];
	struct vault *vault;
	struct store *store;
	struct attachments *attachments;
	struct trail *trail;
};

/* Makes the database of that name, and the vault where the folder has none; or opens what is
 * there. All archives of a folder have one vault and one folder of
 * attachments. */
void archive_open(struct archive *a, void **state, const char *name);
void archive_close(struct archive *a);

/* The time of the events to come. Starts at SAMPLE_CREATED_US. */
void archive_set_clock(int64_t us);
int64_t archive_clock(void);

/* Random bytes that follow from a seed, until archive_close; 0: real ones again. */
void archive_set_random(uint64_t seed);

/* A commit group. */
void archive_begin(struct archive *a);
void archive_commit(struct archive *a);
void archive_rollback(struct archive *a);

/* In a group: the trail goes on as that generation, whose first event is to be a restore. */
void archive_generation(struct archive *a, uint32_t generation);
/* The log's key under the name of a generation; the caller's. */
struct lahetti_note_signer *archive_signer(const struct archive *a, uint32_t generation);

/* A record in a list of them; it must not be moved. */
struct archive_record {
	Lahetti__V1__Record record;
	union {
		Lahetti__V1__DirectoryEntry directory;
		Lahetti__V1__CodeIssued code_issued;
		Lahetti__V1__CodeUsed code_used;
		Lahetti__V1__ClientAdded client_added;
		Lahetti__V1__CaseAdded case_added;
		Lahetti__V1__CaseShared case_shared;
		Lahetti__V1__StatementAccepted statement_accepted;
		Lahetti__V1__DeliveryMade delivery_made;
		Lahetti__V1__DeliveryMoved delivery_moved;
		Lahetti__V1__CopyTaken copy_taken;
		Lahetti__V1__ConsentEnded consent_ended;
		Lahetti__V1__Configured configured;
		Lahetti__V1__IdentityRecorded identity_recorded;
		Lahetti__V1__ErasureProposed erasure_proposed;
		Lahetti__V1__ErasureEnded erasure_ended;
		Lahetti__V1__AliasRecorded alias_recorded;
		Lahetti__V1__CareTeamMember care_team_member;
	};
};

/* An event that is to be: what it concerns and changes is added, then it is appended. */
#define ARCHIVE_MOST 8
struct archive_event {
	struct trail_entry entry;
	struct trail_subject subjects[ARCHIVE_MOST];
	struct archive_record records[ARCHIVE_MOST];
	const Lahetti__V1__Record *list[ARCHIVE_MOST];
};
/* By the worker of the clinic, the coach, or (0) the server itself. */
void archive_event(struct archive_event *e, Lahetti__V1__Action action, enum sample_who user);
/* client 0: the nameless one of the week. */
struct trail_subject *archive_subject(struct archive_event *e, enum sample_who controller,
				      enum sample_who client);
struct archive_record *archive_record(struct archive_event *e,
				      Lahetti__V1__Record__RecordCase which);
/* Returns its number. */
uint64_t archive_append(struct archive *a, struct archive_event *e);

/* The event of a new client, with a case that a unit has, and with no identity. */
uint64_t archive_add_client(struct archive *a, enum sample_who controller, enum sample_who unit,
			    enum sample_who client, enum sample_who case_id);
/* An event that concerns one client. */
uint64_t archive_look(struct archive *a, enum sample_who controller, enum sample_who client);

/*
 * Fills an empty archive with something of everything: every kind of record, every table, clients
 * of two controllers, statements of an enrolled key, several groups. Then its clients are
 * SAMPLE_CLIENT of the county and one of the city.
 */
#define ARCHIVE_FAMILY_NAME "Kivisalmi-Testaaja"
#define ARCHIVE_HETU	    "131052-919H"
#define ARCHIVE_WORDS	    "Olen ollut pitkään poissa työelämästä." /* in the sample of a referral */
void archive_fill(struct archive *a);
/* The city's. */
#define ARCHIVE_CITY_CLIENT SAMPLE_REPLIED
/* The uploads that the consents' scans were: bytes that follow from their place. Ended by the
 * caller. */
#define ARCHIVE_ATTACHMENT_LEN (ATTACHMENTS_CHUNK + 1234)
struct attachments_upload *archive_upload(struct archive *a, const struct lahetti_id *id,
					  size_t len, struct lahetti_digest *sha256);
/* The referral, which the city has opened. */
struct lahetti_id archive_referral(struct archive *a);

#endif
