/*
 * shared-memory DEVICE store OFFSET TEXT    writes TEXT and a zero byte
 * shared-memory DEVICE load OFFSET          prints the text there
 * shared-memory DEVICE dump OFFSET BYTES    prints the bytes there
 * shared-memory DEVICE fill OFFSET FILE     reads 1 MiB of FILE into the memory, with O_DIRECT
 * shared-memory DEVICE clear OFFSET         makes the 64-bit number there 0
 * shared-memory DEVICE number OFFSET        prints it
 * shared-memory DEVICE turns OFFSET SIDE N  the other side's turn, then ours, N times; SIDE is 0 or 1
 * shared-memory DEVICE count OFFSET N       when two do it, adds 1 to the number N times, atomically
 * shared-memory DEVICE race OFFSET N        the same, in two steps each
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t mapped_bytes = 16 << 20, fill_bytes = 1 << 20, arrived_at = 128;

static int fail(const char *what) { perror(what); return 1; }

static void take_turns(volatile uint64_t *word, uint64_t side, uint64_t count) {
    for (uint64_t turn = side; turn < 2 * count; turn += 2) {
        while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != turn) sched_yield();
        __atomic_store_n(word, turn + 1, __ATOMIC_RELEASE);
    }
}

/* An even number has come: a pair is complete, and the next pair comes only when both have gone. */
static void meet(char *at) {
    uint64_t *arrived = (uint64_t *)at;
    __atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(arrived, __ATOMIC_SEQ_CST) % 2) sched_yield();
}

static int fill(char *memory, const char *path) {
    int file = open(path, O_RDONLY | O_DIRECT);
    if (file < 0) return fail(path);
    ssize_t count = read(file, memory, fill_bytes);
    if (count < 0) return fail("read with O_DIRECT into the device");
    printf("%zd\n", count);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: shared-memory DEVICE VERB OFFSET ...\n"), 2;
    const char *verb = argv[2];
    size_t offset = strtoull(argv[3], NULL, 10);
    int fd = open(argv[1], O_RDWR);
    if (fd < 0) return fail(argv[1]);
    char *map = mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) return fail("mmap");
    volatile uint64_t *word = (volatile uint64_t *)(map + offset);
    uint64_t last = argc > 4 ? strtoull(argv[argc - 1], NULL, 10) : 0;

    if (!strcmp(verb, "load")) return puts(map + offset) < 0;
    if (!strcmp(verb, "clear")) return __atomic_store_n(word, 0, __ATOMIC_SEQ_CST), 0;
    if (!strcmp(verb, "number")) return printf("%llu\n", (unsigned long long)*word) < 0;
    if (argc < 5) return fprintf(stderr, "%s takes more\n", verb), 2;
    if (!strcmp(verb, "store")) return strcpy(map + offset, argv[4]), 0;
    if (!strcmp(verb, "dump")) return fwrite(map + offset, 1, last, stdout) != last;
    if (!strcmp(verb, "fill")) return fill(map + offset, argv[4]);
    if (!strcmp(verb, "turns") && argc > 5)
        take_turns(word, strtoull(argv[4], NULL, 10), last);
    else if (!strcmp(verb, "count")) {
        meet(map + offset + arrived_at);
        for (uint64_t i = 0; i < last; i++) __atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
    } else if (!strcmp(verb, "race")) {
        meet(map + offset + arrived_at);
        for (uint64_t i = 0; i < last; i++) *word = *word + 1;
    } else
        return fprintf(stderr, "no %s\n", verb), 2;
    printf("%llu\n", (unsigned long long)*word);
    return 0;
}
