/* statvfs and pathconf: figures that fit together, limits that hold (POSIX.1-2017, fstatvfs and fpathconf). */
#include <sys/statvfs.h>

#include "../sandbox.h"

CASE(posix, space) {
  struct statvfs by_path, by_descriptor;
  make_file("file", 0644, "");
  int fd = (int)MUST(open("file", O_RDONLY));
  gives("statvfs", statvfs("file", &by_path), 0);
  gives("fstatvfs", fstatvfs(fd, &by_descriptor), 0);
  is("one-file-system", by_path.f_fsid == by_descriptor.f_fsid && by_path.f_blocks == by_descriptor.f_blocks, 1);
  holds("block-size", by_path.f_bsize >= 512 && by_path.f_frsize >= 512);
  holds("free-is-no-more-than-all", by_path.f_bfree <= by_path.f_blocks);
  holds("available-is-no-more-than-free", by_path.f_bavail <= by_path.f_bfree);
  holds("free-files-no-more-than-all", by_path.f_ffree <= by_path.f_files);
  is("longest-name", (long long)by_path.f_namemax, 255);
  is("not-read-only", by_path.f_flag & ST_RDONLY, 0);
  gives("fstatvfs-of-none", fstatvfs(999, &by_path), EBADF);
  is("pathconf-name", pathconf(".", _PC_NAME_MAX), 255);
  is("pathconf-path", pathconf(".", _PC_PATH_MAX), 4096);
  holds("pathconf-links", pathconf(".", _PC_LINK_MAX) >= 8);
  is("pathconf-chown-restricted", pathconf(".", _PC_CHOWN_RESTRICTED), 1);
  is("pathconf-no-trunc", pathconf(".", _PC_NO_TRUNC), 1);
  is("pathconf-pipe", pathconf(".", _PC_PIPE_BUF), 4096);
  gives("pathconf-of-nothing", pathconf("missing", _PC_LINK_MAX), ENOENT);
}
