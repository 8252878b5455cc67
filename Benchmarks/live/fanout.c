/* The least that a fan-out can cost: send() once for each connection, from one epoll loop.
 *
 * Usage: fanout PORT. Whoever asks for an upgrade is a subscriber from then on. The body of a POST is sent to all of
 * them as one text frame. Nothing is checked, nothing is stored, and a subscriber who reads too slowly ends the
 * program, for then the figures would mean nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096, BODY_BYTES = 32768, EVENTS = 1024, MOST_FILES = 1 << 20 };

/* The answer to the key of RFC 6455 section 1.3, which is the one that the load sends. */
static const char SWITCHING[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char DONE[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static int *subscribers, *place_of, subscriber_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void leave(int fd) {
    int place = place_of[fd];
    if (place >= 0) {
        subscribers[place] = subscribers[--subscriber_count];
        place_of[subscribers[place]] = place;
        place_of[fd] = -1;
    }
    close(fd);
}

static void broadcast(const char *body, size_t length) {
    static uint8_t frame[BODY_BYTES + 4];
    size_t header = length < 126 ? 2 : 4;
    frame[0] = 0x81;
    if (header == 2) {
        frame[1] = (uint8_t)length;
    } else {
        frame[1] = 126;
        frame[2] = (uint8_t)(length >> 8);
        frame[3] = (uint8_t)length;
    }
    memcpy(frame + header, body, length);
    ssize_t size = (ssize_t)(header + length);
    for (int place = 0; place < subscriber_count; place++)
        if (send(subscribers[place], frame, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) != size) fail("send");
}

/* A request comes whole: the client sends it at once, and it is small. */
static void serve(int fd) {
    static char request[REQUEST_BYTES + BODY_BYTES + 1];
    ssize_t count = recv(fd, request, sizeof request - 1, 0);
    if (count <= 0) {
        leave(fd);
        return;
    }
    if (place_of[fd] >= 0) return; /* a pong, or the client's closing frame */
    request[count] = 0;
    char *end = strstr(request, "\r\n\r\n");
    if (!end) {
        leave(fd);
    } else if (!strncmp(request, "POST ", 5)) {
        char *body = end + 4;
        broadcast(body, (size_t)(request + count - body));
        if (send(fd, DONE, sizeof DONE - 1, MSG_NOSIGNAL) < 0) leave(fd);
    } else {
        place_of[fd] = subscriber_count;
        subscribers[subscriber_count++] = fd;
        if (send(fd, SWITCHING, sizeof SWITCHING - 1, MSG_NOSIGNAL) < 0) leave(fd);
    }
}

static int listening_socket(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) fail("listen");
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: fanout PORT\n"), 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    size_t most = files.rlim_cur < MOST_FILES ? files.rlim_cur : MOST_FILES;
    subscribers = malloc(most * sizeof *subscribers);
    place_of = malloc(most * sizeof *place_of);
    if (!subscribers || !place_of) fail("malloc");
    for (size_t fd = 0; fd < most; fd++) place_of[fd] = -1;

    int loop = epoll_create1(0), door = listening_socket(atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[EVENTS];
    epoll_ctl(loop, EPOLL_CTL_ADD, door, &event);
    puts("fanout is ready");
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(loop, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int number = 0; number < count; number++) {
            int fd = events[number].data.fd;
            if (fd != door) {
                serve(fd);
                continue;
            }
            while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if ((size_t)fd >= most) fail("too many connections");
                event.data.fd = fd;
                epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
}
