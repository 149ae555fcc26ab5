/* The calls of paths.c. */
#ifndef FSVA_PATH_CALLS_H
#define FSVA_PATH_CALLS_H

#include "../sandbox.h"

struct path_call {
  const char *name;
  long (*run)(const char *path);
  /* KIND=ERRNO where it is not what resolving the path gives; *=ERRNO for all that resolve. */
  const char *outcomes;
};

/* Ends with a name of NULL. */
extern const struct path_call path_calls[];

#endif
