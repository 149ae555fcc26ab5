/* A second process that locks ranges of a file when it is asked. */
#ifndef FSVA_PEER_H
#define FSVA_PEER_H

#include "../../sandbox.h"

struct peer {
  pid_t pid;
  int questions, answers;
};

/* Starts one; the file is made if it is not there. */
struct peer start_peer(const char *path);
/*
 * 'r' and 'w' try to lock for reading and writing, 'u' unlocks, 'R' and 'W' wait for the lock, 'c' opens and closes the
 * file once more, 'x' ends it: answers "success" or the errno's name. 'g' asks F_GETLK for a write lock: answers "free"
 * or "KIND START LENGTH" of the lock in the way, if its owner is the process that asks here (else "of somebody else").
 * Good until the next call.
 */
const char *ask(struct peer *peer, char what, long long start, long long length);
/* The two halves of ask: for what waits. */
void tell(struct peer *peer, char what, long long start, long long length);
const char *answer_of(struct peer *peer);
/* Whether it has answered already. */
int has_answered(struct peer *peer, int milliseconds);
void stop_peer(struct peer *peer);

int lock_range(int fd, short type, long long start, long long length);
int wait_for_range(int fd, short type, long long start, long long length);

#endif
