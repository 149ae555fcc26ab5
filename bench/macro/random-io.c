/* random-io read|write FILE COUNT: pages of 4 KiB of a file in an order without pattern; what was written is made durable. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { page = 4096 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    static char buffer[page];
    if (argc != 4 || (strcmp(argv[1], "read") && strcmp(argv[1], "write"))) {
        fprintf(stderr, "usage: random-io read|write FILE COUNT\n");
        return 2;
    }
    int writes = !strcmp(argv[1], "write");
    int file = open(argv[2], writes ? O_WRONLY : O_RDONLY);
    struct stat attributes;
    if (file < 0 || fstat(file, &attributes) != 0)
        fail(argv[2]);
    uint64_t pages = attributes.st_size / page, state = 88172645463325252u;
    if (pages == 0) {
        fprintf(stderr, "%s is shorter than a page\n", argv[2]);
        return 1;
    }
    for (long count = atol(argv[3]); count > 0; count--) {
        /* xorshift64: the same order in every run. */
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        off_t offset = (off_t)(state % pages * page);
        memset(buffer, (int)count, page);
        ssize_t done = writes ? pwrite(file, buffer, page, offset) : pread(file, buffer, page, offset);
        if (done != page)
            fail(argv[1]);
    }
    if (writes && fsync(file) != 0)
        fail("fsync");
    return 0;
}
