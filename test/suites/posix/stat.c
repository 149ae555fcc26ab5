/*
 * stat and its kin: what each field says of each kind of object, and that all ways to ask agree (POSIX.1-2017, stat).
 */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "../sandbox.h"

static void make_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
  MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
  close(fd);
}

CASE(posix, stat_kinds) {
  static const struct {
    const char *name;
    mode_t kind;
    unsigned char type;
  } kinds[] = {{"file", S_IFREG, DT_REG},   {"directory", S_IFDIR, DT_DIR}, {"symlink", S_IFLNK, DT_LNK},
               {"fifo", S_IFIFO, DT_FIFO},  {"socket", S_IFSOCK, DT_SOCK},  {"character", S_IFCHR, DT_CHR},
               {"block", S_IFBLK, DT_BLK}};
  enum { kind_count = 7 };
  make_file("file", 0644, "text");
  make_directory("directory", 0755);
  MUST(symlink("somewhere", "symlink"));
  make_fifo("fifo");
  make_socket("socket");
  MUST(mknod("character", S_IFCHR | 0644, makedev(12, 345)));
  MUST(mknod("block", S_IFBLK | 0644, makedev(259, 70000)));
  for (int at = 0; at < kind_count; at++) {
    struct stat status = look(kinds[at].name);
    is(named("%s-kind", kinds[at].name), status.st_mode & S_IFMT, kinds[at].kind);
    is(named("%s-owner", kinds[at].name), status.st_uid, 0);
    is(named("%s-group", kinds[at].name), status.st_gid, 0);
    is(named("%s-device", kinds[at].name), status.st_dev == look(".").st_dev, 1);
    if (kinds[at].kind != S_IFDIR) is(named("%s-links", kinds[at].name), (long long)status.st_nlink, 1);
    int same = 0, type = -1;
    DIR *directory = opendir(".");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
      if (strcmp(entry->d_name, kinds[at].name) != 0) continue;
      same = entry->d_ino == status.st_ino;
      type = entry->d_type;
    }
    closedir(directory);
    is(named("%s-number-in-its-directory", kinds[at].name), same, 1);
    is(named("%s-type-in-its-directory", kinds[at].name), type, kinds[at].type);
    for (int before = 0; before < at; before++)
      if (look(kinds[before].name).st_ino == status.st_ino) holds(named("%s-number-of-its-own", kinds[at].name), 0);
  }
  is("symlink-size", look("symlink").st_size, 9);
  is("file-size", look("file").st_size, 4);
  is("fifo-size", look("fifo").st_size, 0);
  is("character-device-number", (long long)look("character").st_rdev, (long long)makedev(12, 345));
  is("block-device-number", (long long)look("block").st_rdev, (long long)makedev(259, 70000));
}

CASE(posix, stat_agree) {
  make_file("file", 0644, "text");
  MUST(symlink("file", "link"));
  MUST(link("file", "hard"));
  struct stat file = look("file"), other;
  int fd = (int)MUST(open("file", O_RDONLY));
  MUST(fstat(fd, &other));
  is("fstat", other.st_ino == file.st_ino && other.st_size == 4, 1);
  MUST(stat("link", &other));
  is("through-a-symlink", other.st_ino == file.st_ino, 1);
  is("lstat-of-the-symlink", look("link").st_ino != file.st_ino, 1);
  is("hard-link", look("hard").st_ino == file.st_ino, 1);
  is("links", (long long)file.st_nlink, 2);
  struct statx more;
  MUST(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &more));
  is("statx-basic", (more.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, 1);
  is("statx-number", more.stx_ino == file.st_ino, 1);
  is("statx-mode", more.stx_mode, file.st_mode);
  MUST(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &more));
  is("statx-synced", more.stx_size, 4);
  gives("statx-flags", statx(AT_FDCWD, "file", AT_STATX_SYNC_TYPE, STATX_BASIC_STATS, &more), EINVAL);
  MUST(statx(AT_FDCWD, "file", 0, STATX_BTIME, &more));
  holds("statx-birth-time", (more.stx_mask & STATX_BTIME) != 0);
  holds("block-size", file.st_blksize >= 512);
  is("empty-file-has-no-blocks", (make_file("empty", 0644, ""), look("empty").st_blocks), 0);
  static char bytes[100000];
  memset(bytes, 'x', sizeof bytes);
  int large = (int)MUST(open("large", O_CREAT | O_WRONLY, 0644));
  MUST(write(large, bytes, sizeof bytes));
  MUST(fsync(large));
  holds("blocks-of-a-large-one", look("large").st_blocks * 512 >= 100000);
  gives("bad-address", stat("file", (struct stat *)8), EFAULT);
}
