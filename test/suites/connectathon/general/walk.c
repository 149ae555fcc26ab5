/*
 * A tree packed, unpacked, compared and searched, as tar, diff and find do, and a program copied into the tree and run
 * there: execution reads the file page by page.
 */
#include "../../sandbox.h"

static int run(const char *script) {
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    execlp("sh", "sh", "-c", script, NULL);
    _exit(127);
  }
  return ended(child);
}

CASE(general, walk) {
  int directories = scaled(6);
  make_directory("tree", 0755);
  for (int at = 0; at < directories; at++) {
    make_directory(named("tree/%d", at), 0750);
    for (int file = 0; file < 5; file++) make_file(named("tree/%d/%d.txt", at, file), 0640, named("%d %d", at, file));
    MUST(symlink("0.txt", named("tree/%d/link", at)));
  }
  is("tar", run("tar -cf packed.tar tree"), 0);
  is("untar", run("mkdir again && tar -C again -xf packed.tar"), 0);
  is("compare", run("for f in $(cd tree && find . -type f); do cmp tree/$f again/tree/$f || exit 1; done"), 0);
  is("find", run(named("test $(find again -name '*.txt' | wc -l) = %d", directories * 5)), 0);
  is("find-links", run(named("test $(find again -type l | wc -l) = %d", directories)), 0);
  is("find-by-mode", run(named("test $(find again -type f -perm 640 | wc -l) = %d", directories * 5)), 0);
  is("copy", run("cp -a again copied && rm -r again && test -f copied/tree/0/0.txt"), 0);
  is("remove", run("rm -r copied tree packed.tar"), 0);
  DIR *directory = opendir(".");
  int left = 0;
  while (readdir(directory) != NULL) left++;
  closedir(directory);
  is("nothing-left", left, 2);
}

CASE(general, program) {
  is("copied", run("cat /proc/$PPID/exe > program && chmod 755 program"), 0);
  is("runs", run("./program 2> /dev/null; test $? = 2"), 0);
  is("runs-again", run("./program 2> /dev/null; test $? = 2"), 0);
}
