/*
 * Many processes in one directory: each makes, reads, renames and removes files of its own, appends to one common
 * log with O_APPEND, and makes a directory that all of them want. Nothing of anybody else's may be touched, and what all
 * want exactly one gets.
 */
#include "../../sandbox.h"

enum { processes = 6 };

static int work(int number, int rounds) {
  int wrong = 0, won = 0;
  char text[100];
  for (int round = 0; round < rounds; round++) {
    const char *name = named("of-%d", number), *moved = named("moved-%d", number);
    snprintf(text, sizeof text, "process %d round %d", number, round);
    make_file(name, 0644, text);
    wrong += strcmp(text_of(name), text) != 0;
    wrong += rename(name, moved) != 0 || strcmp(text_of(moved), text) != 0;
    wrong += unlink(moved) != 0;
    won += mkdir(named("wanted-%d", round), 0755) == 0;
  }
  make_file(named("won-%d", number), 0644, named("%d", won));
  return wrong;
}

CASE(general, processes) {
  int rounds = scaled(5) + 1;
  pid_t children[processes];
  for (int number = 0; number < processes; number++) {
    children[number] = (pid_t)MUST(fork());
    if (children[number] == 0) _exit(work(number, rounds) == 0 ? 0 : 1);
  }
  int wrong = 0, won = 0;
  for (int number = 0; number < processes; number++) wrong += ended(children[number]) != 0;
  for (int number = 0; number < processes; number++) won += atoi(text_of(named("won-%d", number)));
  is("all-found-what-they-made", wrong, 0);
  is("each-directory-was-made-by-one", won, rounds);
}

/* Processes of one client share its page cache, so appends do not overwrite each other. */
CASE(general, appends) {
  int lines = scaled(15);
  pid_t children[processes];
  make_file("log", 0644, "");
  for (int number = 0; number < processes; number++) {
    children[number] = (pid_t)MUST(fork());
    if (children[number] != 0) continue;
    int fd = (int)MUST(open("log", O_WRONLY | O_APPEND));
    for (int line = 0; line < lines; line++) MUST(write_text(fd, "0123456\n"));
    _exit(close(fd) != 0);
  }
  int wrong = 0;
  for (int number = 0; number < processes; number++) wrong += ended(children[number]) != 0;
  is("all-end-well", wrong, 0);
  is("every-line-is-there", look("log").st_size, 8LL * processes * lines);
}
