/* The load of `make bench-live` and `make bench-cluster`: thousands of WebSocket subscribers and one who posts to them.
 *
 * Usage: subscribers PORT PATHS SESSIONS ADDRESSES POST-PORT
 *
 * PATHS is a file with the path of an upgrade on each line. Sessions come from 127.0.0.2 and the ADDRESSES - 1 after
 * it. Commands come as lines on standard input, and each is answered by a line of JSON; the end of the input ends the
 * program. Pings are answered all the while.
 *
 *   open FIRST COUNT WINDOW SECONDS     opens sessions, WINDOW at a time
 *   round FILE POSTS EXPECTED SECONDS   sends the requests of FILE in turn, each when EXPECTED sessions have the one
 *                                       before
 *   expect                              from now on a post counts that somebody else sends
 *   await EXPECTED SECONDS              waits until EXPECTED sessions have it, and says when each got it
 *   close FIRST COUNT                   ends sessions
 *   stats                               how many are live, what has come since the beginning and of the last post, what went wrong
 *                                       last
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "subscribers.h"

enum { EVENTS = 1024 };
static const uint32_t INPUT = UINT32_MAX, POSTER = UINT32_MAX - 1;
static const uint64_t SECOND = 1000000000;

struct session *sessions;
uint32_t session_count;
struct tally tally;
struct post post;
char fault[256];

static int loop;
static in_port_t post_port;
static char input[4096];
static size_t input_size;

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void note_fault(const char *format, ...) {
    if (fault[0]) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault, sizeof fault, format, arguments);
    va_end(arguments);
    for (char *place = fault; *place; place++)
        if (*place == '"' || *place == '\\' || (unsigned char)*place < ' ') *place = '\'';
}

static void read_input(void) {
    ssize_t count = read(STDIN_FILENO, input + input_size, sizeof input - 1 - input_size);
    if (count <= 0) exit(0);
    input_size += (size_t)count;
}

static void watch(int fd, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

/* Serves whatever is ready, or waits so many milliseconds for it. */
static void turn(int milliseconds) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(loop, events, EVENTS, milliseconds);
    for (int place = 0; place < count; place++) {
        uint32_t number = events[place].data.u32;
        if (number == INPUT) read_input();
        else if (number == POSTER) poster_ready();
        else session_ready(number, events[place].events);
    }
}

static int milliseconds_until(uint64_t deadline) {
    uint64_t time = now();
    return time < deadline ? (int)((deadline - time) / 1000000) + 1 : 0;
}

static int is_range(uint32_t first, uint32_t count) { return first <= session_count && count <= session_count - first; }

static void open_sessions(uint32_t first, uint32_t count, uint32_t window, uint32_t seconds) {
    uint64_t began = now(), deadline = began + seconds * SECOND;
    uint32_t next = first, end = first + count, before = tally.live;
    tally.refused = 0;
    while ((next < end || tally.opening) && now() < deadline) {
        while (next < end && tally.opening < window) {
            if (sessions[next].state == SHUT) session_open(next);
            next++;
        }
        turn(milliseconds_until(deadline));
    }
    uint64_t took = now() - began;
    uint32_t unfinished = tally.opening + (end - next);
    for (uint32_t number = first; number < end; number++)
        if (sessions[number].state != LIVE) session_shut(number);
    printf("{\"opened\": %u, \"refused\": %u, \"unfinished\": %u, \"seconds\": %.6f, \"fault\": \"%s\"}\n",
           tally.live - before, tally.refused, unfinished, (double)took / 1e9, fault);
}

static void begin_post(void) {
    post.number++;
    post.delivered = 0;
    post.sent = now();
}

/* Sends one post and waits until it is answered and so many sessions have it. */
static int send_post(uint32_t request, uint32_t expected, uint64_t deadline) {
    begin_post();
    poster_send(request);
    while (!poster_is_answered() || post.delivered < expected) {
        if (now() >= deadline) return note_fault("%u of %u sessions got the post", post.delivered, expected), -1;
        turn(milliseconds_until(deadline));
    }
    return 0;
}

static void run_round(const char *file, uint32_t posts, uint32_t expected, uint32_t seconds) {
    int requests = poster_load(file);
    if (!requests) note_fault("%s holds no requests", file);
    post.shortest = UINT64_MAX;
    post.longest = post.twice = 0;
    uint64_t began = now(), deadline = began + seconds * SECOND, delivered = 0;
    uint32_t sent = 0;
    printf("{\"each\": [");
    watch(poster_open(post_port), POSTER);
    while (requests && !fault[0] && sent < posts) {
        int missed = send_post(sent % (uint32_t)requests, expected, deadline);
        delivered += post.delivered;
        if (missed || fault[0]) break;
        const uint32_t *arrivals = post.arrivals;
        printf("%s[%u, %u, %u]", sent++ ? ", " : "", arrivals[expected / 2], arrivals[expected - 1 - expected / 100],
               arrivals[expected - 1]);
    }
    uint64_t took = now() - began, until = now() + SECOND / 10;
    poster_shut();
    uint32_t last = post.delivered;
    while (now() < until) turn(milliseconds_until(until)); /* for what comes that should not */
    if (post.delivered > last) note_fault("%u more deliveries than expected", post.delivered - last);
    printf("], \"posts\": %u, \"delivered\": %lu, \"twice\": %u, \"shortest\": %lu, \"longest\": %lu, \"seconds\": %.6f, "
           "\"fault\": \"%s\"}\n",
           sent, delivered, post.twice, delivered ? post.shortest : 0, post.longest, (double)took / 1e9, fault);
}

static void await_post(uint32_t expected, uint32_t seconds) {
    uint64_t deadline = now() + seconds * SECOND;
    while (post.delivered < expected && now() < deadline) turn(milliseconds_until(deadline));
    if (post.delivered < expected) note_fault("%u of %u sessions got the post", post.delivered, expected);
    printf("{\"began\": %lu, \"arrivals\": [", post.sent);
    for (uint32_t place = 0; place < post.delivered; place++) printf("%s%u", place ? "," : "", post.arrivals[place]);
    printf("], \"fault\": \"%s\"}\n", fault);
}

static void print_stats(void) {
    printf("{\"live\": %u, \"lost\": %u, \"frames\": %lu, \"others\": %lu, \"bytes\": %lu, \"delivered\": %u, "
           "\"twice\": %u, \"fault\": \"%s\"}\n",
           tally.live, tally.lost, tally.frames, tally.others, tally.bytes, post.delivered, post.twice, fault);
}

static void obey(const char *line) {
    char file[1024];
    uint32_t first, count, more, seconds;
    if (strcmp(line, "stats")) fault[0] = 0;
    if (sscanf(line, "open %u %u %u %u", &first, &count, &more, &seconds) == 4 && is_range(first, count)) {
        open_sessions(first, count, more, seconds);
    } else if (sscanf(line, "round %1023s %u %u %u", file, &count, &more, &seconds) == 4 && more && more <= post.room) {
        run_round(file, count, more, seconds);
    } else if (!strcmp(line, "expect")) {
        begin_post();
        post.twice = 0;
        print_stats();
    } else if (sscanf(line, "await %u %u", &count, &seconds) == 2 && count && count <= post.room) {
        await_post(count, seconds);
    } else if (sscanf(line, "close %u %u", &first, &count) == 2 && is_range(first, count)) {
        for (uint32_t number = first; number < first + count; number++) session_shut(number);
        print_stats();
    } else if (!strcmp(line, "stats")) {
        print_stats();
    } else {
        printf("{\"fault\": \"no such command\"}\n");
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 6) return fprintf(stderr, "usage: subscribers PORT PATHS SESSIONS ADDRESSES POST-PORT\n"), 2;
    post_port = (in_port_t)atoi(argv[5]);
    session_count = post.room = (uint32_t)atoi(argv[3]);
    post.arrivals = calloc(post.room, sizeof *post.arrivals);
    loop = epoll_create1(0);
    sessions_prepare(loop, (in_port_t)atoi(argv[1]), (uint32_t)atoi(argv[4]), argv[2]);
    watch(STDIN_FILENO, INPUT);
    for (;;) {
        char *end = memchr(input, '\n', input_size);
        if (!end) {
            turn(-1);
            continue;
        }
        *end = 0;
        obey(input);
        input_size -= (size_t)(end + 1 - input);
        memmove(input, end + 1, input_size);
    }
}
