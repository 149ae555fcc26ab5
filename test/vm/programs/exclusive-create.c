/* exclusive-create DIRECTORY COUNT: creates files 0 to COUNT-1 with O_EXCL; prints the number of each that is ours. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: exclusive-create DIRECTORY COUNT\n"), 2;
    for (int number = 0; number < atoi(argv[2]); number++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d", argv[1], number);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0640);
        if (fd < 0 && errno != EEXIST) return perror(path), 1;
        if (fd < 0) continue;
        printf("%d\n", number);
        close(fd);
    }
    return 0;
}
