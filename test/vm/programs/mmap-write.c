/* mmap-write FILE OFFSET TEXT: writes TEXT through a shared mapping; msync only if a fourth argument is given. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what) { perror(what); return 1; }

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: mmap-write FILE OFFSET TEXT [sync]\n"), 2;
    size_t offset = strtoull(argv[2], NULL, 10), length = strlen(argv[3]);
    struct stat status;
    int fd = open(argv[1], O_RDWR);
    if (fd < 0 || fstat(fd, &status)) return fail(argv[1]);
    if (offset + length > (size_t)status.st_size) return fprintf(stderr, "beyond the end\n"), 2;
    char *map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) return fail("mmap");
    memcpy(map + offset, argv[3], length);
    if (argc > 4 && msync(map, (size_t)status.st_size, MS_SYNC)) return fail("msync");
    if (munmap(map, (size_t)status.st_size) || close(fd)) return fail("close");
    return 0;
}
