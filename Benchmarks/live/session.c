/* One subscriber: connects from its own address, upgrades, counts what comes, answers pings. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "subscribers.h"

enum { HEAD_BYTES = 512, SHORTEST_POST = 200 };

static int loop;
static in_port_t port;
static uint32_t address_count, path_count;
static char **paths;
static char (*heads)[HEAD_BYTES]; /* what has come of each answer to an upgrade */
static uint16_t *head_sizes;

/* Reads one path a line; sessions beyond the last begin again with the first. */
static void read_paths(const char *name) {
    FILE *file = fopen(name, "r");
    if (!file) {
        perror(name);
        exit(1);
    }
    paths = calloc(session_count, sizeof *paths);
    size_t room = 0;
    while (path_count < session_count && getline(&paths[path_count], &room, file) > 0) {
        paths[path_count][strcspn(paths[path_count], "\r\n")] = 0;
        path_count++;
        room = 0;
    }
    fclose(file);
    if (!path_count) {
        fprintf(stderr, "%s is empty\n", name);
        exit(1);
    }
}

void sessions_prepare(int epoll, in_port_t server, uint32_t addresses, const char *file) {
    (loop = epoll, port = server, address_count = addresses);
    read_paths(file);
    sessions = calloc(session_count, sizeof *sessions);
    heads = calloc(session_count, sizeof *heads);
    head_sizes = calloc(session_count, sizeof *head_sizes);
    for (uint32_t number = 0; number < session_count; number++) sessions[number].fd = -1;
}

void session_shut(uint32_t number) {
    struct session *session = &sessions[number];
    if (session->state == SHUT) return;
    if (session->state == LIVE) tally.live--;
    else tally.opening--;
    close(session->fd);
    session->fd = -1;
    session->state = SHUT;
}

static void refuse(uint32_t number) {
    tally.refused++;
    session_shut(number);
}

static void lose(uint32_t number) {
    tally.lost++;
    session_shut(number);
}

void session_open(uint32_t number) {
    struct session *session = &sessions[number];
    memset(session, 0, sizeof *session);
    head_sizes[number] = 0;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    session->state = CONNECTING;
    tally.opening++;
    int yes = 1;
    /* The port is chosen when the other end is known, so an address can have the same one for two servers. */
    setsockopt(session->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    struct sockaddr_in here = {.sin_family = AF_INET}, there = {.sin_family = AF_INET, .sin_port = htons(port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number % address_count);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = number};
    if (session->fd < 0 || bind(session->fd, (struct sockaddr *)&here, sizeof here)
        || (connect(session->fd, (struct sockaddr *)&there, sizeof there) && errno != EINPROGRESS)
        || epoll_ctl(loop, EPOLL_CTL_ADD, session->fd, &event)) {
        note_fault("connect: %s", strerror(errno));
        refuse(number);
    }
}

static void ask_upgrade(uint32_t number) {
    struct session *session = &sessions[number];
    char request[2048];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        paths[number % path_count], port);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    if (size >= (int)sizeof request || send(session->fd, request, (size_t)size, MSG_NOSIGNAL) != size
        || epoll_ctl(loop, EPOLL_CTL_MOD, session->fd, &event)) {
        note_fault("upgrade: %s", strerror(errno));
        refuse(number);
        return;
    }
    session->state = UPGRADING;
}

static void pong(const struct session *session, const struct frames *frame) {
    uint8_t bytes[6 + sizeof frame->control] = {0x8A, (uint8_t)(0x80 | frame->length)}; /* masked with zeros */
    memcpy(bytes + 6, frame->control, frame->length);
    send(session->fd, bytes, 6 + frame->length, MSG_NOSIGNAL);
}

static void take_post(struct session *session, const struct frames *frame) {
    if (session->post == post.number) {
        post.twice++;
        return;
    }
    session->post = post.number;
    if (post.delivered < post.room) post.arrivals[post.delivered] = (uint32_t)((now() - post.sent) / 1000);
    post.delivered++;
    if (frame->length < post.shortest) post.shortest = frame->length;
    if (frame->length > post.longest) post.longest = frame->length;
}

static void take_frame(uint32_t number, const struct frames *frame) {
    struct session *session = &sessions[number];
    tally.frames++;
    switch (frame_opcode(frame)) {
    case OPCODE_TEXT:
        if (frame->length < SHORTEST_POST) tally.others++;
        else take_post(session, frame);
        break;
    case OPCODE_PING: pong(session, frame); break;
    case OPCODE_CLOSE:
        if (frame->length >= 2) {
            note_fault("closed with %d: %.*s", frame->control[0] << 8 | frame->control[1], (int)frame->length - 2,
                       (const char *)frame->control + 2);
        }
        break;
    default: break;
    }
}

/* Takes what has come of the answer to an upgrade; what follows it is frames already. */
static void take_head(uint32_t number, const uint8_t *bytes, size_t count) {
    char *head = heads[number];
    size_t before = head_sizes[number], room = HEAD_BYTES - 1 - before, part = count < room ? count : room;
    memcpy(head + before, bytes, part);
    head[before + part] = 0;
    head_sizes[number] = (uint16_t)(before + part);
    char *end = strstr(head, "\r\n\r\n");
    if (!end && part < room) return;
    if (!end || strncmp(head, "HTTP/1.1 101 ", 13)) {
        note_fault("refused: %.*s … %.120s", (int)strcspn(head, "\r"), head, end ? end + 4 : "");
        refuse(number);
        return;
    }
    sessions[number].state = LIVE;
    tally.opening--;
    tally.live++;
    size_t used = (size_t)(end + 4 - head) - before;
    if (frames_read(&sessions[number].frames, bytes + used, count - used, number, take_frame)) lose(number);
}

void session_ready(uint32_t number, uint32_t events) {
    static uint8_t buffer[1 << 16];
    struct session *session = &sessions[number];
    if (session->state == SHUT) return;
    if (session->state == CONNECTING) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            note_fault("the connection was refused");
            refuse(number);
        } else {
            ask_upgrade(number);
        }
        return;
    }
    ssize_t count = recv(session->fd, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        note_fault("the server ended %s", session->state == LIVE ? "a session" : "a connection before its upgrade");
        if (session->state == LIVE) lose(number);
        else refuse(number);
        return;
    }
    tally.bytes += (uint64_t)count;
    if (session->state == UPGRADING) {
        take_head(number, buffer, (size_t)count);
    } else if (frames_read(&session->frames, buffer, (size_t)count, number, take_frame)) {
        note_fault("what came is no frame");
        lose(number);
    }
}
