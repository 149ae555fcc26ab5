/*
 * Which call changes which time: of the file (or what is made or moved) and of its directory, mtime and ctime each, for
 * every call that POSIX.1-2017 says marks them for update, and for those that must not.
 */
#include <sys/mman.h>

#include "../sandbox.h"

static int fd;
static long long touch(void) { return write_text(fd, "x"); }
static long long pwrites(void) { return pwrite(fd, "x", 1, 0); }
static long long writes_nothing(void) { return write(fd, "", 0); }
static long long reads(void) { return pread(fd, (char[1]){0}, 1, 0); }
static long long chmods(void) { return chmod("d/file", 0600); }
static long long fchmods(void) { return fchmod(fd, 0640); }
static long long chmods_to_the_same(void) { return chmod("d/file", 0644); }
static long long chowns(void) { return chown("d/file", alice, alice); }
static long long fchowns(void) { return fchown(fd, bob, bob); }
static long long truncates(void) { return truncate("d/file", 1); }
static long long ftruncates(void) { return ftruncate(fd, 2); }
static long long opens_truncating(void) { return close(open("d/file", O_WRONLY | O_TRUNC)); }
static long long opens_reading(void) { return close(open("d/file", O_RDONLY)); }
static long long opens_writing(void) { return close(open("d/file", O_WRONLY)); }
static long long stats(void) { return look("d/file").st_size; }
static long long accesses(void) { return access("d/file", R_OK); }
static long long links(void) { return link("d/file", "d/link"); }
static long long links_elsewhere(void) { return link("d/file", "other/link"); }
static long long unlinks_a_link(void) { return unlink("d/link"); }
static long long renames(void) { return rename("d/file", "d/renamed") | rename("d/renamed", "d/file"); }
static long long renames_to_itself(void) { return rename("d/file", "d/file"); }
static long long creates(void) { return close(open("d/new", O_CREAT | O_WRONLY, 0644)); }
static long long creates_what_exists(void) { return close(open("d/new", O_CREAT | O_WRONLY, 0644)); }
static long long unlinks(void) { return unlink("d/new"); }
static long long mkdirs(void) { return mkdir("d/sub", 0755); }
static long long rmdirs(void) { return rmdir("d/sub"); }
static long long symlinks(void) { return symlink("x", "d/symlink"); }
static long long readlinks(void) { return readlink("d/symlink", (char[1]){0}, 1); }
static long long mkfifos(void) { return mkfifo("d/fifo", 0644); }
static long long moves_in(void) { return rename("other/in", "d/in"); }
static long long replaces(void) { return rename("d/in", "d/in2"); }
static long long lists(void) {
  DIR *directory = opendir("d");
  while (readdir(directory) != NULL) continue;
  return closedir(directory);
}
static long long sets_times_to_now(void) { return utimensat(AT_FDCWD, "d/file", NULL, 0); }
static long long sets_atime_only(void) {
  return utimensat(AT_FDCWD, "d/file", (struct timespec[2]){{5, 5}, {0, UTIME_OMIT}}, 0);
}
static long long omits_both_times(void) {
  return utimensat(AT_FDCWD, "d/file", (struct timespec[2]){{0, UTIME_OMIT}, {0, UTIME_OMIT}}, 0);
}
static long long stores_in_a_mapping(void) {
  char *bytes = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bytes[0] = 'm';
  return msync(bytes, 1, MS_SYNC);
}

/* m, c: the file's mtime and ctime are newer afterwards; M, C: the directory's. */
static const struct {
  const char *name;
  long long (*run)(void);
  const char *changes;
} calls[] = {
    {"write", touch, "mc"},
    {"pwrite", pwrites, "mc"},
    {"write-nothing", writes_nothing, ""},
    {"read", reads, ""},
    {"chmod", chmods, "c"},
    {"fchmod", fchmods, "c"},
    {"chmod-back", chmods_to_the_same, "c"},
    {"chmod-to-the-same", chmods_to_the_same, "c"},
    {"chown", chowns, "c"},
    {"fchown", fchowns, "c"},
    {"truncate", truncates, "mc"},
    {"ftruncate", ftruncates, "mc"},
    {"ftruncate-to-the-same", ftruncates, "mc"},
    {"open-truncating", opens_truncating, "mc"},
    {"open-truncating-empty", opens_truncating, "mc"},
    {"open-reading", opens_reading, ""},
    {"open-writing", opens_writing, ""},
    {"stat", stats, ""},
    {"access", accesses, ""},
    {"link", links, "cMC"},
    {"link-elsewhere", links_elsewhere, "c"},
    {"unlink-a-link", unlinks_a_link, "cMC"},
    {"rename", renames, "cMC"},
    {"rename-to-itself", renames_to_itself, ""},
    {"create", creates, "MC"},
    {"create-what-exists", creates_what_exists, ""},
    {"unlink", unlinks, "MC"},
    {"mkdir", mkdirs, "MC"},
    {"rmdir", rmdirs, "MC"},
    {"symlink", symlinks, "MC"},
    {"readlink", readlinks, ""},
    {"mkfifo", mkfifos, "MC"},
    {"rename-in", moves_in, "MC"},
    {"replace", replaces, "MC"},
    {"recreate", creates, "MC"},
    {"list", lists, ""},
    {"utimensat-now", sets_times_to_now, "mc"},
    {"utimensat-atime", sets_atime_only, "c"},
    {"utimensat-omit", omits_both_times, ""},
    {"write-again", touch, "mc"},
    {"mapping", stores_in_a_mapping, "mc"},
};

CASE(posix, times) {
  make_directory("d", 0755);
  make_directory("other", 0755);
  make_file("d/file", 0644, "text");
  make_file("other/in", 0644, "in");
  make_file("d/in2", 0644, "replaced");
  fd = (int)MUST(open("d/file", O_RDWR));
  for (size_t at = 0; at < sizeof calls / sizeof *calls; at++) {
    struct stat file = look("d/file"), directory = look("d");
    tick();
    if (calls[at].run() == -1) holds(named("%s-works", calls[at].name), 0);
    struct stat file_after = look("d/file"), directory_after = look("d");
    char changes[5] = "", *next = changes;
    if (compare_times(file.st_mtim, file_after.st_mtim) < 0) *next++ = 'm';
    if (compare_times(file.st_ctim, file_after.st_ctim) < 0) *next++ = 'c';
    if (compare_times(directory.st_mtim, directory_after.st_mtim) < 0) *next++ = 'M';
    if (compare_times(directory.st_ctim, directory_after.st_ctim) < 0) *next++ = 'C';
    is_text(calls[at].name, changes, calls[at].changes);
  }
}

CASE(posix, times_of_new) {
  make_file("before", 0644, "");
  tick();
  struct timespec before = look("before").st_mtim;
  static const char *const names[] = {"file", "directory", "symlink", "fifo"};
  close((int)MUST(open("file", O_CREAT | O_WRONLY, 0644)));
  MUST(mkdir("directory", 0755));
  MUST(symlink("x", "symlink"));
  MUST(mkfifo("fifo", 0644));
  for (int at = 0; at < 4; at++) {
    struct stat status = look(names[at]);
    is(named("%s-atime-is-mtime", names[at]), compare_times(status.st_atim, status.st_mtim), 0);
    is(named("%s-mtime-is-ctime", names[at]), compare_times(status.st_mtim, status.st_ctim), 0);
    is(named("%s-is-newer", names[at]), compare_times(status.st_mtim, before), 1);
  }
  tick();
  MUST(rename("file", "renamed"));
  is("rename-keeps-mtime", compare_times(look("renamed").st_mtim, look("renamed").st_atim), 0);
}

/* With relatime, which is what everybody mounts with, a read marks atime when mtime is newer. */
CASE(posix, times_of_reading) {
  make_file("file", 0644, "text");
  MUST(symlink("file", "link"));
  make_directory("d", 0755);
  struct timespec times[2] = {{1000, 0}, {2000, 0}};
  MUST(utimensat(AT_FDCWD, "file", times, 0));
  MUST(utimensat(AT_FDCWD, "d", times, 0));
  MUST(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
  text_of("file");
  readlink("link", (char[9]){0}, 9);
  DIR *directory = opendir("d");
  readdir(directory);
  closedir(directory);
  holds("read-marks-atime", look("file").st_atim.tv_sec > 2000);
  holds("readlink-marks-atime", look("link").st_atim.tv_sec > 2000);
  holds("readdir-marks-atime", look("d").st_atim.tv_sec > 2000);
  is("read-leaves-mtime", look("file").st_mtim.tv_sec, 2000);
  MUST(utimensat(AT_FDCWD, "file", times, 0));
  close((int)MUST(open("file", O_RDONLY)));
  is("opening-leaves-atime", look("file").st_atim.tv_sec, 1000);
  int fd = (int)MUST(open("file", O_RDONLY | O_NOATIME));
  MUST(read(fd, (char[1]){0}, 1));
  is("noatime-leaves-atime", look_fd(fd).st_atim.tv_sec, 1000);
}
