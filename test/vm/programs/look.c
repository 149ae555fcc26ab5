/*
 * look read|mapped|list PATH: opens PATH once and, for each line of standard input, says what the kernel has of it by now:
 * the first line of the file as read(2) gives it, or as a shared mapping shows it, or a directory's names, sorted.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(const char *what) { perror(what); return 1; }

static void say(const char *bytes, size_t length) {
    printf("%.*s\n", (int)strcspn(bytes, "\n"), length ? bytes : "");
    fflush(stdout);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* scandir(3) opens the directory again, which is what must not happen here. */
static void list(DIR *directory) {
    struct dirent *names[256], *entry;
    size_t count = 0;
    rewinddir(directory);
    while ((entry = readdir(directory)) != NULL && count < 256) {
        if (entry->d_name[0] == '.') continue;
        if ((names[count] = malloc(entry->d_reclen)) == NULL) exit(fail("malloc"));
        memcpy(names[count++], entry, entry->d_reclen);
    }
    qsort(names, count, sizeof *names, (int (*)(const void *, const void *))by_name);
    for (size_t i = 0; i < count; i++) printf("%s%s", i ? " " : "", names[i]->d_name), free(names[i]);
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: look read|mapped|list PATH\n"), 2;
    char line[64], bytes[4097] = "";
    int fd = open(argv[2], O_RDONLY);
    if (fd < 0) return fail(argv[2]);
    char *map = MAP_FAILED;
    DIR *directory = NULL;
    if (!strcmp(argv[1], "mapped") && (map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED) return fail("mmap");
    if (!strcmp(argv[1], "list") && (directory = fdopendir(fd)) == NULL) return fail("fdopendir");
    while (fgets(line, sizeof line, stdin)) {
        if (directory) {
            list(directory);
        } else if (map != MAP_FAILED) {
            memcpy(bytes, map, 4096);
            say(bytes, 4096);
        } else {
            ssize_t got = pread(fd, bytes, 4096, 0);
            if (got < 0) return fail("pread");
            bytes[got] = 0;
            say(bytes, (size_t)got);
        }
    }
    return 0;
}
