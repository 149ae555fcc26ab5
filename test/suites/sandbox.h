/* What cases make and look at: files, users, times. Paths are relative to the case's own directory. */
#ifndef FSVA_SANDBOX_H
#define FSVA_SANDBOX_H

#include "check.h"

/* Two users without privileges; alice is in the group `team` besides her own, bob is not. */
enum { alice = 1001, bob = 1002, team = 2001, crew = 2002 };
void as_alice(void);
void as_bob(void);
void as_user(uid_t uid, gid_t gid, gid_t group);
void as_root(void);

/* Makes a file with that mode and text, or ends the case. */
void make_file(const char *path, mode_t mode, const char *text);
void make_directory(const char *path, mode_t mode);
void make_fifo(const char *path);
/* Removes a file or a whole tree; nothing there is fine. */
void remove_tree(const char *path);
int exists(const char *path);

/* lstat, or the end of the case. */
struct stat look(const char *path);
struct stat look_fd(int fd);
mode_t mode_of(const char *path);
/* The whole of a small file; good until the next call. */
const char *text_of(const char *path);
ssize_t write_text(int fd, const char *text);

/* Waits until the file systems' clocks have ticked (at most 10 ms before kernel 6.13). */
void tick(void);
int compare_times(struct timespec a, struct timespec b);
/* A path of `length` bytes, its components as long as they may be; good until the next call. */
const char *long_path(int length);

#endif
