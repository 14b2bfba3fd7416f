#include "drive.h"

#include <math.h>
#include <stdlib.h>

#define SECOND_US INT64_C(1000000)

static int64_t due_us(const struct drive *d, unsigned message)
{
	return d->started_us + (int64_t)message * SECOND_US / d->load->rate;
}

static void send_one(struct drive *d, unsigned message, int64_t at_us, int64_t now_us)
{
	d->sent_us[message] = at_us;
	d->late_ms[d->sent++] = (double)(now_us - at_us) / 1000;
	d->send(d->context, message);
}

static void send_some(struct drive *d, unsigned sender)
{
	while (d->under_way[sender] < d->load->window && d->next[sender] < d->wanted) {
		int64_t now_us = bench_now_us();

		d->under_way[sender]++;
		send_one(d, d->next[sender], now_us, now_us);
		d->next[sender] += d->load->senders;
	}
}

void drive_begin(struct drive *d)
{
	size_t n = d->load->messages;

	d->sent_us = calloc(n, sizeof *d->sent_us);
	d->late_ms = calloc(n, sizeof *d->late_ms);
	d->took_ms = calloc(n, sizeof *d->took_ms);
	d->has_ms = calloc(n, sizeof *d->has_ms);
	d->next = calloc(d->load->senders, sizeof *d->next);
	d->under_way = calloc(d->load->senders, sizeof *d->under_way);
	must(d->sent_us != NULL && d->late_ms != NULL && d->took_ms != NULL && d->has_ms != NULL &&
		     d->next != NULL && d->under_way != NULL,
	     "no memory");
	d->wanted = d->load->messages;
	d->sent = d->acknowledged = d->has = d->arrived = 0;
	d->started_us = bench_now_us();
	for (unsigned i = 0; i < d->load->senders; i++) {
		d->next[i] = i;
		if (d->load->rate == 0)
			send_some(d, i);
	}
}

int64_t drive_due(struct drive *d)
{
	int64_t now_us = bench_now_us();

	if (d->load->rate == 0)
		return SECOND_US;
	while (d->sent < d->wanted && due_us(d, d->sent) <= now_us)
		send_one(d, d->sent, due_us(d, d->sent), now_us);
	return d->sent == d->wanted ? SECOND_US : due_us(d, d->sent) - now_us;
}

void drive_stop(struct drive *d)
{
	d->wanted = d->sent;
}

static double since_ms(const struct drive *d, unsigned message)
{
	must(message < d->load->messages && d->sent_us[message] != 0, "an answer to nothing");
	return (double)(bench_now_us() - d->sent_us[message]) / 1000;
}

void drive_acknowledged(struct drive *d, unsigned message)
{
	unsigned sender = message % d->load->senders;

	d->took_ms[d->acknowledged] = since_ms(d, message);
	d->acknowledged++;
	if (d->load->rate != 0)
		return;
	d->under_way[sender]--;
	send_some(d, sender);
}

void drive_has(struct drive *d, unsigned message)
{
	must(d->has < d->load->messages, "a message has come twice");
	d->has_ms[d->has] = since_ms(d, message);
	d->has++;
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

/* Of values that are sorted with it. */
static double percentile(double *values, size_t n, size_t percent)
{
	if (n == 0)
		return (double)NAN;
	qsort(values, n, sizeof *values, by_size);
	return values[n * percent / 100];
}

void drive_end(struct drive *d, struct driven *driven)
{
	*driven = (struct driven){
		.seconds = (double)(bench_now_us() - d->started_us) / 1e6,
		.ack_p50_ms = percentile(d->took_ms, d->acknowledged, 50),
		.ack_p99_ms = percentile(d->took_ms, d->acknowledged, 99),
		.has_p50_ms = percentile(d->has_ms, d->has, 50),
		.late_p99_ms = percentile(d->late_ms, d->sent, 99),
	};
	free(d->sent_us);
	free(d->late_ms);
	free(d->took_ms);
	free(d->has_ms);
	free(d->next);
	free(d->under_way);
	d->sent_us = NULL;
}
