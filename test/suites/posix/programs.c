/*
 * Programs on the file system: who may execute, busy texts, set-id programs, scripts, and devices, FIFOs and sockets as
 * names for something of the client's (POSIX.1-2017, exec, mknod, bind).
 */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "../sandbox.h"

/* The exit status of a program, or the errno with which it could not be executed. */
static int executed(const char *path) {
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    freopen("/dev/null", "w", stderr);
    execl(path, path, NULL);
    _exit(errno);
  }
  return ended(child);
}

static void copy_shell(const char *path) {
  static char bytes[1 << 16];
  int from = (int)MUST(open("/proc/self/exe", O_RDONLY)), to = (int)MUST(open(path, O_CREAT | O_WRONLY, 0755));
  for (ssize_t length; (length = MUST(read(from, bytes, sizeof bytes))) > 0;) MUST(write(to, bytes, (size_t)length));
  close(from);
  close(to);
}

CASE(posix, executing) {
  MUST(chmod(".", 0777));
  copy_shell("program");
  make_file("script", 0755, "#!/bin/sh\nexit 42\n");
  make_file("nonsense", 0755, "\x7f nothing of the kind");
  make_file("plain", 0644, "#!/bin/sh\n");
  is("program", executed("./program"), 2);
  is("script", executed("./script"), 42);
  is("nonsense", executed("./nonsense"), ENOEXEC);
  is("without-permission", executed("./plain"), EACCES);
  is("directory", executed("."), EACCES);
  MUST(chmod("program", 0711));
  MUST(chmod("script", 0700));
  as_alice();
  is("not-readable", executed("./program"), 2);
  is("script-of-another", executed("./script"), EACCES);
  as_root();
  int fd = (int)MUST(open("program", O_WRONLY));
  is("open-for-writing", executed("./program"), ETXTBSY);
  close(fd);
  is("closed-again", executed("./program"), 2);
  make_file("own-id", 0755, "");
  copy_shell("set-uid");
  MUST(chown("set-uid", alice, alice));
  MUST(chmod("set-uid", 04755));
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    execl("./set-uid", "set-uid", ".", "1", "none", NULL);
    _exit(99);
  }
  /* The program says that it must be root, which it no longer is. */
  is("set-uid-takes-effect", ended(child), 3);
}

CASE(posix, devices) {
  MUST(chmod(".", 0777));
  MUST(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
  int fd = open("null", O_RDWR);
  gives("open-a-device", fd, 0);
  is("which-is-local", write_text(fd, "away"), 4);
  is("nothing-comes-back", read(fd, (char[1]){0}, 1), 0);
  close(fd);
  as_alice();
  gives("device-by-a-user", mknod("x", S_IFCHR | 0666, makedev(1, 3)), EPERM);
  gives("fifo-by-a-user", mknod("fifo", S_IFIFO | 0666, 0), 0);
  gives("file-by-mknod", mknod("file", S_IFREG | 0640, 0), 0);
  is_mode("file-by-mknod-mode", mode_of("file"), 0640);
  gives("directory-by-mknod", mknod("d", S_IFDIR | 0755, 0), EPERM);
  gives("symlink-by-mknod", mknod("l", S_IFLNK | 0755, 0), EINVAL);
}

CASE(posix, sockets) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int server = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), client = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
  gives("connect-to-nothing", connect(client, (struct sockaddr *)&address, sizeof address), ENOENT);
  gives("bind", bind(server, (struct sockaddr *)&address, sizeof address), 0);
  is("is-a-socket", S_ISSOCK(look("socket").st_mode), 1);
  opens("open-of-a-socket", open("socket", O_RDONLY), ENXIO);
  gives("connect-before-listen", connect(client, (struct sockaddr *)&address, sizeof address), ECONNREFUSED);
  MUST(listen(server, 1));
  gives("connect", connect(client, (struct sockaddr *)&address, sizeof address), 0);
  int other = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
  gives("bind-by-another", bind(other, (struct sockaddr *)&address, sizeof address), EADDRINUSE);
  gives("unlink", unlink("socket"), 0);
  gives("bind-again-after-that", bind(other, (struct sockaddr *)&address, sizeof address), 0);
}
