/*
 * What AddressSanitizer is told about lahetti where ASAN_OPTIONS does not say otherwise. At each
 * command a passphrase becomes a key in 600,000 rounds with allocations in each; freed memory is
 * kept back from use, 256 MB of it else, and most of a command's time goes there.
 */

/* As the sanitizer looks for it. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}
