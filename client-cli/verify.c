/* Verification without a server: of what `receipt --out` and `audit who-saw --out` have written. */

#include "commands.h"
#include "generation.h"
#include "lahetti/message.h"
#include "output.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUNDLE_MOST ((size_t)1 << 30)

static const char *const claims[LAHETTI_CLAIMS] = {
	[LAHETTI_CLAIM_LOG_KEY] = "log-key",	   [LAHETTI_CLAIM_GENERATION] = "generation",
	[LAHETTI_CLAIM_CHECKPOINT] = "checkpoint", [LAHETTI_CLAIM_LINE] = "line",
	[LAHETTI_CLAIM_CHAIN] = "chain",	   [LAHETTI_CLAIM_SIGNATURE] = "signature",
	[LAHETTI_CLAIM_RECEIPT] = "receipt",	   [LAHETTI_CLAIM_ENROLMENT] = "enrolment",
};

static void tell(struct report *r, const struct lahetti_finding *finding, uint64_t number)
{
	const char *result = !finding->holds	 ? "cli.fails"
			     : finding->unproved ? "cli.not-shown"
						 : "cli.holds";
	const char *sentence = NULL;
	char digits[32];
	char key[64];

	r->not_shown += finding->holds && finding->unproved;
	if (r->table == NULL)
		return;
	(void)snprintf(digits, sizeof digits, "%" PRIu64, number);
	(void)snprintf(key, sizeof key, "cli.claim.%s%s", claims[finding->claim],
		       finding->unproved ? "-unproved" : "");
	if (!finding->holds)
		sentence = finding->why.code != NULL
				   ? lahetti_text_of_code(finding->why.code, r->c->language)
				   : NULL;
	table_row(r->table);
	table_text(r->table, "result", cli_text(r->c, result));
	table_text(r->table, "claim", cli_fill(r->c, key, digits, NULL));
	table_text(r->table, "why",
		   finding->holds     ? ""
		   : sentence != NULL ? sentence
				      : finding->why.text);
}

/* The lines come together: what holds of them is said once, after the last. */
static void tell_lines(struct report *r)
{
	const struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_LINE, .holds = true};

	if (r->lines > 0 && !r->told_lines)
		tell(r, &finding, r->lines);
	r->told_lines = true;
}

void report_finding(void *context, const struct lahetti_finding *finding)
{
	struct report *r = context;

	if (finding->claim == LAHETTI_CLAIM_LINE && finding->holds) {
		r->lines++;
		return;
	}
	if (finding->claim == LAHETTI_CLAIM_CHAIN && finding->holds) {
		r->entries += finding->event;
		r->of_client |= lahetti_id_equal(&finding->client, &r->client);
	}
	if (finding->claim == LAHETTI_CLAIM_LINE) {
		struct lahetti_finding failed = *finding;

		failed.unproved = true; /* the text that names one line */
		tell(r, &failed, finding->event);
		return;
	}
	if (finding->claim > LAHETTI_CLAIM_LINE)
		tell_lines(r);
	tell(r, finding, finding->event);
}

bool report_verify(struct cli *c, struct lahetti_span bundle, const char *log_key,
		   struct report *report)
{
	struct lahetti_fault fault = {0};
	bool holds = lahetti_bundle_verify(bundle, log_key, report_finding, report, &fault);

	tell_lines(report);
	if (holds)
		return true;
	return cli_fault(c, fault.kind == LAHETTI_FAULT_MALFORMED ? CLI_WRONG_USE : CLI_NOT_PROVED,
			 &fault);
}

/* ---- the command --------------------------------------------------------------------------- */

/* The first field of a bundle is the key that it names. */
static struct lahetti_span named_key(struct lahetti_span bundle)
{
	size_t len;

	if (bundle.len < 2 || bundle.data[0] != 0x0a || bundle.data[1] >= 0x80)
		return lahetti_span(NULL, 0);
	len = bundle.data[1];
	return len <= bundle.len - 2 ? lahetti_span(bundle.data + 2, len) : lahetti_span(NULL, 0);
}

/* A verifier key begins with the log's name, and a plus. */
static bool same_log(const char *name, struct lahetti_span vkey)
{
	size_t len = strlen(name);

	return vkey.len > len && memcmp(vkey.data, name, len) == 0 && vkey.data[len] == '+';
}

/* The key that is trusted: the one given, else that of this device's log, of whatever generation,
 * where the bundle is of it. */
static bool trusted_key(struct cli *c, struct lahetti_span bundle, const char **key)
{
	struct lahetti_span named = named_key(bundle);
	struct generations log;
	struct profile profile;
	bool found;

	*key = args_value(c, "log-key");
	if (*key != NULL)
		return true;
	if (!profile_read(c, &profile, &found))
		return false;
	if (!found)
		return true;
	if (!generations_load(c, profile.log_key, &log))
		return false;
	for (size_t i = 0; i < log.n; i++)
		if (same_log(lahetti_note_verifier_name(log.list[i].log), named))
			*key = lahetti_arena_text(
				&c->arena,
				lahetti_span_text(lahetti_note_verifier_vkey(log.list[i].log)));
	generations_finish(&log);
	return true;
}

bool command_verify(struct cli *c)
{
	struct report report = {.c = c};
	struct lahetti_buffer bytes;
	const char *key;
	bool ok;

	lahetti_buffer_init(&bytes, BUNDLE_MOST);
	ok = home_read_path(c, args_value(c, "BUNDLE"), &bytes) &&
	     trusted_key(c, lahetti_buffer_span(&bytes), &key);
	if (ok) {
		report.table = table_create(c, TABLE_LIST);
		ok = report.table != NULL;
	}
	if (ok) {
		ok = report_verify(c, lahetti_buffer_span(&bytes), key, &report);
		ok = table_print(report.table, ok);
	}
	lahetti_buffer_finish(&bytes);
	if (ok)
		cli_say(c, report.not_shown == 0 ? "cli.verify-whole" : "cli.verify-partly", NULL,
			NULL);
	return ok;
}
