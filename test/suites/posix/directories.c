/*
 * Directories as streams and as places: what readdir lists, rewinding and seeking, removal of the current one,
 * inheritance of groups (POSIX.1-2017, readdir, mkdir, rmdir).
 */
#include <sys/syscall.h>

#include "../sandbox.h"

static int count(const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) return -1;
  int entries = 0;
  while (readdir(directory) != NULL) entries++;
  closedir(directory);
  return entries;
}

CASE(posix, readdir) {
  make_directory("d", 0755);
  is("empty-has-dot-and-dot-dot", count("d"), 2);
  for (int at = 0; at < 100; at++) MUST(mkfifo(named("d/name-%d", at), 0600));
  is("all", count("d"), 102);
  DIR *directory = opendir("d");
  unsigned long own = 0, parent = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0) own = entry->d_ino;
    if (strcmp(entry->d_name, "..") == 0) parent = entry->d_ino;
  }
  is("dot-is-itself", own == look("d").st_ino, 1);
  is("dot-dot-is-the-parent", parent == look(".").st_ino, 1);
  holds("the-end-stays-the-end", readdir(directory) == NULL);
  make_file("d/new", 0644, "");
  rewinddir(directory);
  int entries = 0, is_new = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL; entries++) is_new |= strcmp(entry->d_name, "new") == 0;
  is("rewound-sees-what-is-new", is_new, 1);
  is("rewound-sees-all", entries, 103);
  rewinddir(directory);
  for (int at = 0; at < 10; at++) readdir(directory);
  long place = telldir(directory);
  char name[256] = "";
  strcpy(name, readdir(directory)->d_name);
  for (int at = 0; at < 50; at++) readdir(directory);
  seekdir(directory, place);
  is_text("seekdir", readdir(directory)->d_name, name);
  closedir(directory);
  int fd = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
  char small[16];
  gives("buffer-too-small", syscall(SYS_getdents64, fd, small, sizeof small), EINVAL);
  int file = (int)MUST(open("d/new", O_RDONLY));
  gives("of-a-file", syscall(SYS_getdents64, file, small, sizeof small), ENOTDIR);
  directory = fdopendir(fd);
  holds("fdopendir", directory != NULL && readdir(directory) != NULL);
  closedir(directory);
}

CASE(posix, removing_while_listing) {
  make_directory("d", 0755);
  for (int at = 0; at < 60; at++) make_file(named("d/%d", at), 0600, "");
  DIR *directory = opendir("d");
  int failed = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (*entry->d_name != '.') failed += unlink(named("d/%s", entry->d_name)) != 0;
  closedir(directory);
  is("each-is-there-to-remove", failed, 0);
  is("nothing-is-left", count("d"), 2);
  gives("so-it-can-go", rmdir("d"), 0);
}

CASE(posix, removed_directory) {
  make_directory("d", 0755);
  DIR *directory = opendir("d");
  MUST(chdir("d"));
  int fd = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
  gives("rmdir-dot", rmdir("."), EINVAL);
  gives("rmdir-of-the-current-one", rmdir("../d"), 0);
  gives("create-in-it", open("file", O_CREAT | O_WRONLY, 0600), ENOENT);
  gives("mkdir-in-it", mkdir("sub", 0700), ENOENT);
  gives("getcwd", getcwd((char[PATH_MAX]){0}, PATH_MAX) == NULL ? -1 : 0, ENOENT);
  struct stat status = {.st_nlink = 77};
  gives("fstat", fstat(fd, &status), 0);
  is("links", (long long)status.st_nlink, 0);
  errno = 0;
  holds("lists-nothing", readdir(directory) == NULL);
  gives("the-name-is-free", mkdir("../d", 0700), 0);
}

CASE(posix, group_of_new) {
  make_directory("plain", 0777);
  make_directory("set-gid", 0777);
  MUST(chown("set-gid", 0, crew));
  MUST(chmod("set-gid", 02777));
  as_alice();
  static const char *const places[] = {"plain", "set-gid"};
  for (int at = 0; at < 2; at++) {
    long long group = at == 0 ? alice : crew;
    make_file(named("%s/file", places[at]), 0644, "");
    MUST(mkdir(named("%s/d", places[at]), 0755));
    MUST(symlink("x", named("%s/symlink", places[at])));
    make_fifo(named("%s/fifo", places[at]));
    is(named("file-in-%s", places[at]), look(named("%s/file", places[at])).st_gid, group);
    is(named("directory-in-%s", places[at]), look(named("%s/d", places[at])).st_gid, group);
    is(named("symlink-in-%s", places[at]), look(named("%s/symlink", places[at])).st_gid, group);
    is(named("fifo-in-%s", places[at]), look(named("%s/fifo", places[at])).st_gid, group);
    is(named("owner-in-%s", places[at]), look(named("%s/file", places[at])).st_uid, alice);
    is_mode(named("mode-of-a-directory-in-%s", places[at]), mode_of(named("%s/d", places[at])), at == 0 ? 0755 : 02755);
  }
}
