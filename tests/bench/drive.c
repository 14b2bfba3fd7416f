#include "drive.h"

#include <stdlib.h>
#include <unistd.h>

#define SECOND_US   INT64_C(1000000)
#define PATIENCE_US (60 * SECOND_US) /* without anything heard */

static int64_t due_us(const struct drive *d, unsigned message)
{
	return d->started_us + (int64_t)message * 1000000 / d->load->rate;
}

static void send_one(struct drive *d, unsigned message, int64_t at_us)
{
	d->sent_us[message] = at_us;
	d->sent++;
	d->send(d->context, message);
}

/* What the windows allow; or at a rate what is due, reckoned from when it was due. */
static void send_some(struct drive *d, unsigned sender)
{
	while (d->under_way[sender] < d->load->window && d->next[sender] < d->load->messages) {
		d->under_way[sender]++;
		send_one(d, d->next[sender], bench_now_us());
		d->next[sender] += d->load->senders;
	}
}

/* How long the next is not due. */
static int64_t send_due(struct drive *d)
{
	int64_t now_us = bench_now_us();

	while (d->sent < d->load->messages && due_us(d, d->sent) <= now_us)
		send_one(d, d->sent, due_us(d, d->sent));
	return d->sent == d->load->messages ? SECOND_US : due_us(d, d->sent) - now_us;
}

void drive_acknowledged(struct drive *d, unsigned message)
{
	unsigned sender = message % d->load->senders;

	must(message < d->load->messages && d->sent_us[message] != 0, "an answer to nothing");
	d->took_ms[d->acknowledged++] = (double)(bench_now_us() - d->sent_us[message]) / 1000;
	if (d->load->rate != 0)
		return;
	d->under_way[sender]--;
	send_some(d, sender);
}

void drive_arrived(struct drive *d, unsigned messages)
{
	d->arrived += messages;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void drive_run(struct drive *d, pid_t server, struct round *round)
{
	unsigned n = d->load->messages, heard = 0;
	struct usage server_before, server_after, client_before, client_after;
	int64_t last_us;
	double seconds;

	d->sent_us = calloc(n, sizeof *d->sent_us);
	d->took_ms = calloc(n, sizeof *d->took_ms);
	d->next = calloc(d->load->senders, sizeof *d->next);
	d->under_way = calloc(d->load->senders, sizeof *d->under_way);
	must(d->sent_us != NULL && d->took_ms != NULL && d->next != NULL && d->under_way != NULL,
	     "no memory");
	d->sent = d->acknowledged = d->arrived = 0;
	usage_of(server, &server_before);
	usage_of(getpid(), &client_before);
	d->started_us = last_us = bench_now_us();
	for (unsigned i = 0; i < d->load->senders; i++) {
		d->next[i] = i;
		if (d->load->rate == 0)
			send_some(d, i);
	}
	while (d->acknowledged < n || d->arrived < n) {
		loop_turn(d->loop, d->load->rate == 0 ? SECOND_US : send_due(d));
		if (d->acknowledged + d->arrived != heard)
			last_us = bench_now_us();
		heard = d->acknowledged + d->arrived;
		must(bench_now_us() - last_us < PATIENCE_US,
		     "nothing was heard for a minute: %u of %u acknowledged, %u arrived",
		     d->acknowledged, n, d->arrived);
	}
	seconds = (double)(bench_now_us() - d->started_us) / 1e6;
	usage_of(server, &server_after);
	usage_of(getpid(), &client_after);
	qsort(d->took_ms, n, sizeof *d->took_ms, by_size);
	round->messages_a_second = n / seconds;
	round->p50_ms = d->took_ms[n / 2];
	round->p99_ms = d->took_ms[(size_t)n * 99 / 100];
	round->server_us = (server_after.cpu_us - server_before.cpu_us) / n;
	round->client_us = (client_after.cpu_us - client_before.cpu_us) / n;
	round->written_kib = (server_after.written_bytes - server_before.written_bytes) / n / 1024;
	free(d->sent_us);
	free(d->took_ms);
	free(d->next);
	free(d->under_way);
}
