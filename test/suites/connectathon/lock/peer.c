#include "peer.h"

#include <poll.h>
#include <signal.h>

enum { answer_bytes = 64 };

struct question {
  char what;
  long long start, length;
};

static int set_lock(int fd, int command, short type, long long start, long long length) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &lock);
}

int lock_range(int fd, short type, long long start, long long length) {
  return set_lock(fd, F_SETLK, type, start, length);
}

int wait_for_range(int fd, short type, long long start, long long length) {
  return set_lock(fd, F_SETLKW, type, start, length);
}

static void describe_lock(int fd, const struct question *question, char *answer) {
  struct flock lock = {.l_type = F_WRLCK, .l_start = question->start, .l_len = question->length};
  if (fcntl(fd, F_GETLK, &lock) != 0)
    snprintf(answer, answer_bytes, "%s", errno_name(errno));
  else if (lock.l_type == F_UNLCK)
    snprintf(answer, answer_bytes, "free");
  else
    snprintf(answer, answer_bytes, "%s %lld %lld%s", lock.l_type == F_RDLCK ? "read" : "write",
             (long long)lock.l_start, (long long)lock.l_len, lock.l_pid == getppid() ? "" : " of somebody else");
}

static int carry_out(int fd, const char *path, const struct question *question) {
  long long start = question->start, length = question->length;
  switch (question->what) {
    case 'r': return lock_range(fd, F_RDLCK, start, length);
    case 'w': return lock_range(fd, F_WRLCK, start, length);
    case 'R': return wait_for_range(fd, F_RDLCK, start, length);
    case 'W': return wait_for_range(fd, F_WRLCK, start, length);
    case 'u': return lock_range(fd, F_UNLCK, start, length);
    case 'c': return close(open(path, O_RDONLY));
    default: _exit(0);
  }
}

static void be_peer(const char *path, int questions, int answers) {
  int fd = (int)MUST(open(path, O_RDWR));
  struct question question;
  while (read(questions, &question, sizeof question) == sizeof question) {
    char answer[answer_bytes] = "";
    if (question.what == 'g')
      describe_lock(fd, &question, answer);
    else
      snprintf(answer, sizeof answer, "%s", errno_name(carry_out(fd, path, &question) == 0 ? 0 : errno));
    if (write(answers, answer, sizeof answer) != sizeof answer) break;
  }
}

struct peer start_peer(const char *path) {
  int questions[2], answers[2];
  close((int)MUST(open(path, O_CREAT | O_RDWR, 0644)));
  MUST(pipe(questions));
  MUST(pipe(answers));
  pid_t pid = (pid_t)MUST(fork());
  if (pid == 0) {
    close(questions[1]);
    close(answers[0]);
    be_peer(path, questions[0], answers[1]);
    _exit(0);
  }
  close(questions[0]);
  close(answers[1]);
  struct peer peer = {pid, questions[1], answers[0]};
  /* It has opened the file when it answers. */
  ask(&peer, 'u', 0, 0);
  return peer;
}

void tell(struct peer *peer, char what, long long start, long long length) {
  struct question question;
  memset(&question, 0, sizeof question);
  question.what = what;
  question.start = start;
  question.length = length;
  MUST(write(peer->questions, &question, sizeof question));
}

const char *answer_of(struct peer *peer) {
  static char answer[answer_bytes];
  if (read(peer->answers, answer, sizeof answer) != sizeof answer) return "no answer";
  return answer;
}

const char *ask(struct peer *peer, char what, long long start, long long length) {
  tell(peer, what, start, length);
  return answer_of(peer);
}

int has_answered(struct peer *peer, int milliseconds) {
  struct pollfd poller = {.fd = peer->answers, .events = POLLIN};
  return poll(&poller, 1, milliseconds) == 1;
}

void stop_peer(struct peer *peer) {
  kill(peer->pid, SIGKILL);
  waitpid(peer->pid, NULL, 0);
  close(peer->questions);
  close(peer->answers);
}
