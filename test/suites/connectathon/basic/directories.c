/*
 * Large directories: every entry is listed exactly once, also while entries are removed between two reads of one stream
 * (those that stay must still be seen), and by a stream that is rewound. Cookies that depend on what a directory
 * holds lose or repeat entries here.
 */
#include "../../sandbox.h"

/* Reads on; counts each `entry-N` in seen[N]; answers how many other names there were. */
static int list(DIR *directory, unsigned char *seen, int count, int entries_max) {
  int others = 0;
  struct dirent *entry;
  while (entries_max-- > 0 && (entry = readdir(directory)) != NULL) {
    int number = -1;
    if (sscanf(entry->d_name, "entry-%d", &number) == 1 && number >= 0 && number < count)
      seen[number]++;
    else
      others++;
  }
  return others;
}

static void clear(unsigned char *seen, int count) {
  while (count-- > 0) seen[count] = 0;
}

static int not_once(const unsigned char *seen, int from, int count, int step) {
  int wrong = 0;
  for (int number = from; number < count; number += step) wrong += seen[number] != 1;
  return wrong;
}

CASE(basic, directories) {
  int count = scaled(400);
  unsigned char *seen = calloc((size_t)count, sizeof *seen);
  make_file("first", 0644, "");
  make_directory("d", 0755);
  for (int number = 0; number < count; number++) MUST(link("first", named("d/entry-%d-with-a-longer-name", number)));
  DIR *directory = opendir("d");
  is("others-are-dot-and-dot-dot", list(directory, seen, count, INT_MAX), 2);
  is("each-once", not_once(seen, 0, count, 1), 0);
  clear(seen, count);
  rewinddir(directory);
  list(directory, seen, count, INT_MAX);
  is("each-once-after-rewinding", not_once(seen, 0, count, 1), 0);
  clear(seen, count);
  rewinddir(directory);
  list(directory, seen, count, count / 3);
  for (int number = 0; number < count; number += 2) MUST(unlink(named("d/entry-%d-with-a-longer-name", number)));
  list(directory, seen, count, INT_MAX);
  is("what-stays-is-seen-while-others-go", not_once(seen, 1, count, 2), 0);
  clear(seen, count);
  rewinddir(directory);
  list(directory, seen, count, INT_MAX);
  int removed = 0;
  for (int number = 0; number < count; number += 2) removed += seen[number];
  is("what-went-is-gone", removed, 0);
  is("links-left", (long long)look("first").st_nlink, 1 + count / 2);
  closedir(directory);
  remove_tree("d");
  is("one-link-left", (long long)look("first").st_nlink, 1);
}
