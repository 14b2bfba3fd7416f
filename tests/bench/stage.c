#include "stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AT_ONCE	    32			      /* who are on their way in */
#define PATIENCE_US (60 * INT64_C(1000000))   /* without anything heard */
#define LONGEST_US  (3600 * INT64_C(1000000)) /* a wait */

struct certificates stage_certificates;

/* Coming and going
 * ------------------------------------------------------------------------------------------------------
 */

static size_t hear(void *context, struct lahetti_span heard)
{
	struct talker *t = context;

	return t->stage->contender->hear(t, heard);
}

static void come_next(struct stage *s, enum part part)
{
	struct talker *t = &s->talkers[part][s->begun[part]++];

	t->link = link_open(s->loop, s->port, s->contender->papers(t), hear, t);
	s->contender->greet(t);
}

void stage_ready(struct talker *t)
{
	struct stage *s = t->stage;

	must(!t->ready, "somebody is ready twice");
	t->ready = true;
	s->ready[t->part]++;
	if (s->begun[t->part] < s->many[t->part])
		come_next(s, t->part);
}

static void begin_coming(struct stage *s, enum part part)
{
	s->begun[part] = s->ready[part] = 0;
	while (s->begun[part] < s->many[part] && s->begun[part] < AT_ONCE)
		come_next(s, part);
}

static void go(struct stage *s, enum part part)
{
	for (unsigned i = 0; i < s->many[part]; i++)
		link_end(s->talkers[part][i].link);
	for (unsigned i = 0; i < s->many[part]; i++) {
		struct talker *t = &s->talkers[part][i];

		link_close(t->link);
		t->link = NULL;
		t->ready = t->upgraded = false;
	}
}

/* Turns until something is so; a load that is under way goes on meanwhile. */
static void await(struct stage *s, bool (*so)(const struct stage *s))
{
	int64_t began_us = bench_now_us(), last_us = began_us, now_us;
	uint64_t heard = loop_heard(s->loop);

	while (!so(s)) {
		loop_turn(s->loop, s->drive.sent_us == NULL ? 1000000 : drive_due(&s->drive));
		now_us = bench_now_us();
		if (loop_heard(s->loop) != heard)
			last_us = now_us;
		heard = loop_heard(s->loop);
		must(now_us - last_us < PATIENCE_US && now_us - began_us < LONGEST_US,
		     "%s: waited too long: %u of %u acknowledged, %u arrived", s->contender->name,
		     s->drive.acknowledged, s->drive.wanted, s->drive.arrived);
	}
}

static bool all_are_in(const struct stage *s)
{
	return s->ready[SENDER] == s->many[SENDER] && s->ready[RECIPIENT] == s->many[RECIPIENT];
}

static void come_all(struct stage *s)
{
	begin_coming(s, RECIPIENT);
	begin_coming(s, SENDER);
	await(s, all_are_in);
}

struct stage *stage_create(const struct contender *contender, const struct load *load)
{
	struct stage *s = calloc(1, sizeof *s);
	char ca[300];

	must(s != NULL, "no memory");
	*s = (struct stage){.contender = contender,
			    .load = load,
			    .many = {[SENDER] = load->senders,
				     [RECIPIENT] = load->recipients,
				     [CROWD] = load->crowd}};
	for (enum part part = 0; part < PARTS; part++) {
		s->talkers[part] = calloc(s->many[part] + 1, sizeof *s->talkers[part]);
		must(s->talkers[part] != NULL, "no memory");
		for (unsigned i = 0; i < s->many[part]; i++)
			s->talkers[part][i] =
				(struct talker){.stage = s, .part = part, .number = i};
	}
	s->server = contender->create(s);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", stage_certificates.folder);
	s->loop = loop_create(ca);
	come_all(s);
	s->bytes = contender->prepare(s->server);
	return s;
}

static void go_all(struct stage *s)
{
	for (enum part part = 0; part < PARTS; part++)
		go(s, part);
}

void stage_destroy(struct stage *s)
{
	go_all(s);
	for (enum part part = 0; part < PARTS; part++)
		free(s->talkers[part]);
	s->contender->stop(s->server);
	s->contender->destroy(s->server);
	loop_destroy(s->loop);
	free(s);
}

void stage_restart(struct stage *s, struct round *round)
{
	int64_t began_us;

	go_all(s);
	s->contender->stop(s->server);
	began_us = bench_now_us();
	s->contender->start(s->server);
	round->figures[FIGURE_COLD_MS] = (double)(bench_now_us() - began_us) / 1000;
	round->figures[FIGURE_COLD_MIB] = resident_kib(s->pid) / 1024;
	come_all(s);
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static void send_message(void *context, unsigned message)
{
	struct stage *s = context;

	s->contender->send(&s->talkers[SENDER][message % s->load->senders], message);
}

void stage_acknowledged(struct talker *sender)
{
	drive_acknowledged(&sender->stage->drive,
			   sender->number + sender->answered++ * sender->stage->load->senders);
}

static void begin_load(struct stage *s)
{
	(void)s->contender->prepare(s->server);
	for (unsigned i = 0; i < s->many[SENDER]; i++)
		s->talkers[SENDER][i].answered = 0;
	s->drive = (struct drive){.load = s->load, .context = s, .send = send_message};
	drive_begin(&s->drive);
}

static bool all_has_arrived(const struct stage *s)
{
	const struct drive *d = &s->drive;

	return d->acknowledged == d->wanted && d->arrived == d->wanted;
}

/* Everything through, everybody on line. */
static void run_load(struct stage *s, struct round *round)
{
	double *f = round->figures, n = s->load->messages;
	double frames_before = 0, commits_before = 0, frames, commits;
	struct usage server_before, server, client_before, client;
	struct driven driven;

	if (s->contender->count != NULL)
		s->contender->count(s->server, &frames_before, &commits_before);
	begin_load(s);
	usage_of(s->pid, &server_before);
	usage_of(getpid(), &client_before);
	await(s, all_has_arrived);
	usage_of(s->pid, &server);
	usage_of(getpid(), &client);
	drive_end(&s->drive, &driven);
	f[FIGURE_MESSAGES] = n / driven.seconds;
	f[FIGURE_ACK_P50] = driven.ack_p50_ms;
	f[FIGURE_ACK_P99] = driven.ack_p99_ms;
	f[FIGURE_HAS_P50] = driven.has_p50_ms;
	if (s->load->rate != 0)
		f[FIGURE_LATE_P99] = driven.late_p99_ms;
	f[FIGURE_SERVER_US] = (server.cpu_us - server_before.cpu_us) / n;
	f[FIGURE_CLIENT_US] = (client.cpu_us - client_before.cpu_us) / n;
	f[FIGURE_WRITTEN] = (server.written_bytes - server_before.written_bytes) / n / 1024;
	if (s->contender->count != NULL) {
		s->contender->count(s->server, &frames, &commits);
		f[FIGURE_FRAMES] = (frames - frames_before) / (commits - commits_before);
		f[FIGURE_COMMITS] = (commits - commits_before) / n;
	}
}

void stage_fill(struct stage *s)
{
	struct round unused;

	for (unsigned n = 0; n < s->load->stored; n += s->load->messages)
		run_load(s, &unused);
}

static bool all_is_acknowledged(const struct stage *s)
{
	return s->drive.acknowledged == s->drive.wanted;
}

static bool all_has_been_fetched(const struct stage *s)
{
	return all_are_in(s) && all_has_arrived(s);
}

static double seconds_since(int64_t began_us)
{
	return (double)(bench_now_us() - began_us) / 1e6;
}

/* Recipients go; everything is stored; they come back and get it. */
static void run_away(struct stage *s, struct round *round)
{
	double n = s->load->messages;
	struct driven unused;
	int64_t began_us;

	go(s, RECIPIENT);
	begin_load(s);
	began_us = s->drive.started_us;
	await(s, all_is_acknowledged);
	round->figures[FIGURE_STORED] = n / seconds_since(began_us);
	began_us = bench_now_us();
	begin_coming(s, RECIPIENT);
	await(s, all_has_been_fetched);
	round->figures[FIGURE_DRAINED] = n / seconds_since(began_us);
	drive_end(&s->drive, &unused);
}

static bool crowd_is_in(const struct stage *s)
{
	return s->ready[CROWD] == s->many[CROWD];
}

/* How many of them a second. */
static double come_as_crowd(struct stage *s)
{
	int64_t began_us = bench_now_us();

	begin_coming(s, CROWD);
	await(s, crowd_is_in);
	return s->many[CROWD] / seconds_since(began_us);
}

/* In a server just started: what has once been used by a crowd is not given back, so memory is told
 * by the first. */
static void run_crowd(struct stage *s, struct round *round)
{
	double *f = round->figures, before_kib = resident_kib(s->pid);
	struct usage before, after;
	struct round beside;
	struct driven driven;

	f[FIGURE_RESIDENT_MIB] = before_kib / 1024;
	usage_of(s->pid, &before);
	f[FIGURE_CONNECTS] = come_as_crowd(s);
	usage_of(s->pid, &after);
	f[FIGURE_CONNECT_US] = (after.cpu_us - before.cpu_us) / s->many[CROWD];
	f[FIGURE_IDLE_KIB] = (resident_kib(s->pid) - before_kib) / s->many[CROWD];
	run_load(s, &beside);
	f[FIGURE_CROWD_P50] = beside.figures[FIGURE_HAS_P50];
	f[FIGURE_CROWD_P99] = beside.figures[FIGURE_ACK_P99];
	go(s, CROWD);
	begin_load(s);
	f[FIGURE_STORM_CONNECTS] = come_as_crowd(s);
	drive_stop(&s->drive);
	await(s, all_has_arrived);
	drive_end(&s->drive, &driven);
	f[FIGURE_STORM_P99] = driven.ack_p99_ms;
	stage_restart(s, round);
}

void stage_round(struct stage *s, struct round *round)
{
	double *f = round->figures;

	for (size_t i = 0; i < FIGURES; i++)
		f[i] = (double)NAN;
	f[FIGURE_VERIFICATIONS] = limit_verifications();
	f[FIGURE_SYNCS] = limit_syncs(s->load->bytes);
	run_load(s, round);
	f[FIGURE_SERVER_VERIFICATIONS] = f[FIGURE_SERVER_US] * f[FIGURE_VERIFICATIONS] / 1e6;
	if (s->load->away)
		run_away(s, round);
	if (s->load->crowd > 0)
		run_crowd(s, round);
}
