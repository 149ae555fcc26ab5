/*
 * What people do: text files are made, sorted and counted by programs run through a shell in the tree, with pipes and
 * temporary files, several jobs at the same time. The results are known beforehand.
 */
#include "../../sandbox.h"

static const char *const job =
    "set -e; mkdir $0; cd $0; i=0; while [ $i -lt $1 ]; do echo \"line $((i * 7919 % 1009)) of $0\" >> text; "
    "i=$((i + 1)); done; sort text > sorted; sort -r text | sort | cmp - sorted; cp sorted copy; cmp copy sorted; "
    "mkdir sub; mv copy sub; grep -c line sub/copy; rm -r sub";

static int shell(const char *directory, int lines, const char *output) {
  int fd = (int)MUST(open(output, O_CREAT | O_WRONLY, 0644));
  dup2(fd, 1);
  execlp("sh", "sh", "-c", job, directory, named("%d", lines), NULL);
  return 127;
}

CASE(general, text) {
  enum { jobs = 3 };
  int lines = scaled(60);
  pid_t children[jobs];
  for (int at = 0; at < jobs; at++) {
    children[at] = (pid_t)MUST(fork());
    if (children[at] == 0) _exit(shell(named("job-%d", at), lines, named("output-%d", at)));
  }
  int wrong = 0;
  for (int at = 0; at < jobs; at++) wrong += ended(children[at]) != 0;
  is("all-jobs-end-well", wrong, 0);
  for (int at = 0; at < jobs; at++) wrong += strcmp(text_of(named("output-%d", at)), named("%d\n", lines)) != 0;
  is("results", wrong, 0);
}
