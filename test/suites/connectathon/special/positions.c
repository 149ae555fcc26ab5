/*
 * Positions in a directory: telldir and seekdir lead back to the same entry, for every entry, also after other entries
 * were removed; positions are different from each other. NFS servers whose cookies are made up per reading fail here.
 */
#include "../../sandbox.h"

CASE(special, positions) {
  int count = scaled(70);
  for (int number = 0; number < count; number++) make_file(named("entry-%03d", number), 0644, "");
  DIR *directory = opendir(".");
  int all = count + 2;
  long *places = calloc((size_t)all + 1, sizeof *places);
  char(*names)[32] = calloc((size_t)all + 1, sizeof *names);
  int read = 0;
  for (;;) {
    places[read] = telldir(directory);
    struct dirent *entry = readdir(directory);
    if (entry == NULL || read == all) break;
    strncpy(names[read++], entry->d_name, sizeof *names - 1);
  }
  is("entries", read, all);
  int wrong = 0, alike = 0;
  for (int at = 0; at < read; at++)
    for (int before = 0; before < at; before++) alike += places[at] == places[before];
  is("positions-differ", alike, 0);
  for (int at = read - 1; at >= 0; at -= 7) {
    seekdir(directory, places[at]);
    struct dirent *entry = readdir(directory);
    wrong += entry == NULL || strcmp(entry->d_name, names[at]) != 0;
  }
  is("seekdir-finds-the-entry", wrong, 0);
  seekdir(directory, places[read]);
  holds("the-end-is-the-end", readdir(directory) == NULL);
  for (int at = 0; at < read; at += 2)
    if (names[at][0] != '.') MUST(unlink(names[at]));
  int tried = 0;
  for (int at = 1; at < read; at += 6) {
    if (names[at][0] == '.') continue;
    tried++;
    seekdir(directory, places[at]);
    struct dirent *entry = readdir(directory);
    wrong += entry == NULL || strcmp(entry->d_name, names[at]) != 0;
  }
  holds("some-were-tried", tried > 0);
  is("also-after-removals", wrong, 0);
  closedir(directory);
}
