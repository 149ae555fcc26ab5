/* The checks' output, and how cases are found and run. */
#include "check.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <time.h>

#include "sandbox.h"

enum { cases_max = 200, case_seconds_max = 1800 };

struct test_case {
  const char *suite, *name;
  void (*run)(void);
};
static struct test_case cases[cases_max];
static int case_count;
static char prefix[100];
static double scale = 1;

void add_case(const char *suite, const char *name, void (*run)(void)) {
  if (case_count == cases_max) abort();
  cases[case_count++] = (struct test_case){suite, name, run};
}

int scaled(int count) {
  double size = count * scale;
  return size < 1 ? 1 : size > INT_MAX / 2 ? INT_MAX / 2 : (int)size;
}

const char *named(const char *format, ...) {
  static char names[8][200];
  static int next;
  char *name = names[next++ % 8];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof names[0], format, arguments);
  va_end(arguments);
  return name;
}

const char *errno_name(int number) {
  if (number == 0) return "success";
  const char *name = strerrorname_np(number);
  return name != NULL ? name : named("errno %d", number);
}

static int report(const char *name, int held, const char *got, const char *want) {
  if (held)
    printf("ok %s/%s\n", prefix, name);
  else
    printf("not ok %s/%s: got %s want %s\n", prefix, name, got, want);
  fflush(stdout);
  return held;
}

int is(const char *name, long long got, long long want) {
  return report(name, got == want, named("%lld", got), named("%lld", want));
}

int is_mode(const char *name, unsigned got, unsigned want) {
  return report(name, got == want, named("%04o", got), named("%04o", want));
}

int is_text(const char *name, const char *got, const char *want) {
  return report(name, strcmp(got, want) == 0, named("'%.60s'", got), named("'%.60s'", want));
}

int holds(const char *name, int condition) { return report(name, condition, "no", "yes"); }

int gives(const char *name, long long result, int want_errno) {
  int number = result == -1 ? errno : 0;
  return report(name, number == want_errno, errno_name(number), errno_name(want_errno));
}

int opens(const char *name, int fd, int want_errno) {
  int held = gives(name, fd, want_errno);
  if (fd >= 0) close(fd);
  return held;
}

long long must(long long result, const char *call, int line) {
  if (result != -1) return result;
  int number = errno;
  report(named("line-%d", line), 0, named("%s of %.120s", errno_name(number), call), "success");
  _exit(1);
}

int ended(pid_t child) {
  int status;
  MUST(waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void hyphens(char *text) {
  for (; *text != '\0'; text++)
    if (*text == '_') *text = '-';
}

/* The case's own process: a fresh directory, umask 022, root without supplementary groups. */
static void run_case(const struct test_case *test, const char *directory) {
  char own[PATH_MAX];
  snprintf(own, sizeof own, "%s/%s-%s", directory, test->suite, test->name);
  remove_tree(own);
  pid_t child = fork();
  if (child == 0) {
    alarm(case_seconds_max);
    umask(022);
    MUST(mkdir(own, 0755));
    MUST(chdir(own));
    test->run();
    fflush(stdout);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) report("ended", 0, strsignal(WTERMSIG(status)), "an end of its own");
  remove_tree(own);
}

/* Whether `wanted` is the case's suite or SUITE/CASE. */
static int is_wanted(const struct test_case *test, const char *wanted) {
  size_t suite = strlen(test->suite);
  if (strncmp(wanted, test->suite, suite) != 0) return 0;
  return wanted[suite] == '\0' || (wanted[suite] == '/' && strcmp(wanted, prefix) == 0);
}

static int by_name(const void *a, const void *b) {
  const struct test_case *one = a, *other = b;
  int suites = strcmp(one->suite, other->suite);
  return suites != 0 ? suites : strcmp(one->name, other->name);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: suites DIRECTORY SCALE SUITE[/CASE]...\n"), 2;
  if (geteuid() != 0) return fprintf(stderr, "suites: must be root, to be other users\n"), 3;
  scale = atof(argv[2]);
  if (mkdir(argv[1], 0755) != 0 && errno != EEXIST) return perror(argv[1]), 2;
  qsort(cases, (size_t)case_count, sizeof cases[0], by_name);
  int ran = 0;
  for (int index = 0; index < case_count; index++) {
    snprintf(prefix, sizeof prefix, "%s/%s", cases[index].suite, cases[index].name);
    hyphens(prefix);
    for (int word = 3; word < argc; word++) {
      if (!is_wanted(&cases[index], argv[word])) continue;
      double start = seconds();
      run_case(&cases[index], argv[1]);
      fprintf(stderr, "%s: %.2f s\n", prefix, seconds() - start);
      ran++;
      break;
    }
  }
  if (rmdir(argv[1]) != 0) perror(argv[1]);
  return ran == 0 ? (fprintf(stderr, "suites: nothing of that name\n"), 2) : 0;
}
