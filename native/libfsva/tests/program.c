/* A program of C that uses all of fsva.h: program SOCKET DIRECTORY. Prints what went wrong and fails, or prints "done". */
#include <errno.h>
#include <fcntl.h>
#include <fsva.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct fsva_stat) == 96, "as the library has it");
_Static_assert(offsetof(struct fsva_stat, mode) == 32, "as the library has it");
_Static_assert(offsetof(struct fsva_stat, ctime) == 80, "as the library has it");

#define CHECK(condition)                                                                                              \
	do {                                                                                                          \
		if (!(condition)) {                                                                                   \
			fprintf(stderr, "%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #condition, errno,          \
				fsva_strerror(errno));                                                                \
			exit(1);                                                                                      \
		}                                                                                                     \
	} while (0)

enum { BYTES = 3000000 };

int main(int count, char **arguments)
{
	char path[4096];
	CHECK(count == 3);
	snprintf(path, sizeof path, "%s/from-c", arguments[2]);

	CHECK(fsva_connect(path, 0) == NULL && errno == ENOTCONN);
	CHECK(fsva_connect(arguments[1], 1u << 7) == NULL && errno == EINVAL);
	fsva_connection *connection = fsva_connect(arguments[1], 0);
	CHECK(connection != NULL);

	int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0640);
	CHECK(descriptor >= 0);
	CHECK(fsva_open(connection, -1) == NULL && errno == EBADF);
	fsva_file *file = fsva_open(connection, descriptor);
	CHECK(file != NULL);
	CHECK(fsva_is_direct(file) == 1);

	unsigned char *written = malloc(BYTES), *found = malloc(BYTES);
	CHECK(written != NULL && found != NULL);
	for (size_t at = 0; at < BYTES; at++)
		written[at] = (unsigned char)(at * 2654435761u >> 13);
	CHECK(fsva_write(file, written, BYTES, 0) == BYTES);
	CHECK(fsva_fsync(file) == 0);
	/* Opened anew: on NFS the kernel looks again then. */
	int kernels = open(path, O_RDONLY);
	CHECK(pread(kernels, found, BYTES, 0) == BYTES && memcmp(written, found, BYTES) == 0 && close(kernels) == 0);
	memset(found, 0, BYTES);
	CHECK(fsva_read(file, found, BYTES, 0) == BYTES && memcmp(written, found, BYTES) == 0);
	CHECK(fsva_read(file, found, 10, BYTES - 3) == 3);
	CHECK(fsva_read(file, found, 10, BYTES) == 0);
	CHECK(fsva_read(file, found, 10, -1) == -1 && errno == EINVAL);
	CHECK(fsva_write(file, written, 10, -1) == -1 && errno == EINVAL);

	struct fsva_stat status;
	struct stat kernel;
	CHECK(fsva_getattr(file, &status) == 0 && fstat(descriptor, &kernel) == 0);
	CHECK(status.size == BYTES && status.fileid == kernel.st_ino && status.mode == kernel.st_mode);

	const void *pages = NULL;
	CHECK(fsva_map(file, 4096, BYTES, &pages) == BYTES - 4096);
	CHECK(memcmp(pages, written + 4096, BYTES - 4096) == 0);
	CHECK(((const unsigned char *)pages)[BYTES - 1] == 0);
	/* A copy: what is written later is not seen. */
	CHECK(fsva_write(file, "other", 5, 4096) == 5);
	CHECK(memcmp(pages, written + 4096, BYTES - 4096) == 0);
	CHECK(fsva_unmap(pages, BYTES) == 0);

	/* The descriptor is the caller's, and not needed any more. */
	CHECK(close(descriptor) == 0);
	CHECK(fsva_read(file, found, 5, 4096) == 5 && memcmp(found, "other", 5) == 0);
	/* The connection may end before its files. */
	fsva_disconnect(connection);
	CHECK(fsva_read(file, found, 5, 4096) == 5);
	CHECK(fsva_close(file) == 0);

	/* No agent: the kernel. */
	connection = fsva_connect(path, FSVA_FALLBACK);
	CHECK(connection != NULL);
	descriptor = open(path, O_RDONLY);
	file = fsva_open(connection, descriptor);
	CHECK(file != NULL && fsva_is_direct(file) == 0 && close(descriptor) == 0);
	CHECK(fsva_read(file, found, 5, 4096) == 5 && memcmp(found, "other", 5) == 0);
	CHECK(fsva_write(file, found, 5, 0) == -1 && errno == EBADF);
	CHECK(fsva_getattr(file, &status) == 0 && status.size == BYTES && status.mode == kernel.st_mode);
	CHECK(fsva_close(file) == 0);
	fsva_disconnect(connection);

	CHECK(strcmp(fsva_strerror(ENOENT), strerror(ENOENT)) == 0);
	CHECK(strcmp(fsva_strerror(EXDEV), strerror(EXDEV)) != 0);
	free(written);
	free(found);
	puts("done");
	return 0;
}
