#include "lahetti/span.h"

#include <openssl/crypto.h>
#include <string.h>

struct lahetti_span lahetti_span_text(const char *text)
{
	return lahetti_span(text, strlen(text));
}

bool lahetti_span_equal(struct lahetti_span a, struct lahetti_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool lahetti_span_equal_secret(struct lahetti_span a, struct lahetti_span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void lahetti_wipe(void *data, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(data, len);
}
