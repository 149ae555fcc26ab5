/*
 * Hard links, renames, symbolic links and statfs, many of each: link counts go up and down, a renamed file keeps its
 * number and content, a symbolic link says what it was given, and free space is a number that makes sense.
 */
#include <sys/statvfs.h>

#include "../../sandbox.h"

CASE(basic, links_and_renames) {
  int count = scaled(25), wrong = 0;
  make_file("file", 0644, "the text");
  long long number = (long long)look("file").st_ino;
  for (int at = 0; at < count; at++) {
    MUST(rename("file", "moved"));
    wrong += exists("file") || (long long)look("moved").st_ino != number;
    MUST(link("moved", "file"));
    wrong += look("file").st_nlink != 2 || look("moved").st_nlink != 2;
    MUST(unlink("moved"));
    wrong += look("file").st_nlink != 1;
  }
  is("back-and-forth", wrong, 0);
  is_text("content", text_of("file"), "the text");
  make_file("other", 0644, "other text");
  MUST(rename("other", "file"));
  is_text("renamed-over", text_of("file"), "other text");
  make_directory("a", 0755);
  make_directory("b", 0755);
  make_file("a/inside", 0644, "inside");
  gives("between-directories", rename("a/inside", "b/inside"), 0);
  gives("a-directory", rename("b", "a/b"), 0);
  is_text("with-what-is-in-it", text_of("a/b/inside"), "inside");
  is("its-parent-is-another", (long long)look("a/b/..").st_ino, (long long)look("a").st_ino);
}

CASE(basic, symbolic_links) {
  int count = scaled(25), wrong = 0;
  char target[100];
  for (int at = 0; at < count; at++) {
    MUST(symlink(named("../to/number-%d", at), named("link-%d", at)));
    ssize_t length = readlink(named("link-%d", at), target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    wrong += strcmp(target, named("../to/number-%d", at)) != 0 || look(named("link-%d", at)).st_size != length;
  }
  is("say-what-they-were-given", wrong, 0);
  for (int at = 0; at < count; at++) wrong += unlink(named("link-%d", at)) != 0;
  is("removed", wrong, 0);
}

CASE(basic, free_space) {
  struct statvfs space;
  int wrong = 0;
  for (int at = 0; at < 30; at++) {
    MUST(statvfs(".", &space));
    wrong += space.f_blocks == 0 || space.f_bfree > space.f_blocks || space.f_bavail > space.f_bfree;
    wrong += space.f_ffree > space.f_files || space.f_namemax < 255;
  }
  is("makes-sense", wrong, 0);
}
