#include "bench.h"

#include "stage.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MOST 99

void bench_failed(const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fprintf(stderr, "bench: ");
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fprintf(stderr, "\n");
	exit(1);
}

int64_t bench_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The number behind words in a file of /proc; 0 where it may not be read. */
static double number_in(pid_t pid, const char *file, const char *words)
{
	char path[64], text[4096];
	const char *at;
	size_t len;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	len = fread(text, 1, sizeof text - 1, f);
	text[len] = '\0';
	(void)fclose(f);
	at = strstr(text, words);
	return at == NULL ? 0 : strtod(at + strlen(words), NULL);
}

double resident_kib(pid_t pid)
{
	return number_in(pid, "status", "\nVmRSS:");
}

void usage_of(pid_t pid, struct usage *u)
{
	clockid_t clock;
	struct timespec t = {0};

	must(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0,
	     "the process %d can't be measured: %s", (int)pid, strerror(errno));
	u->cpu_us = (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
	u->written_bytes = number_in(pid, "io", "\nwrite_bytes: ");
}

/* Options
 * -----------------------------------------------------------------------------------------------------
 */

struct options {
	struct load load;
	unsigned rounds;
	bool alone;
};

_Noreturn static void usage(int status)
{
	(void)fprintf(
		status == 0 ? stdout : stderr,
		"usage: bench [--senders N] [--window N] [--recipients N] [--messages N] [--bytes N]\n"
		"             [--rate N] [--decided] [--away] [--crowd N] [--stored N] [--rounds N]\n"
		"             [--alone]\n\n"
		"Drives lahettid and beside it redis-server and mosquitto, in turn, and prints the median\n"
		"of the rounds, the least and the most.\n"
		"--rate     so many messages a second instead of windows\n"
		"--decided  recipients open and decide besides, which the others know nothing of\n"
		"--away     besides, recipients go, and come back for what was stored\n"
		"--crowd    besides, so many sessions come and are idle beside the load, and come once more\n"
		"           while it runs; with a rate, else 500 a second\n"
		"--stored   so many messages are sent before the first round\n"
		"--alone    lahettid only\n"
		"What is written lies below $TMPDIR and is removed.\n");
	exit(status);
}

static unsigned number_of(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < least || n > most) {
		(void)fprintf(stderr, "bench: %s is not a number from %u to %u\n", text, least,
			      most);
		exit(2);
	}
	return (unsigned)n;
}

/* The numbers among the options, and where each is kept. */
static const struct {
	const char *name;
	size_t offset;
	unsigned least, most;
} numbers[] = {
	{"senders", offsetof(struct options, load.senders), 1, 1000},
	{"window", offsetof(struct options, load.window), 1, 1000},
	{"recipients", offsetof(struct options, load.recipients), 1, 100},
	{"messages", offsetof(struct options, load.messages), 1, 1000000},
	{"bytes", offsetof(struct options, load.bytes), 700, 60000},
	{"rate", offsetof(struct options, load.rate), 1, 100000},
	{"crowd", offsetof(struct options, load.crowd), 1, 10000},
	{"stored", offsetof(struct options, load.stored), 1, 10000000},
	{"rounds", offsetof(struct options, rounds), 1, ROUNDS_MOST},
};
#define NUMBERS ((int)(sizeof numbers / sizeof *numbers))

static void read_options(struct options *o, int argc, char **argv)
{
	struct option names[NUMBERS + 5] = {
		[NUMBERS] = {"decided", no_argument, NULL, 'd'},
		[NUMBERS + 1] = {"away", no_argument, NULL, 'w'},
		[NUMBERS + 2] = {"alone", no_argument, NULL, 'a'},
		[NUMBERS + 3] = {"help", no_argument, NULL, 'h'},
	};
	int option;

	for (int i = 0; i < NUMBERS; i++)
		names[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	*o = (struct options){
		.load = {.senders = 32,
			 .window = 4,
			 .recipients = 4,
			 .messages = 10000,
			 .bytes = 2048},
		.rounds = 5,
	};
	while ((option = getopt_long(argc, argv, "h", names, NULL)) >= 0) {
		if (option < NUMBERS) {
			unsigned n = number_of(optarg, numbers[option].least, numbers[option].most);

			memcpy((char *)o + numbers[option].offset, &n, sizeof n);
		} else if (option == 'd') {
			o->load.decided = o->alone = true;
		} else if (option == 'w') {
			o->load.away = true;
		} else if (option == 'a') {
			o->alone = true;
		} else {
			usage(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc)
		usage(2);
	if (o->load.crowd > 0 && o->load.rate == 0)
		o->load.rate = 500;
}

/* As many connections as there will be, here and in each server. */
static void raise_descriptors(const struct load *load)
{
	rlim_t wanted = load->senders + load->recipients + load->crowd + 1000;
	struct rlimit r;

	must(getrlimit(RLIMIT_NOFILE, &r) == 0, "no limit is known");
	if (r.rlim_cur >= wanted)
		return;
	must(r.rlim_max >= wanted,
	     "%llu descriptors are needed and %llu allowed: raise the hard limit (ulimit -Hn)",
	     (unsigned long long)wanted, (unsigned long long)r.rlim_max);
	r.rlim_cur = wanted;
	must(setrlimit(RLIMIT_NOFILE, &r) == 0, "the limit of descriptors can't be raised");
}

/* Telling
 * -----------------------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static const char *const words[FIGURES] = {
#define FIGURE(name, words) [FIGURE_##name] = (words),
#include "figures.def"
#undef FIGURE
};

static const struct contender *const contenders[] = {&contender_lahetti, &contender_redis,
						     &contender_mosquitto};
#define CONTENDERS (sizeof contenders / sizeof *contenders)

struct spread {
	double median, least, most;
};

static struct spread spread_of(const struct round *rounds, unsigned n, enum figure figure)
{
	double values[ROUNDS_MOST];

	for (unsigned i = 0; i < n; i++)
		values[i] = rounds[i].figures[figure];
	qsort(values, n, sizeof *values, by_size);
	return (struct spread){(values[(n - 1) / 2] + values[n / 2]) / 2, values[0], values[n - 1]};
}

static int digits(double value)
{
	return value >= 100 ? 0 : value >= 10 ? 1 : 2;
}

static void print_figure(const struct round (*rounds)[ROUNDS_MOST], size_t n_contenders, unsigned n,
			 enum figure figure)
{
	double first = 0;

	for (size_t k = 0; k < n_contenders; k++) {
		struct spread s = spread_of(rounds[k], n, figure);

		if (isnan(s.median))
			continue;
		(void)printf("%-30s %-10s %9.*f %9.*f %9.*f", words[figure], contenders[k]->name,
			     digits(s.median), s.median, digits(s.least), s.least, digits(s.most),
			     s.most);
		if (k == 0)
			first = s.median;
		else if (s.median > 0)
			(void)printf(" %9.2f", first / s.median);
		(void)printf("\n");
	}
}

static void print_head(const struct options *o, size_t bytes)
{
	(void)printf("%u senders x window %u, %u recipients, %u messages of %zu bytes a round, "
		     "%u rounds",
		     o->load.senders, o->load.window, o->load.recipients, o->load.messages, bytes,
		     o->rounds);
	if (o->load.rate != 0)
		(void)printf(", %u messages a second whatever the window", o->load.rate);
	if (o->load.decided)
		(void)printf(", opened and decided");
	if (o->load.away)
		(void)printf(", recipients away and back");
	if (o->load.crowd != 0)
		(void)printf(", a crowd of %u", o->load.crowd);
	if (o->load.stored != 0)
		(void)printf(", %u stored before", o->load.stored);
	(void)printf("; %ld cores\n\n%-30s %-10s %9s %9s %9s %9s\n", sysconf(_SC_NPROCESSORS_ONLN),
		     "", "", "median", "least", "most", "lahettid/");
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct round rounds[CONTENDERS][ROUNDS_MOST];
	struct stage *stages[CONTENDERS] = {NULL};
	struct options o;
	struct load same;
	size_t n;

	read_options(&o, argc, argv);
	n = o.alone ? 1 : CONTENDERS;
	raise_descriptors(&o.load);
	stages[0] = stage_create(contenders[0], &o.load);
	/* A record as long as what lahettid is sent. */
	same = o.load;
	same.bytes = (unsigned)stages[0]->bytes;
	for (size_t k = 1; k < n; k++)
		stages[k] = stage_create(contenders[k], &same);
	print_head(&o, stages[0]->bytes);
	for (size_t k = 0; k < n; k++)
		stage_fill(stages[k]);
	for (unsigned i = 0; i < o.rounds; i++)
		for (size_t k = 0; k < n; k++)
			stage_round(stages[k], &rounds[k][i]);
	for (unsigned i = 0; i < o.rounds; i++)
		for (size_t k = 0; k < n; k++)
			if (o.load.crowd == 0)
				stage_restart(stages[k], &rounds[k][i]);
	for (enum figure figure = 0; figure < FIGURES; figure++)
		print_figure((const struct round(*)[ROUNDS_MOST])rounds, n, o.rounds, figure);
	for (size_t k = n; k-- > 0;)
		stage_destroy(stages[k]);
	return 0;
}
