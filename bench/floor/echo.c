/*
 * The floor under any server on this machine: one thread that takes what the load generator sends off its sockets and
 * answers each call with constant bytes of the right size. It knows no files, checks nothing and encodes nothing. What a
 * server does besides is what it costs more than this.
 *
 * It reads as much as there is at once and answers all of that by one write. Writes wait: nobody here sends large calls
 * and asks for large replies at once.
 *
 *     echo PORT [MICROSECONDS]        MOUNT and NFS version 3 on one port of the loopback address
 *
 * MICROSECONDS: how long it goes on looking for the next call before it sleeps, as fsva does; not at all if left out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
  CONNECTIONS_MAX = 4096,
  LAST_FRAGMENT = 1u << 31,
  /* Of a record this much is looked at: its mark, the call's header, a handle and the words behind it. */
  HEAD_BYTES = 132,
  /* Where a call's arguments begin: behind the mark, six words, and credential and verifier of the load generator. */
  ARGUMENTS_AT = 4 + 24 + 36 + 8,
  /* As many as fsva's handles of a tmpfs have. */
  HANDLE_BYTES = 39,
  FILE_BYTES_MAX = 1 << 20,
  RECEIVE_BYTES = 1 << 20,
  SMALL_BYTES = 64 << 10,
  PIECES_MAX = 512,
};

struct reply {
  uint8_t bytes[512];
  uint32_t length;
};

struct connection {
  /* Bytes of the record being received that are still to come and that nobody looks at. */
  uint32_t skip;
  /* What is answered when it is there; `count` for READ and WRITE. */
  uint32_t xid, procedure, count;
  /* The beginning of a record that came in parts. */
  uint32_t head_length;
  uint8_t head[HEAD_BYTES];
};

/* By procedure number; `mount` is MNT's. */
static struct reply replies[22], mount;
static struct connection *connections[CONNECTIONS_MAX];
/* Looking at a call that is shorter than it should be stays inside. */
static uint8_t received[RECEIVE_BYTES + HEAD_BYTES];
static uint8_t file[FILE_BYTES_MAX];

/* The replies to the calls of one read. */
static uint8_t small[SMALL_BYTES];
static uint32_t small_length;
static struct iovec pieces[PIECES_MAX];
static uint32_t piece_count;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint32_t get(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return ntohl(word);
}

static void put(uint8_t *at, uint32_t value) {
  uint32_t word = htonl(value);
  memcpy(at, &word, 4);
}

static void word(struct reply *reply, uint32_t value) {
  put(reply->bytes + reply->length, value);
  reply->length += 4;
}

/* The mark, and an accepted, successful reply; the xid is put in when it is sent. */
static void begin(struct reply *reply) {
  const uint32_t words[] = {0, 0, 1, 0, 0, 0, 0};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) word(reply, words[i]);
}

/* fattr3 of a regular file. */
static void attributes(struct reply *reply) {
  const uint32_t words[] = {1, 0644, 1, 0, 0, 0, 16 << 20, 0, 16 << 20, 0, 0, 0, 1, 0, 2, 1, 0, 1, 0, 1, 0};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) word(reply, words[i]);
}

static void post_op_attributes(struct reply *reply) {
  word(reply, 1);
  attributes(reply);
}

static void wcc_data(struct reply *reply) {
  const uint32_t before[] = {1, 0, 16 << 20, 1, 0, 1, 0};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) word(reply, before[i]);
  post_op_attributes(reply);
}

static void handle(struct reply *reply) {
  word(reply, HANDLE_BYTES);
  memset(reply->bytes + reply->length, 7, HANDLE_BYTES);
  reply->length += (HANDLE_BYTES + 3) & ~3;
}

static void verifier(struct reply *reply) {
  word(reply, 1);
  word(reply, 2);
}

static void make_replies(void) {
  begin(&mount);
  /* MNT3_OK, a handle, and one flavor: AUTH_SYS. */
  word(&mount, 0);
  handle(&mount);
  word(&mount, 1);
  word(&mount, 1);

  for (int procedure = 0; procedure < 22; procedure++) {
    struct reply *reply = &replies[procedure];
    begin(reply);
    /* NULL has no status. */
    if (procedure != 0) word(reply, 0);
  }
  attributes(&replies[1]);
  handle(&replies[3]);
  post_op_attributes(&replies[3]);
  post_op_attributes(&replies[3]);
  post_op_attributes(&replies[4]);
  word(&replies[4], 0x2d);
  /* READ: count, eof and the data follow. */
  post_op_attributes(&replies[6]);
  /* WRITE: count, committed and a verifier follow. */
  wcc_data(&replies[7]);
  for (int procedure = 8; procedure <= 9; procedure++) {
    word(&replies[procedure], 1);
    handle(&replies[procedure]);
    post_op_attributes(&replies[procedure]);
    wcc_data(&replies[procedure]);
  }
  wcc_data(&replies[12]);
  wcc_data(&replies[21]);
  verifier(&replies[21]);
}

static void send_replies(int socket) {
  uint32_t first = 0;
  while (first < piece_count) {
    struct msghdr message = {.msg_iov = pieces + first, .msg_iovlen = piece_count - first};
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) break; /* The connection is gone; the next read says so, too. */
    for (; first < piece_count && (size_t)sent >= pieces[first].iov_len; first++)
      sent -= pieces[first].iov_len;
    if (sent > 0) {
      pieces[first].iov_base = (uint8_t *)pieces[first].iov_base + sent;
      pieces[first].iov_len -= sent;
    }
  }
  small_length = piece_count = 0;
}

/* Small bytes of one reply after the other are one piece. */
static uint8_t *take_small(uint32_t length) {
  uint8_t *at = small + small_length;
  struct iovec *last = &pieces[piece_count - 1];
  if (piece_count > 0 && (uint8_t *)last->iov_base + last->iov_len == at)
    last->iov_len += length;
  else
    pieces[piece_count++] = (struct iovec){.iov_base = at, .iov_len = length};
  small_length += length;
  return at;
}

static void answer(int socket, const struct connection *call) {
  const struct reply *reply = call->procedure < 22 ? &replies[call->procedure] : &mount;
  if (small_length + sizeof *reply > SMALL_BYTES || piece_count + 3 > PIECES_MAX) send_replies(socket);
  uint32_t length = reply->length;
  uint32_t more = call->procedure == 6 ? 12 : call->procedure == 7 ? 16 : 0;
  uint32_t data = call->procedure == 6 ? call->count : 0;
  uint8_t *at = take_small(length + more);
  memcpy(at, reply->bytes, length);
  put(at, LAST_FRAGMENT | (length + more + data - 4));
  put(at + 4, call->xid);
  if (call->procedure == 6) {
    put(at + length, data);
    put(at + length + 4, 0);
    put(at + length + 8, data);
    pieces[piece_count++] = (struct iovec){.iov_base = file, .iov_len = data};
  } else if (call->procedure == 7) {
    put(at + length, call->count);
    memset(at + length + 4, 0, 12);
  }
}

/* `head` has the record's first HEAD_BYTES bytes, or all of them. Answers the record's length with its mark. */
static uint32_t look(struct connection *call, const uint8_t *head) {
  uint32_t length = 4 + (get(head) & ~LAST_FRAGMENT);
  call->xid = get(head + 4);
  call->procedure = get(head + 16) == 100003 ? get(head + 24) : UINT32_MAX;
  if (call->procedure == 6 || call->procedure == 7) {
    uint32_t count = get(head + ARGUMENTS_AT + 4 + ((HANDLE_BYTES + 3) & ~3) + 8);
    /* Blocks are multiples of 4: no padding. */
    call->count = count <= FILE_BYTES_MAX ? count & ~3u : 0;
  }
  return length;
}

/* How much of a record has to be there before it can be looked at. */
static uint32_t head_bytes(const uint8_t *record, uint32_t there) {
  if (there < 4) return 4;
  uint32_t length = 4 + (get(record) & ~LAST_FRAGMENT);
  return length < HEAD_BYTES ? length : HEAD_BYTES;
}

static void take(int socket, struct connection *call, const uint8_t *bytes, uint32_t length) {
  while (length > 0) {
    uint32_t used;
    if (call->skip > 0) {
      used = length < call->skip ? length : call->skip;
      call->skip -= used;
      if (call->skip == 0) answer(socket, call);
    } else if (call->head_length == 0 && length >= 4 && length >= head_bytes(bytes, length)) {
      uint32_t record = look(call, bytes);
      used = record < length ? record : length;
      call->skip = record - used;
      if (call->skip == 0) answer(socket, call);
    } else {
      uint32_t wanted = head_bytes(call->head, call->head_length) - call->head_length;
      used = length < wanted ? length : wanted;
      memcpy(call->head + call->head_length, bytes, used);
      call->head_length += used;
      if (call->head_length >= 4 && call->head_length == head_bytes(call->head, call->head_length)) {
        call->skip = look(call, call->head) - call->head_length;
        call->head_length = 0;
        if (call->skip == 0) answer(socket, call);
      }
    }
    bytes += used;
    length -= used;
  }
}

static void serve(int socket) {
  ssize_t length = recv(socket, received, RECEIVE_BYTES, MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    free(connections[socket]);
    connections[socket] = NULL;
    close(socket);
    return;
  }
  take(socket, connections[socket], received, length);
  send_replies(socket);
}

static void watch(int epoll, int socket) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
}

static void admit(int epoll, int listener) {
  int socket = accept(listener, NULL, NULL);
  if (socket < 0) return;
  if (socket >= CONNECTIONS_MAX) {
    close(socket);
    return;
  }
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[socket] = calloc(1, sizeof **connections);
  if (connections[socket] == NULL) fail("calloc");
  watch(epoll, socket);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int main(int count, char **words) {
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: echo PORT [MICROSECONDS]\n");
    return 2;
  }
  int64_t spin_ns = count == 3 ? atoi(words[2]) * 1000ll : 0;
  make_replies();
  memset(file, 0xa5, sizeof file);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 128) != 0) fail("listen");
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);

  int64_t sleeps_at = 0;
  for (;;) {
    struct epoll_event events[64];
    int sleeps = spin_ns == 0 || now_ns() >= sleeps_at;
    int ready = epoll_wait(epoll, events, 64, sleeps ? -1 : 0);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.fd == listener)
        admit(epoll, listener);
      else
        serve(events[i].data.fd);
    }
    if (spin_ns > 0 && ready > 0) sleeps_at = now_ns() + spin_ns;
  }
}
