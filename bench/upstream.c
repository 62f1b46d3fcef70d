/* The bench's upstream: one thread, epoll, HTTP/1.1 with keep-alive and content-length requests.
 *
 *   cc -O2 -o upstream upstream.c && ./upstream PORT
 *
 * Answers any POST with a chat completion. A body with "stream":true gets 20 content events, one with usage and
 * [DONE]; all in one write, or, when the model is called *paced*, one event every 10 ms. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, INPUT = 1 << 18, EVENTS = 22, PACE_US = 10000 };

struct connection {
  char *input;      /* what has been received and not answered */
  size_t length;
  int next_event;   /* of a paced answer; -1: none under way */
  long long due_us;
};

static struct connection connections[MAX_CONNECTIONS];
static int paced_count;
static char whole[2048], head[256], burst[16384], event[EVENTS][512];
static size_t whole_length, head_length, burst_length, event_length[EVENTS];

static long long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void prepare(void) {
  static const char *body =
      "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"gpt-4o-mini\","
      "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Water finds its way. A gate at the head of "
      "a channel decides how much of it goes where, and a good one does so without being noticed.\",\"refusal\":null},"
      "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":61,\"completion_tokens\":28,"
      "\"total_tokens\":89,\"prompt_tokens_details\":{\"cached_tokens\":0}}}";
  whole_length = (size_t)sprintf(whole,
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s", strlen(body), body);
  head_length = (size_t)sprintf(head,
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  memcpy(burst, head, head_length);
  burst_length = head_length;
  for (int i = 0; i < EVENTS; i++) {
    char data[400];
    const char *start = "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini\"";
    if (i < EVENTS - 2)
      sprintf(data, "data: %s,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"drop %d \"},\"finish_reason\":%s}]}\n\n", start, i,
              i == EVENTS - 3 ? "\"stop\"" : "null");
    else if (i == EVENTS - 2)
      sprintf(data, "data: %s,\"choices\":[],\"usage\":{\"prompt_tokens\":61,\"completion_tokens\":20,\"total_tokens\":81}}\n\n", start);
    else
      sprintf(data, "data: [DONE]\n\n");
    event_length[i] = (size_t)sprintf(event[i], "%zx\r\n%s\r\n%s", strlen(data), data, i == EVENTS - 1 ? "0\r\n\r\n" : "");
    memcpy(burst + burst_length, event[i], event_length[i]);
    burst_length += event_length[i];
  }
}

static void hang_up(int fd) {
  struct connection *c = &connections[fd];
  if (c->next_event >= 0) paced_count--;
  c->next_event = -1;
  free(c->input);
  c->input = NULL;
  c->length = 0;
  close(fd);
}

/* The answers are small: a socket that cannot take one at once has a reader that is gone or far behind. */
static int tell(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) { usleep(100); continue; }
    if (sent <= 0) { hang_up(fd); return 0; }
    bytes += sent;
    length -= (size_t)sent;
  }
  return 1;
}

/* Answer every whole request that is there, until one is paced. */
static void answer(int fd) {
  struct connection *c = &connections[fd];
  while (c->input != NULL && c->next_event < 0 && c->length > 0) {
    char *end = memmem(c->input, c->length, "\r\n\r\n", 4);
    if (end == NULL) return;
    size_t body_at = (size_t)(end - c->input) + 4, body = 0;
    *end = 0;
    char *field = strcasestr(c->input, "\ncontent-length:");
    if (field != NULL) body = strtoul(field + 16, NULL, 10);
    *end = '\r';
    if (c->length < body_at + body) return;
    const char *text = c->input + body_at;
    int stream = memmem(text, body, "\"stream\":true", 13) || memmem(text, body, "\"stream\": true", 14);
    int paced = stream && memmem(text, body, "paced", 5);
    c->length -= body_at + body;
    memmove(c->input, text + body, c->length);
    if (paced) {
      if (!tell(fd, head, head_length)) return;
      c->next_event = 0;
      c->due_us = now_us();
      paced_count++;
    } else if (!tell(fd, stream ? burst : whole, stream ? burst_length : whole_length)) {
      return;
    }
  }
}

static void pace(void) {
  long long now = now_us();
  for (int fd = 0; fd < MAX_CONNECTIONS && paced_count > 0; fd++) {
    struct connection *c = &connections[fd];
    if (c->input == NULL || c->next_event < 0 || c->due_us > now) continue;
    if (!tell(fd, event[c->next_event], event_length[c->next_event])) continue;
    c->due_us += PACE_US;
    if (++c->next_event == EVENTS) {
      c->next_event = -1;
      paced_count--;
      answer(fd);
    }
  }
}

static void receive(int fd) {
  struct connection *c = &connections[fd];
  ssize_t got = recv(fd, c->input + c->length, INPUT - c->length, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) { hang_up(fd); return; }
  c->length += (size_t)got;
  answer(fd);
}

static void greet(int listener, int poll) {
  int one = 1, fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_CONNECTIONS) { close(fd); continue; }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = (struct connection){.input = malloc(INPUT), .next_event = -1};
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
  }
}

int main(int count, char **arguments) {
  if (count != 2) { fprintf(stderr, "usage: upstream PORT\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  prepare();
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1])),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1024)) { perror("upstream"); return 1; }
  int poll = epoll_create1(0);
  struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener}, ready[128];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
  for (;;) {
    int found = epoll_wait(poll, ready, 128, paced_count > 0 ? 1 : -1);
    for (int i = 0; i < found; i++) {
      int fd = ready[i].data.fd;
      if (fd == listener) greet(listener, poll);
      else if (connections[fd].input != NULL) receive(fd);
    }
    if (paced_count > 0) pace();
  }
}
