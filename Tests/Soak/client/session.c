/* One connection: from its own address, upgraded, its frames read, its pings answered. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "soak.h"

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10, SLOW_BUFFER = 8192, PART = 1 << 16, SLOW_TURNS = 32 };

static int loop;
static in_port_t port;
static uint32_t address_count;

void sessions_prepare(int epoll, in_port_t server, uint32_t addresses) {
    (loop = epoll, port = server, address_count = addresses);
}

static void watch(uint32_t number, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = number};
    if (epoll_ctl(loop, operation, sessions[number].fd, &event)) fault("epoll: %s", strerror(errno));
}

void session_open(uint32_t number) {
    struct session *session = &sessions[number];
    int yes = 1, small = SLOW_BUFFER;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    session->state = CONNECTING;
    session->since = now();
    session->is_paused = 0;
    session->rest_size = 0;
    setsockopt(session->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    /* So that who does not read is noticed soon. */
    if (session->kind == SLOW) setsockopt(session->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct sockaddr_in here = {.sin_family = AF_INET}, there = {.sin_family = AF_INET, .sin_port = htons(port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number % address_count);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (session->fd < 0 || bind(session->fd, (struct sockaddr *)&here, sizeof here)
        || (connect(session->fd, (struct sockaddr *)&there, sizeof there) && errno != EINPROGRESS)) {
        fault("connect: %s", strerror(errno));
        session_shut(number, SECOND);
        return;
    }
    watch(number, EPOLL_CTL_ADD, EPOLLOUT);
}

/* Ends what there is of a connection; the session comes back after so many nanoseconds. */
void session_shut(uint32_t number, uint64_t away) {
    struct session *session = &sessions[number];
    if (session->state == READY) tally.ready--;
    if (session->fd >= 0) close(session->fd);
    session->fd = -1;
    session->state = AWAY;
    session->since = now();
    session->due = session->since + away;
    protocol_forget(session);
    tally.closed++;
}

void session_leave(uint32_t number, uint64_t away) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    switch (chance(3)) {
    case 0: session_send(number, CLOSE, "\x03\xe8", 2); break;
    case 1: setsockopt(sessions[number].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); break;
    default: break;
    }
    session_shut(number, away);
}

void session_pause(uint32_t number, int is_paused) {
    sessions[number].is_paused = (uint8_t)is_paused;
    watch(number, EPOLL_CTL_MOD, is_paused ? 0 : EPOLLIN);
}

void session_send(uint32_t number, int opcode, const char *bytes, size_t size) {
    static uint8_t frame[PART];
    size_t head = size < 126 ? 2 : 4;
    if (size + head + 4 > sizeof frame) {
        fault("a request of %zu bytes", size);
        return;
    }
    frame[0] = (uint8_t)(0x80 | opcode);
    frame[1] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (head == 4) (frame[2] = (uint8_t)(size >> 8), frame[3] = (uint8_t)size);
    memset(frame + head, 0, 4); /* masked with zeros */
    memcpy(frame + head + 4, bytes, size);
    ssize_t sent = send(sessions[number].fd, frame, head + 4 + size, MSG_NOSIGNAL);
    /* A connection that the server has ended shows it when it is read. */
    if (sent >= 0 && (size_t)sent != head + 4 + size) fault("%s cannot send: %zd", sessions[number].user, sent);
}

static void ask_upgrade(uint32_t number) {
    char request[QUERY_BYTES + 512];
    int size = snprintf(request, sizeof request,
                        "GET /v4/ws?%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        sessions[number].query, port);
    if (send(sessions[number].fd, request, (size_t)size, MSG_NOSIGNAL) != size) fault("upgrade: %s", strerror(errno));
    sessions[number].state = UPGRADING;
    sessions[number].is_outdated = sessions[number].is_ending = 0;
    watch(number, EPOLL_CTL_MOD, EPOLLIN);
}

static void take_close(uint32_t number, const uint8_t *bytes, size_t size) {
    int code = size >= 2 ? bytes[0] << 8 | bytes[1] : 1005;
    /* An expired UserSig, of a key that was taken away: the session logs in with another one. */
    int reason = size > 2 ? (int)size - 2 : 0;
    if (code != 4401) fault("%s was ended with %d %.*s", sessions[number].user, code, reason, (const char *)bytes + 2);
    session_shut(number, chance(1000) * (SECOND / 1000));
}

/* Takes one frame if it is whole; how many bytes that were, 0 when it is not. */
static size_t take_frame(uint32_t number, const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    uint64_t length = bytes[1] & 127;
    size_t head = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (size < head) return 0;
    if (head > 2) {
        length = 0;
        for (size_t place = 2; place < head; place++) length = length << 8 | bytes[place];
    }
    if (size - head < length) return 0;
    const uint8_t *payload = bytes + head;
    switch (bytes[0]) {
    case 0x80 | TEXT: protocol_text(number, (struct text){(const char *)payload, length}); break;
    case 0x80 | PING: session_send(number, PONG, (const char *)payload, length); break;
    case 0x80 | PONG: break;
    case 0x80 | CLOSE: take_close(number, payload, length); break;
    default:
        fault("%s got a frame of kind %x", sessions[number].user, bytes[0]);
        session_shut(number, SECOND);
    }
    return head + length;
}

/* The answer to an upgrade; how many bytes it has, 0 when it is not whole or refused. */
static size_t take_head(uint32_t number, const uint8_t *bytes, size_t size) {
    const uint8_t *end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size > 13 && !memcmp(bytes, "HTTP/1.1 101 ", 13)) {
        tally.opened++;
        protocol_begin(number);
        return (size_t)(end + 4 - bytes);
    }
    tally.refused++;
    fault("%s was refused: %.*s", sessions[number].user, size < 600 ? (int)size : 600, (const char *)bytes);
    session_shut(number, SECOND);
    return 0;
}

/* Takes what is whole; how many bytes are left over. */
static size_t take_bytes(uint32_t number, const uint8_t *bytes, size_t size) {
    size_t used = 0;
    while (used < size && sessions[number].state != AWAY) {
        size_t part = sessions[number].state == UPGRADING ? take_head(number, bytes + used, size - used)
                                                          : take_frame(number, bytes + used, size - used);
        if (!part) break;
        used += part;
    }
    return sessions[number].state == AWAY ? 0 : size - used;
}

static void keep_rest(struct session *session, const uint8_t *bytes, size_t size) {
    if (size + PART > session->rest_room) {
        session->rest_room = size * 2 + PART;
        uint8_t *room = malloc(session->rest_room);
        if (!room) exit(1);
        if (size) memcpy(room, bytes, size);
        free(session->rest);
        session->rest = room;
    } else if (size) {
        memmove(session->rest, bytes, size);
    }
    session->rest_size = size;
}

/* Reads once; whether there may be more. */
static int read_part(uint32_t number) {
    static uint8_t buffer[PART];
    struct session *session = &sessions[number];
    if (session->fd < 0) return 0;
    int is_whole = session->rest_size == 0;
    if (!is_whole) keep_rest(session, session->rest, session->rest_size);
    uint8_t *place = is_whole ? buffer : session->rest + session->rest_size;
    ssize_t count = recv(session->fd, place, PART, 0);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0 && session->kind == SLOW && session->is_ending && session->rest_size) {
        /* Its key was taken away, and the reason stood behind more than it reads in the 2 s that the server gives it. */
        tally.cut++;
        session_shut(number, chance(1000) * (SECOND / 1000));
        return 0;
    }
    if (count <= 0) {
        static const char *states[] = {"away", "connecting", "upgrading", "starting", "ready"};
        fault("the server left %s without a close (%s), who was %s for %.1f s%s and had %zu bytes of a frame", session->user,
              count ? strerror(errno) : "end", states[session->state], (double)(now() - session->since) / SECOND,
              session->is_paused ? ", read nothing" : "", session->rest_size);
        session_shut(number, SECOND);
        return 0;
    }
    tally.bytes += (uint64_t)count;
    const uint8_t *begin = is_whole ? buffer : session->rest;
    size_t size = (is_whole ? 0 : session->rest_size) + (size_t)count, left = take_bytes(number, begin, size);
    if (left) keep_rest(session, begin + size - left, left);
    else session->rest_size = 0;
    return 1;
}

void session_ready(uint32_t number, uint32_t events) {
    struct session *session = &sessions[number];
    if (session->state == AWAY || session->fd < 0) return;
    if (session->state == CONNECTING && !(events & (EPOLLERR | EPOLLHUP))) return ask_upgrade(number);
    if (session->is_paused && !(events & (EPOLLERR | EPOLLHUP))) return;
    /* What is read from a small buffer the kernel replaces at once; it is not to wait for everybody else's turn each time. */
    int turns = session->kind == SLOW ? SLOW_TURNS : 1;
    while (turns-- && read_part(number)) {}
}
