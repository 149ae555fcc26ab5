/* What the programs of a load share: random numbers by seed, the end of the load, and the first error as text. */
#ifndef LOAD_H
#define LOAD_H
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t random_state = 1;

/* xorshift64*: the same numbers for the same seed, wherever it runs. */
static inline uint64_t random_number(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717u;
}

static inline unsigned below(unsigned end) { return (unsigned)((random_number() >> 33) % end); }

/* The load is over when this file exists. */
static inline int is_over(const char *stop) { return access(stop, F_OK) == 0; }

static inline const char *text_of(int error) { return error == 0 ? "success" : strerror(error); }

/* Ends the program if a result (negative: errno says why) is not the one that local use would have. */
static inline void expect(const char *operation, const char *path, long result, int wanted) {
  int got = result < 0 ? errno : 0;
  if (got == wanted) return;
  printf("FAILED: %s %s: %s instead of %s\n", operation, path, text_of(got), text_of(wanted));
  exit(1);
}

static inline void wrong(const char *operation, const char *path, const char *what) {
  printf("FAILED: %s %s: %s\n", operation, path, what);
  exit(1);
}
#endif
