/* What a certificate that TLS has verified says about its holder. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "lahetti/id.h"

/*
 * The user that a device's certificate (DER) names: its one URI SAN of the form "urn:uuid:…".
 * "bad-certificate" (MALFORMED); "no-user" (INVALID) where it names none, several, or something
 * else than a user's identifier. Whose word that is, TLS has checked: nothing is verified here.
 */
LAHETTI_CHECKED bool certificate_user(struct lahetti_span der, struct lahetti_id *user,
				      struct lahetti_fault *f);

#endif
