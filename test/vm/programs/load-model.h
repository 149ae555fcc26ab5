/* What a tree ought to be: four directories of eight names, some of which are hard links to one object. */
#ifndef LOAD_MODEL_H
#define LOAD_MODEL_H
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "load.h"

enum { DIRECTORIES = 4, NAMES = 8, BYTES_MAX = 160 << 10 };

struct object {
  int links;
  /* A symbolic link: the bytes are its target. */
  int is_symlink;
  int mode;
  size_t size;
  unsigned char bytes[BYTES_MAX];
};

/* Directory 0 is the tree's own and always there. */
static int is_there[DIRECTORIES] = {1};
static struct object *names[DIRECTORIES][NAMES];

static inline const char *directory_path(int directory) {
  static char path[DIRECTORIES][8];
  if (directory == 0) return ".";
  snprintf(path[directory], sizeof path[0], "d%d", directory);
  return path[directory];
}

static inline const char *path_of(int directory, int name) {
  static char paths[DIRECTORIES][NAMES][16];
  char *path = paths[directory][name];
  if (directory == 0)
    snprintf(path, 16, "n%d", name);
  else
    snprintf(path, 16, "d%d/n%d", directory, name);
  return path;
}

static inline struct object *new_object(int is_symlink, int mode) {
  struct object *object = calloc(1, sizeof *object);
  if (object == NULL) wrong("memory", "", "there is none left");
  object->is_symlink = is_symlink;
  object->mode = mode;
  return object;
}

static inline void set_name(int directory, int name, struct object *object) {
  struct object *former = names[directory][name];
  if (object != NULL) object->links++;
  names[directory][name] = object;
  if (former != NULL && --former->links == 0) free(former);
}

/* As truncate() and writing behind the end: what was not written is 0. */
static inline void set_size(struct object *object, size_t size) {
  if (size > object->size) memset(object->bytes + object->size, 0, size - object->size);
  object->size = size;
}

static inline int is_empty(int directory) {
  for (int name = 0; name < NAMES; name++)
    if (names[directory][name] != NULL) return 0;
  return 1;
}

/* Makes the object at its first name and links the others to it. */
static inline void make_object(struct object *object, int directory, int name) {
  const char *path = path_of(directory, name);
  for (int d = 0; d <= directory; d++)
    for (int n = 0; n < (d < directory ? NAMES : name); n++)
      if (names[d][n] == object) {
        expect("model's link", path, link(path_of(d, n), path), 0);
        return;
      }
  if (object->is_symlink) {
    expect("model's symlink", path, symlink((char *)object->bytes, path), 0);
    return;
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, object->mode);
  expect("model's create", path, fd, 0);
  for (size_t done = 0; done < object->size;) {
    ssize_t count = write(fd, object->bytes + done, object->size - done);
    expect("model's write", path, count, 0);
    done += count;
  }
  expect("model's close", path, close(fd), 0);
}

/* Makes the tree as it ought to be in an empty directory. */
static inline void make_expected(const char *directory) {
  expect("model's chdir", directory, chdir(directory), 0);
  for (int d = 0; d < DIRECTORIES; d++) {
    if (!is_there[d]) continue;
    if (d > 0) expect("model's mkdir", directory_path(d), mkdir(directory_path(d), 0755), 0);
    for (int n = 0; n < NAMES; n++)
      if (names[d][n] != NULL) make_object(names[d][n], d, n);
  }
}
#endif
