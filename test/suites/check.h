/*
 * What every suite is made of: cases that run in a process and a directory of their own and print a line per check,
 *
 *   ok SUITE/CASE/CHECK
 *   not ok SUITE/CASE/CHECK: got X want Y
 *
 * A check that has no line was not reached: MUST stops its case when something it builds on fails, and says which.
 */
#ifndef FSVA_CHECK_H
#define FSVA_CHECK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* A size of a large case, times the scale of the run; at least 1. */
int scaled(int count);

/* Defines a case of a suite; underscores of both names are printed as hyphens. */
#define CASE(suite, name)                                               \
  static void suite##_##name(void);                                     \
  __attribute__((constructor)) static void suite##_##name##_add(void) { \
    add_case(#suite, #name, suite##_##name);                            \
  }                                                                     \
  static void suite##_##name(void)
void add_case(const char *suite, const char *name, void (*run)(void));

/* The checks: each prints one line and answers whether it held. */
int is(const char *name, long long got, long long want);
int is_mode(const char *name, unsigned got, unsigned want);
int is_text(const char *name, const char *got, const char *want);
int holds(const char *name, int condition);
/* The outcome of a system call: 0 for success, or the errno that it must fail with. */
int gives(const char *name, long long result, int want_errno);
/* The same for a call that answers a descriptor, which it closes. */
int opens(const char *name, int fd, int want_errno);

/* A name made by printf; good until eight more are made. */
const char *named(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The errno's name, or "success" for 0. */
const char *errno_name(int number);

/* What a case builds on: its result, or the end of the case. */
#define MUST(call) must((call), #call, __LINE__)
long long must(long long result, const char *call, int line);
/* Waits for a child and answers its exit status (128 + signal if one ended it). */
int ended(pid_t child);

#endif
