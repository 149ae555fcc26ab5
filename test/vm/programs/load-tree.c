/*
 * Changes a tree of its own at random and knows what it ought to be: fsva-load-tree DIRECTORY SEED STOP EXPECTED
 *
 * Until STOP exists: creates, writes (buffered, with fsync, O_SYNC, O_APPEND, mapped), truncates, renames, links, unlinks,
 * also of open files, chmods, makes and removes directories. Each result is the one that the model has (the errors too),
 * and every now and then files and directories are read again, from the server, and compared. Ends at the first difference.
 * In the end all is compared, and the tree as it ought to be is made in EXPECTED. Prints how often it did what.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "load-model.h"

static const int modes[] = {0644, 0600, 0755, 0444};
static unsigned char data[BYTES_MAX];

static int some_directory(void) {
  int directory = below(DIRECTORIES);
  return is_there[directory] ? directory : 0;
}

static size_t some_data(size_t room) {
  size_t length = 1 + below(below(20) == 0 ? 65536 : 9000);
  if (length > room) length = room;
  for (size_t i = 0; i < length; i += 8) {
    uint64_t number = random_number();
    memcpy(data + i, &number, 8);
  }
  return length;
}

static void write_at(int fd, struct object *object, const char *path, size_t offset) {
  size_t length = some_data(BYTES_MAX - 8 - offset);
  ssize_t count = pwrite(fd, data, length, offset);
  expect("write", path, count, 0);
  if ((size_t)count != length) wrong("write", path, "short");
  if (offset + length > object->size) set_size(object, offset + length);
  memcpy(object->bytes + offset, data, length);
}

static void write_mapped(int fd, struct object *object, const char *path) {
  if (object->size == 0) return;
  size_t offset = below(object->size), length = some_data(object->size - offset);
  unsigned char *memory = mmap(NULL, object->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  expect("mmap", path, memory == MAP_FAILED ? -1 : 0, 0);
  memcpy(memory + offset, data, length);
  memcpy(object->bytes + offset, data, length);
  expect("msync", path, msync(memory, object->size, MS_SYNC), 0);
  munmap(memory, object->size);
}

/* The bytes of a file as the server has them now. */
static void compare(struct object *object, const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | (below(3) == 0 ? O_DIRECT : 0));
  expect("open to read", path, fd, 0);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  expect("fstat", path, fstat(fd, &status), 0);
  if ((size_t)status.st_size != object->size) wrong("fstat", path, "another size");
  if ((status.st_mode & 07777) != (mode_t)object->mode) wrong("fstat", path, "another mode");
  static unsigned char found[BYTES_MAX] __attribute__((aligned(4096)));
  size_t done = 0;
  for (ssize_t count = 1; count > 0; done += count) {
    count = pread(fd, found + done, BYTES_MAX - done, done);
    expect("read", path, count, 0);
  }
  if (done != object->size || memcmp(found, object->bytes, done) != 0) wrong("read", path, "other content");
  expect("close", path, close(fd), 0);
}

static void look(int directory, int name) {
  struct object *object = names[directory][name];
  const char *path = path_of(directory, name);
  struct stat status;
  expect("lstat", path, lstat(path, &status), object == NULL ? ENOENT : 0);
  if (object == NULL) return;
  if (!object->is_symlink) {
    compare(object, path);
    return;
  }
  char target[256];
  ssize_t length = readlink(path, target, sizeof target);
  expect("readlink", path, length, 0);
  if ((size_t)length != object->size || memcmp(target, object->bytes, length) != 0)
    wrong("readlink", path, "another target");
}

static void list(int directory) {
  const char *path = directory_path(directory);
  int expected = 0, found = 0;
  for (int name = 0; name < NAMES; name++) expected += names[directory][name] != NULL;
  for (int other = 1; directory == 0 && other < DIRECTORIES; other++) expected += is_there[other];
  DIR *stream = opendir(path);
  expect("opendir", path, stream == NULL ? -1 : 0, 0);
  errno = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    /* Removed while open: the client keeps it under such a name until it is closed. */
    if (entry->d_name[0] == '.') continue;
    int number = atoi(entry->d_name + 1);
    if (entry->d_name[0] == 'n' ? names[directory][number] == NULL : directory != 0 || !is_there[number])
      wrong("readdir", path, entry->d_name);
    found++;
  }
  expect("readdir", path, errno == 0 ? 0 : -1, 0);
  if (found != expected) wrong("readdir", path, "a name is missing");
  closedir(stream);
}

static void do_create(int d, int n) {
  const char *path = path_of(d, n);
  int mode = modes[below(4)], is_sync = below(4) == 0;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | (is_sync ? O_SYNC : 0), mode);
  expect("create", path, fd, names[d][n] != NULL ? EEXIST : 0);
  if (fd < 0) return;
  set_name(d, n, new_object(0, mode));
  write_at(fd, names[d][n], path, 0);
  if (below(2) == 0) expect("fsync", path, fsync(fd), 0);
  expect("close", path, close(fd), 0);
}

static void do_write(int d, int n) {
  struct object *object = names[d][n];
  const char *path = path_of(d, n);
  if (object == NULL || object->is_symlink) return;
  enum { BUFFERED, FSYNC, SYNC, APPEND, MAPPED, HOW };
  int how = below(HOW);
  int fd = open(path, O_RDWR | (how == SYNC ? O_SYNC : how == APPEND ? O_APPEND : 0));
  expect("open to write", path, fd, 0);
  size_t room = BYTES_MAX - 70000, hole = below(8) == 0 ? 6000 : 0;
  if (how == MAPPED)
    write_mapped(fd, object, path);
  else if (object->size < room)
    write_at(fd, object, path, how == APPEND ? object->size : below(object->size + hole + 1));
  if (how == FSYNC) expect("fsync", path, fsync(fd), 0);
  expect("close", path, close(fd), 0);
}

static void do_truncate(int d, int n) {
  struct object *object = names[d][n];
  if (object == NULL || object->is_symlink) return;
  size_t size = below(object->size + 4000);
  if (size > BYTES_MAX - 70000) size = 0;
  expect("truncate", path_of(d, n), truncate(path_of(d, n), size), 0);
  set_size(object, size);
}

static void do_rename(int d, int n) {
  int to_d = some_directory(), to_n = below(NAMES);
  struct object *object = names[d][n];
  const char *path = path_of(d, n);
  expect("rename", path, rename(path, path_of(to_d, to_n)), object == NULL ? ENOENT : 0);
  /* Two names of one object: rename does nothing. */
  if (object == NULL || object == names[to_d][to_n]) return;
  set_name(to_d, to_n, object);
  set_name(d, n, NULL);
}

static void do_link(int d, int n) {
  int to_d = some_directory(), to_n = below(NAMES);
  struct object *object = names[d][n];
  if (object != NULL && object->is_symlink) return;
  const char *path = path_of(d, n);
  int wanted = object == NULL ? ENOENT : names[to_d][to_n] != NULL ? EEXIST : 0;
  expect("link", path, link(path, path_of(to_d, to_n)), wanted);
  if (wanted == 0) set_name(to_d, to_n, object);
}

static void do_unlink(int d, int n) {
  expect("unlink", path_of(d, n), unlink(path_of(d, n)), names[d][n] == NULL ? ENOENT : 0);
  set_name(d, n, NULL);
}

/* Not in directories that may be removed: what the client keeps would be in the way. */
static void do_unlink_open(int d, int n) {
  struct object *object = names[0][n];
  const char *path = path_of(0, n);
  (void)d;
  if (object == NULL || object->is_symlink || object->links > 1 || object->size > BYTES_MAX - 70000) return;
  int fd = open(path, O_RDWR);
  expect("open to unlink", path, fd, 0);
  expect("unlink open", path, unlink(path), 0);
  write_at(fd, object, path, object->size);
  expect("fsync unlinked", path, fsync(fd), 0);
  ssize_t count = pread(fd, data, sizeof data, 0);
  expect("read unlinked", path, count, 0);
  if ((size_t)count != object->size || memcmp(data, object->bytes, count) != 0)
    wrong("read unlinked", path, "other content");
  expect("close unlinked", path, close(fd), 0);
  set_name(0, n, NULL);
}

static void do_chmod(int d, int n) {
  struct object *object = names[d][n];
  if (object == NULL || object->is_symlink) return;
  object->mode = modes[below(4)];
  expect("chmod", path_of(d, n), chmod(path_of(d, n), object->mode), 0);
}

static void do_symlink(int d, int n) {
  struct object *object = new_object(1, 0777);
  object->size = snprintf((char *)object->bytes, 64, "target-%u", below(1000000));
  expect("symlink", path_of(d, n), symlink((char *)object->bytes, path_of(d, n)), names[d][n] ? EEXIST : 0);
  if (names[d][n] == NULL)
    set_name(d, n, object);
  else
    free(object);
}

static void do_mkdir(int d, int n) {
  int made = 1 + n % (DIRECTORIES - 1);
  (void)d;
  expect("mkdir", directory_path(made), mkdir(directory_path(made), 0755), is_there[made] ? EEXIST : 0);
  is_there[made] = 1;
}

static void do_rmdir(int d, int n) {
  int removed = 1 + n % (DIRECTORIES - 1);
  (void)d;
  int wanted = !is_there[removed] ? ENOENT : is_empty(removed) ? 0 : ENOTEMPTY;
  expect("rmdir", directory_path(removed), rmdir(directory_path(removed)), wanted);
  if (wanted == 0) is_there[removed] = 0;
}

static void do_rename_directory(int d, int n) {
  int from = 1 + n % (DIRECTORIES - 1), to = 1 + below(DIRECTORIES - 1);
  (void)d;
  if (from == to) return;
  int wanted = !is_there[from] ? ENOENT : is_there[to] && !is_empty(to) ? ENOTEMPTY : 0;
  expect("rename directory", directory_path(from), rename(directory_path(from), directory_path(to)), wanted);
  if (wanted != 0) return;
  memcpy(names[to], names[from], sizeof names[to]);
  memset(names[from], 0, sizeof names[from]);
  is_there[to] = 1;
  is_there[from] = 0;
}

static void do_list(int d, int n) {
  (void)n;
  list(d);
}

static void drop_caches(void) {
  int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
  if (fd >= 0 && write(fd, "3", 1) == 1) close(fd);
}

static const struct {
  const char *name;
  void (*run)(int directory, int name);
  unsigned share;
} operations[] = {
    {"create", do_create, 20},  {"write", do_write, 20},   {"truncate", do_truncate, 4},
    {"rename", do_rename, 12},  {"link", do_link, 7},      {"unlink", do_unlink, 12},
    {"chmod", do_chmod, 3},     {"symlink", do_symlink, 4}, {"unlink_open", do_unlink_open, 3},
    {"mkdir", do_mkdir, 5},     {"rmdir", do_rmdir, 4},    {"rename_directory", do_rename_directory, 3},
    {"look", look, 12},         {"list", do_list, 3},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  random_state = 88172645463325252u ^ (strtoull(argv[2], NULL, 10) << 32);
  umask(0);
  expect("chdir", argv[1], chdir(argv[1]), 0);
  unsigned shares = 0, counts[OPERATIONS] = {0};
  for (int i = 0; i < OPERATIONS; i++) shares += operations[i].share;
  while (!is_over(argv[3])) {
    unsigned number = below(shares);
    int i = 0;
    for (; number >= operations[i].share; i++) number -= operations[i].share;
    operations[i].run(some_directory(), below(NAMES));
    counts[i]++;
    if (below(400) == 0) drop_caches();
  }
  drop_caches();
  for (int d = 0; d < DIRECTORIES; d++) {
    if (is_there[d]) list(d);
    for (int n = 0; is_there[d] && n < NAMES; n++) look(d, n);
  }
  make_expected(argv[4]);
  for (int i = 0; i < OPERATIONS; i++) printf("%s %u\n", operations[i].name, counts[i]);
  return 0;
}
