/*
 * Directory trees. A tree of directories with files in each is made, walked, and taken away again: names must be found
 * where they were made, at once, and be gone when they were removed; link counts of directories follow their children.
 * Then the same names again, because a client that remembers removed names would not see them.
 */
#include "../../sandbox.h"

enum { width = 3, depth = 3, files = 4 };

static int make_tree(int levels) {
  int made = 0;
  for (int number = 0; number < files; number++, made++) make_file(named("file-%d", number), 0644, "x");
  if (levels == 0) return made;
  for (int number = 0; number < width; number++) {
    const char *name = named("directory-%d", number);
    make_directory(name, 0755);
    MUST(chdir(name));
    made += 1 + make_tree(levels - 1);
    MUST(chdir(".."));
  }
  return made;
}

static int count_tree(void) {
  int count = 0;
  DIR *directory = opendir(".");
  if (directory == NULL) return -1000000;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    count++;
    if (!S_ISDIR(look(entry->d_name).st_mode)) continue;
    MUST(chdir(entry->d_name));
    count += count_tree();
    MUST(chdir(".."));
  }
  closedir(directory);
  return count;
}

CASE(basic, trees) {
  for (int round = 1; round <= 2; round++) {
    make_directory("tree", 0755);
    MUST(chdir("tree"));
    int made = make_tree(depth);
    is(named("round-%d-all-is-found", round), count_tree(), made);
    is(named("round-%d-links-of-the-top", round), (long long)look(".").st_nlink, 2 + width);
    MUST(chdir(".."));
    gives(named("round-%d-rmdir-of-a-full-one", round), rmdir("tree"), ENOTEMPTY);
    remove_tree("tree");
    holds(named("round-%d-all-is-gone", round), !exists("tree"));
  }
}

CASE(basic, create_and_remove) {
  int count = scaled(60);
  int failed = 0;
  for (int number = 0; number < count; number++) {
    int fd = open(named("name-%d", number), O_CREAT | O_EXCL | O_WRONLY, 0644);
    failed += fd < 0 || close(fd) != 0;
  }
  is("created-exclusively", failed, 0);
  for (int number = 0; number < count; number++)
    failed += open(named("name-%d", number), O_CREAT | O_EXCL | O_WRONLY, 0644) >= 0 || errno != EEXIST;
  is("not-created-twice", failed, 0);
  for (int number = 0; number < count; number++) failed += unlink(named("name-%d", number)) != 0;
  is("removed", failed, 0);
  for (int number = 0; number < count; number++) failed += exists(named("name-%d", number));
  is("gone", failed, 0);
  for (int number = 0; number < count; number++) failed += unlink(named("name-%d", number)) == 0 || errno != ENOENT;
  is("not-removed-twice", failed, 0);
}
