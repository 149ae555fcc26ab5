/*
 * Every call that takes a path, with every kind of path: what it succeeds on and with which errno it fails. Most follow
 * from resolving the path alone (POSIX.1-2017, 4.13, and the ERRORS of each call); the table has the rest. One check per
 * call and kind of path, each on a fresh set of objects.
 */
#include <stddef.h>

#include "path-calls.h"

enum { name_max = 255 };

/* What stands in each path's place, and what resolving it gives by itself. */
static const struct path_kind {
  const char *name, *path;
  int resolved;
} kinds[] = {
    {"file", "file", 0},
    {"directory", "directory", 0},
    {"empty-directory", "empty", 0},
    {"missing", "missing", ENOENT},
    {"below-file", "file/x", ENOTDIR},
    {"below-missing", "missing/x", ENOENT},
    {"dangling", "dangling", ENOENT},
    {"below-dangling", "dangling/x", ENOENT},
    {"loop", "loop", ELOOP},
    {"below-loop", "loop/x", ELOOP},
    {"link-to-file", "to-file", 0},
    {"link-to-directory", "to-directory", 0},
    {"below-link", "to-directory/inside", 0},
    {"below-link-to-file", "to-file/x", ENOTDIR},
    {"fifo", "fifo", 0},
    {"name-too-long", NULL, ENAMETOOLONG},
    {"path-too-long", NULL, ENAMETOOLONG},
    {"empty-path", "", ENOENT},
    {"file-and-slash", "file/", ENOTDIR},
    {"directory-and-slash", "empty/", 0},
    {"missing-and-slash", "missing/", ENOENT},
    {"link-to-file-and-slash", "to-file/", ENOTDIR},
    {"link-to-directory-and-slash", "to-directory/", 0},
    {"dangling-and-slash", "dangling/", ENOENT},
    {"fifo-and-slash", "fifo/", ENOTDIR},
    {"directory-and-dot", "empty/.", 0},
    {"directory-and-dot-dot", "empty/..", 0},
    {"not-searchable", "locked/file", EACCES},
    {"missing-not-searchable", "locked/missing", EACCES},
};

static void make_link(const char *target, const char *path) { MUST(symlink(target, path)); }
static void make_inside(const char *path) { make_file(path, 0644, "inside"); }

/* The objects, made again where a call has changed them. */
static void restore(void) {
  static const char *const links[][2] = {
      {"dangling", "nowhere"}, {"loop", "loop"}, {"to-file", "file"}, {"to-directory", "directory"}};
  static const char *const files[] = {"file", "directory/inside", "locked/file", "source"};
  static const char *const directories[] = {"directory", "empty", "locked", "source-directory"};
  static const char *const leftovers[] = {"missing", "nowhere", "new"};
  struct stat status;
  for (size_t at = 0; at < sizeof leftovers / sizeof *leftovers; at++) remove_tree(leftovers[at]);
  for (size_t at = 0; at < sizeof directories / sizeof *directories; at++) {
    if (lstat(directories[at], &status) == 0 && S_ISDIR(status.st_mode)) continue;
    remove_tree(directories[at]);
    make_directory(directories[at], strcmp(directories[at], "locked") == 0 ? 0700 : 0777);
  }
  for (size_t at = 0; at < sizeof files / sizeof *files; at++) {
    if (lstat(files[at], &status) == 0 && S_ISREG(status.st_mode)) continue;
    remove_tree(files[at]);
    make_inside(files[at]);
  }
  for (size_t at = 0; at < sizeof links / sizeof *links; at++) {
    if (lstat(links[at][0], &status) == 0 && S_ISLNK(status.st_mode)) continue;
    remove_tree(links[at][0]);
    make_link(links[at][1], links[at][0]);
  }
  if (lstat("fifo", &status) == 0 && S_ISFIFO(status.st_mode)) return;
  remove_tree("fifo");
  make_fifo("fifo");
}

static int errno_named(const char *name, size_t length) {
  for (int number = 0; number < 134; number++) {
    const char *known = errno_name(number);
    if (strlen(known) == length && strncmp(known, name, length) == 0) return number;
  }
  abort();
}

/* What the table says of a kind of path: `KIND=ERRNO` in the row's text, `*=ERRNO` for what would succeed otherwise. */
static int expected(const char *row, const struct path_kind *kind) {
  int others = 0;
  size_t length = strlen(kind->name);
  for (const char *word = row; *word != '\0'; word += strspn(word, " ")) {
    size_t end = strcspn(word, " "), name = strcspn(word, "=");
    const char *number = word + name + 1;
    if (name == length && strncmp(word, kind->name, length) == 0) return errno_named(number, end - name - 1);
    if (name == 1 && *word == '*') others = errno_named(number, end - name - 1);
    word += end;
  }
  return kind->resolved != 0 ? kind->resolved : others;
}

CASE(posix, paths) {
  MUST(chmod(".", 0777));
  restore();
  char long_name[name_max + 2] = "";
  memset(long_name, 'l', name_max + 1);
  for (const struct path_call *call = path_calls; call->name != NULL; call++) {
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
      const struct path_kind *kind = &kinds[at];
      const char *path = kind->path;
      if (path == NULL) path = strcmp(kind->name, "name-too-long") == 0 ? long_name : long_path(PATH_MAX);
      int is_locked = strncmp(path, "locked/", 7) == 0;
      if (is_locked) as_alice();
      long result = call->run(path);
      int number = errno;
      if (is_locked) as_root();
      errno = number;
      gives(named("%s-%s", call->name, kind->name), result, expected(call->outcomes, kind));
      if (result != -1) restore();
    }
  }
}
