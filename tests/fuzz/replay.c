/* Runs a fuzz target on every file of the folders given, and on nothing at all. */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat s;
	bool done = false;

	if (file == NULL || fstat(fileno(file), &s) != 0)
		goto out;
	/* As many bytes as the file has and no more, so that reading beyond them is noticed. */
	data = malloc(s.st_size > 0 ? (size_t)s.st_size : 1);
	if (data == NULL || fread(data, 1, (size_t)s.st_size, file) != (size_t)s.st_size)
		goto out;
	(void)LLVMFuzzerTestOneInput(data, (size_t)s.st_size);
	done = true;
out:
	if (!done)
		perror(path);
	free(data);
	if (file != NULL)
		(void)fclose(file);
	return done;
}

/* How many files it ran, or -1. */
static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL) {
		perror(folder);
		return -1;
	}
	while (n >= 0 && (entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		n = run_file(path) ? n + 1 : -1;
	}
	(void)closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	(void)LLVMFuzzerTestOneInput(NULL, 0);
	for (int i = 1; i < argc; i++) {
		int n = run_folder(argv[i]);

		/* A folder without files would be a test that cannot fail. */
		if (n <= 0)
			return EXIT_FAILURE;
		(void)printf("%s: %d files\n", argv[i], n);
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
