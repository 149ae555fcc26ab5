/*
 * Names looked up from everywhere: down a path, up by "..", across the top of the tree, and getcwd, which must agree
 * with the path that led there. A client that confuses handles ends up elsewhere.
 */
#include "../../sandbox.h"

CASE(basic, lookups) {
  char top[PATH_MAX], here[PATH_MAX];
  holds("getcwd", getcwd(top, sizeof top) != NULL);
  struct stat start = look(".");
  enum { depth = 12 };
  for (int level = 0; level < depth; level++) {
    make_directory("down", 0755);
    MUST(chdir("down"));
  }
  is_text("getcwd-deep-down", getcwd(here, sizeof here) + strlen(top),
          "/down/down/down/down/down/down/down/down/down/down/down/down");
  for (int level = 0; level < depth; level++) MUST(chdir(".."));
  struct stat end = look(".");
  is("back-at-the-start", (long long)end.st_ino, (long long)start.st_ino);
  is("one-device", (long long)end.st_dev, (long long)start.st_dev);
  int wrong = 0;
  for (int round = 0; round < 50; round++) {
    wrong += getcwd(here, sizeof here) == NULL || strcmp(here, top) != 0;
    wrong += look("down/down/../..").st_ino != start.st_ino;
  }
  is("again-and-again", wrong, 0);
  struct stat mount_point, parent;
  MUST(stat("/", &parent));
  /* Up to the root of everything, through the mount point if there is one. */
  char path[PATH_MAX] = ".";
  int levels = 0;
  do {
    strcat(path, "/..");
    MUST(stat(path, &mount_point));
  } while (++levels < 64 && (mount_point.st_ino != parent.st_ino || mount_point.st_dev != parent.st_dev));
  holds("up-to-the-root", levels < 64);
  gives("absolute-path", access(top, F_OK), 0);
}
