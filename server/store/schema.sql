-- The record. What is truth and what is derived:
--
--   truth     event.bytes, record, checkpoint.note; what is sealed or wrapped
--   derived   every other column: from events, from records by project.c, from what is sealed beside it
--
-- lahettid fsck derives it all again; it compares the text of this schema too, so that a change here is a new version.
--
-- Identifiers are UUIDv7 in 16 bytes. Instants are microseconds UTC.

CREATE TABLE meta (
	name TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The trail ---------------------------------------------------------------------------------------------------------

CREATE TABLE event (
	number INTEGER NOT NULL PRIMARY KEY,
	time_us INTEGER NOT NULL,
	action INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	organisation BLOB,
	unit BLOB,
	controller BLOB,
	bytes BLOB NOT NULL
) STRICT;

CREATE TABLE record (
	event INTEGER NOT NULL REFERENCES event (number) DEFERRABLE INITIALLY DEFERRED,
	n INTEGER NOT NULL,
	salt BLOB NOT NULL,
	content BLOB NOT NULL,
	PRIMARY KEY (event, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE actor (
	event INTEGER NOT NULL PRIMARY KEY REFERENCES event (number) DEFERRABLE INITIALLY DEFERRED,
	controller BLOB NOT NULL,
	user BLOB NOT NULL,
	sealed BLOB NOT NULL
) STRICT;
CREATE INDEX actor_user ON actor (user, event);

CREATE TABLE subject (
	event INTEGER NOT NULL REFERENCES event (number) DEFERRABLE INITIALLY DEFERRED,
	n INTEGER NOT NULL,
	controller BLOB NOT NULL,
	client BLOB NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (event, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX subject_client ON subject (client, event);

-- level << 48 | index: up to 256 hashes of 32 bytes (C2SP tlog-tiles)
CREATE TABLE tile (
	place INTEGER NOT NULL PRIMARY KEY,
	hashes BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
	size INTEGER NOT NULL PRIMARY KEY,
	note BLOB NOT NULL
) STRICT;

-- The directory -----------------------------------------------------------------------------------------------------

CREATE TABLE directory (
	event INTEGER NOT NULL,
	n INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	entity BLOB NOT NULL,
	organisation BLOB,
	unit BLOB,
	user BLOB,
	role INTEGER,
	from_us INTEGER NOT NULL,
	until_us INTEGER,
	PRIMARY KEY (event, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_entity ON directory (kind, entity, from_us);
CREATE INDEX directory_unit ON directory (kind, unit, entity);
CREATE INDEX directory_user ON directory (kind, user, entity);
CREATE INDEX directory_organisation ON directory (kind, organisation, entity);

CREATE TABLE code (
	sha256 BLOB NOT NULL PRIMARY KEY,
	user BLOB NOT NULL,
	maker BLOB,
	until_us INTEGER NOT NULL,
	used INTEGER
) STRICT, WITHOUT ROWID;

-- Clients -----------------------------------------------------------------------------------------------------------

-- The two keys are wrapped under the period key of that serial; NULL when destroyed. parts and head: the chain of subject parts.
-- person: the first identifier of this client with the controller; its own where it has no other.
CREATE TABLE client (
	client BLOB NOT NULL PRIMARY KEY,
	controller BLOB NOT NULL,
	nameless INTEGER NOT NULL,
	week INTEGER,
	person BLOB NOT NULL,
	event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX client_person ON client (person);
CREATE UNIQUE INDEX client_week ON client (controller, week) WHERE week IS NOT NULL;

CREATE TABLE client_key (
	client BLOB NOT NULL PRIMARY KEY REFERENCES client (client),
	period INTEGER NOT NULL,
	identity_key BLOB,
	content_key BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX client_key_period ON client_key (period);

CREATE TABLE chain (
	client BLOB NOT NULL PRIMARY KEY REFERENCES client (client),
	parts INTEGER NOT NULL,
	head BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
	client BLOB NOT NULL,
	event INTEGER NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (client, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE blind_index (
	controller BLOB NOT NULL,
	blind BLOB NOT NULL,
	client BLOB NOT NULL,
	PRIMARY KEY (controller, blind, client)
) STRICT, WITHOUT ROWID;
CREATE INDEX blind_index_client ON blind_index (client);

CREATE TABLE client_case (
	case_id BLOB NOT NULL PRIMARY KEY,
	client BLOB NOT NULL,
	controller BLOB NOT NULL,
	event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX client_case_client ON client_case (client);

-- Which units have the case: team 0, by what was written or delivered; 1, by a member in the client's team. Both may be.
CREATE TABLE case_unit (
	case_id BLOB NOT NULL,
	unit BLOB NOT NULL,
	team INTEGER NOT NULL,
	event INTEGER NOT NULL,
	PRIMARY KEY (case_id, unit, team)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_unit_unit ON case_unit (unit, case_id);

-- A person is in the team of a case once, and a case has one manager.
CREATE TABLE care_team (
	event INTEGER NOT NULL,
	n INTEGER NOT NULL,
	case_id BLOB NOT NULL,
	user BLOB NOT NULL,
	unit BLOB NOT NULL,
	organisation BLOB NOT NULL,
	case_manager INTEGER NOT NULL,
	from_us INTEGER NOT NULL,
	until_us INTEGER,
	PRIMARY KEY (event, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX care_team_member ON care_team (case_id, user) WHERE until_us IS NULL;
CREATE UNIQUE INDEX care_team_manager ON care_team (case_id) WHERE case_manager <> 0 AND until_us IS NULL;

-- Statements --------------------------------------------------------------------------------------------------------

-- client, case_id, author and sealed come from the statement itself; they are NULL when it has been erased.
CREATE TABLE statement (
	id BLOB NOT NULL PRIMARY KEY,
	event INTEGER NOT NULL,
	sha256 BLOB NOT NULL,
	kind INTEGER NOT NULL,
	organisation BLOB NOT NULL,
	unit BLOB NOT NULL,
	in_reply_to BLOB,
	late INTEGER NOT NULL,
	accepted_us INTEGER NOT NULL
) STRICT;
CREATE INDEX statement_unit ON statement (unit, event);
CREATE INDEX statement_reply ON statement (in_reply_to) WHERE in_reply_to IS NOT NULL;

CREATE TABLE content (
	statement BLOB NOT NULL PRIMARY KEY,
	client BLOB,
	case_id BLOB,
	author BLOB NOT NULL,
	sealed BLOB NOT NULL
) STRICT;
CREATE INDEX content_case ON content (case_id) WHERE case_id IS NOT NULL;

CREATE TABLE content_key (
	statement BLOB NOT NULL,
	controller BLOB NOT NULL,
	client BLOB NOT NULL,
	wrapped BLOB NOT NULL,
	PRIMARY KEY (statement, controller)
) STRICT, WITHOUT ROWID;
CREATE INDEX content_key_client ON content_key (client);

-- The file's name, and its key wrapped under the statement's.
CREATE TABLE attachment (
	statement BLOB NOT NULL,
	id BLOB NOT NULL,
	file BLOB NOT NULL,
	wrapped BLOB NOT NULL,
	PRIMARY KEY (statement, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attachment_file ON attachment (file);

CREATE TABLE copy (
	statement BLOB NOT NULL,
	controller BLOB NOT NULL,
	client BLOB,
	case_id BLOB,
	event INTEGER NOT NULL,
	PRIMARY KEY (statement, controller)
) STRICT, WITHOUT ROWID;
CREATE INDEX copy_case ON copy (case_id);

CREATE TABLE consent (
	statement BLOB NOT NULL PRIMARY KEY,
	ended INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE consent_part (
	consent BLOB NOT NULL,
	statement BLOB NOT NULL,
	PRIMARY KEY (consent, statement)
) STRICT, WITHOUT ROWID;

-- Deliveries --------------------------------------------------------------------------------------------------------

CREATE TABLE delivery (
	id BLOB NOT NULL PRIMARY KEY,
	statement BLOB NOT NULL,
	position INTEGER NOT NULL,
	state INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	since_us INTEGER NOT NULL,
	recipient_kind INTEGER NOT NULL,
	organisation BLOB NOT NULL,
	unit BLOB,
	role INTEGER NOT NULL,
	user BLOB,
	urgency INTEGER NOT NULL,
	deadline INTEGER NOT NULL,
	basis INTEGER NOT NULL,
	claimed_by BLOB,
	opened INTEGER
) STRICT;
CREATE INDEX delivery_unit ON delivery (unit, position);
CREATE INDEX delivery_statement ON delivery (statement);

CREATE TABLE delivery_consent (
	consent BLOB NOT NULL,
	delivery BLOB NOT NULL,
	PRIMARY KEY (consent, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_consent_delivery ON delivery_consent (delivery);

CREATE TABLE delivery_step (
	delivery BLOB NOT NULL,
	event INTEGER NOT NULL,
	n INTEGER NOT NULL,
	step INTEGER NOT NULL,
	state INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	statement BLOB,
	time_us INTEGER NOT NULL,
	PRIMARY KEY (delivery, event, n)
) STRICT, WITHOUT ROWID;

-- Erasures --------------------------------------------------------------------------------------------------------

-- proposed, ended: events. Without a proposal where an older database was restored and the journal replayed.
CREATE TABLE erasure (
	id BLOB NOT NULL PRIMARY KEY,
	controller BLOB NOT NULL,
	client BLOB NOT NULL,
	scope INTEGER NOT NULL,
	statement BLOB,
	reason INTEGER NOT NULL,
	reference TEXT,
	proposer BLOB,
	proposed INTEGER,
	proposed_us INTEGER NOT NULL,
	until_us INTEGER NOT NULL,
	ended INTEGER,
	ended_by BLOB,
	done INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_controller ON erasure (controller, id) WHERE ended IS NULL;

CREATE TABLE configuration (
	name TEXT NOT NULL,
	event INTEGER NOT NULL,
	sha256 BLOB NOT NULL,
	PRIMARY KEY (name, event)
) STRICT, WITHOUT ROWID;
