/* Whoever posts: a connection for each round, and a file of ready HTTP requests. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "subscribers.h"

/* Ten of these in a request become a number that no other request has, as `Random` wants one. */
static const char PLACEHOLDER[] = "##########";
enum { MOST_REQUESTS = 1024 };

static int fd;
static char *text;
static struct request {
    char *begin, *number;
    size_t size;
} requests[MOST_REQUESTS];
static char reply[16384];
static size_t reply_size;
static int is_answered;
static uint32_t random_base;

int poster_open(in_port_t port) {
    /* Ten digits, and others in every process, for a server may remember what was sent before it was started. */
    if (!random_base) random_base = 1000000000 + (uint32_t)(now() / 1000 % 3000000000);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server)) note_fault("connect: %m");
    return fd;
}

void poster_shut(void) { close(fd); }

static char *read_all(const char *name, size_t *size) {
    FILE *file = fopen(name, "r");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *bytes = calloc(1, (size_t)length + 1);
    *size = fread(bytes, 1, (size_t)length, file);
    fclose(file);
    return bytes;
}

/* The size of the message that begins there, by its Content-Length; 0 when it is not complete. */
static size_t message_size(const char *begin, size_t available) {
    const char *end = strstr(begin, "\r\n\r\n"), *length = strcasestr(begin, "\r\ncontent-length:");
    if (!end || !length || length > end) return 0;
    size_t size = (size_t)(end + 4 - begin) + strtoul(length + 17, NULL, 10);
    return size <= available ? size : 0;
}

int poster_load(const char *name) {
    free(text);
    size_t left = 0;
    text = read_all(name, &left);
    if (!text) return 0;
    int count = 0;
    for (char *begin = text; left && count < MOST_REQUESTS; count++) {
        size_t size = message_size(begin, left);
        if (!size) return 0;
        requests[count] = (struct request){begin, memmem(begin, size, PLACEHOLDER, sizeof PLACEHOLDER - 1), size};
        begin += size;
        left -= size;
    }
    return left ? 0 : count;
}

void poster_send(uint32_t number) {
    struct request request = requests[number];
    if (request.number) {
        char digits[16];
        snprintf(digits, sizeof digits, "%u", random_base + post.number);
        memcpy(request.number, digits, sizeof PLACEHOLDER - 1);
    }
    reply_size = 0;
    is_answered = 0;
    if (send(fd, request.begin, request.size, MSG_NOSIGNAL) != (ssize_t)request.size) note_fault("the post was not sent");
}

void poster_ready(void) {
    ssize_t count = recv(fd, reply + reply_size, sizeof reply - 1 - reply_size, MSG_DONTWAIT);
    if (count <= 0) {
        note_fault("the server ended the connection that posts");
        is_answered = 1;
        return;
    }
    reply_size += (size_t)count;
    reply[reply_size] = 0;
    if (!message_size(reply, reply_size)) return;
    is_answered = 1;
    const char *code = strstr(reply, "\"ErrorCode\":");
    if (strncmp(reply, "HTTP/1.1 2", 10) || (code && code[12] != '0')) note_fault("the post was refused: %.200s", reply);
}

int poster_is_answered(void) { return is_answered; }
