/*
 * rename: every kind of object onto every kind, onto itself, into itself; what moves along; renameat2's flags
 * (POSIX.1-2017, rename). Errors by kind of path are in paths.c.
 */
#include "../sandbox.h"

static const char *const kinds[] = {"file", "empty-directory", "full-directory", "symlink", "fifo"};

static void make(const char *kind, const char *path) {
  if (strcmp(kind, "file") == 0) make_file(path, 0644, "text");
  if (strcmp(kind, "symlink") == 0) MUST(symlink("nowhere", path));
  if (strcmp(kind, "fifo") == 0) make_fifo(path);
  if (strstr(kind, "directory") == NULL) return;
  make_directory(path, 0755);
  if (*kind == 'f') make_file(named("%s/inside", path), 0644, "");
}

static int onto(const char *from, const char *to) {
  if (strstr(from, "directory") == NULL) return strstr(to, "directory") == NULL ? 0 : EISDIR;
  if (strstr(to, "directory") == NULL) return ENOTDIR;
  return strcmp(to, "full-directory") == 0 ? ENOTEMPTY : 0;
}

CASE(posix, rename_kinds) {
  for (int from = 0; from < 5; from++) {
    for (int to = 0; to < 5; to++) {
      make(kinds[from], "from");
      make(kinds[to], "to");
      ino_t number = look("from").st_ino;
      int want = onto(kinds[from], kinds[to]);
      gives(named("%s-onto-%s", kinds[from], kinds[to]), rename("from", "to"), want);
      is(named("%s-onto-%s-source", kinds[from], kinds[to]), exists("from"), want != 0);
      is(named("%s-onto-%s-target", kinds[from], kinds[to]), (look("to").st_ino == number) == (want == 0), 1);
      remove_tree("from");
      remove_tree("to");
    }
    make(kinds[from], "from");
    ino_t number = look("from").st_ino;
    gives(named("%s-onto-itself", kinds[from]), rename("from", "from"), 0);
    gives(named("%s-onto-nothing", kinds[from]), rename("from", "to"), 0);
    is(named("%s-stays-the-same", kinds[from]), look("to").st_ino == number, 1);
    remove_tree("to");
  }
}

CASE(posix, rename) {
  make_directory("a", 0755);
  make_directory("a/b", 0755);
  make_directory("c", 0755);
  make_file("a/b/file", 0644, "text");
  gives("into-itself", rename("a", "a/x"), EINVAL);
  gives("deep-into-itself", rename("a", "a/b/x"), EINVAL);
  gives("onto-its-parent", rename("a/b", "a"), ENOTEMPTY);
  gives("dot", rename(".", "x"), EBUSY);
  gives("dot-dot", rename("a/..", "x"), EBUSY);
  gives("to-dot", rename("c", "a/."), EBUSY);
  gives("directory-into-another", rename("a/b", "c/b"), 0);
  is("dot-dot-follows", look("c/b/..").st_ino == look("c").st_ino, 1);
  is_text("content-follows", text_of("c/b/file"), "text");
  make_file("one", 0644, "text");
  MUST(link("one", "other"));
  gives("onto-another-link-of-itself", rename("one", "other"), 0);
  is("changes-nothing", exists("one") && exists("other"), 1);
  is("links", (long long)look("one").st_nlink, 2);
  make_file("target", 0600, "old");
  int fd = (int)MUST(open("target", O_RDONLY));
  gives("over-an-open-file", rename("one", "target"), 0);
  is("which-has-no-link", (long long)look_fd(fd).st_nlink, 0);
  is("the-other-link-counts", (long long)look("other").st_nlink, 2);
  make_file("slash", 0644, "");
  gives("file-to-a-name-and-slash", rename("slash", "new/"), ENOTDIR);
  gives("directory-to-a-name-and-slash", rename("c", "new/"), 0);
  char name[256] = "";
  memset(name, 'n', 255);
  gives("to-the-longest-name", rename("slash", name), 0);
  gives("and-back", rename(name, "slash"), 0);
}

CASE(posix, rename_flags) {
  make_file("one", 0644, "one");
  make_file("two", 0644, "two");
  gives("no-replace-existing", renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE), EEXIST);
  gives("no-replace-free", renameat2(AT_FDCWD, "one", AT_FDCWD, "free", RENAME_NOREPLACE), 0);
  gives("exchange", renameat2(AT_FDCWD, "two", AT_FDCWD, exists("free") ? "free" : "one", RENAME_EXCHANGE), 0);
  is_text("is-exchanged", text_of("two"), "one");
  gives("both", renameat2(AT_FDCWD, "two", AT_FDCWD, "free", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
}
