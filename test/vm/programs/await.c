/*
 * await size PATH BYTES: looks at the attributes of PATH again and again, without opening it, until it has so many bytes;
 * a PATH that is not there has none. await names DIRECTORY COUNT: lists it by one descriptor until it has so many names.
 * Says "waiting" when it has looked for the first time, and "seen".
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static DIR *directory;

static long look(const char *path) {
    struct stat status;
    if (!directory) return stat(path, &status) ? 0 : (long)status.st_size;
    long count = 0;
    rewinddir(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += entry->d_name[0] != '.';
    return count;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: await size|names PATH NUMBER\n"), 2;
    if (!strcmp(argv[1], "names") && (directory = opendir(argv[2])) == NULL) return perror(argv[2]), 1;
    long wanted = strtol(argv[3], NULL, 10), seen = look(argv[2]);
    puts("waiting");
    fflush(stdout);
    for (; seen != wanted; seen = look(argv[2])) usleep(5000);
    puts("seen");
    return 0;
}
