/* Many subscribers in one thread, and whoever posts to them: the load of `make bench-live`. */
#pragma once
#include <netinet/in.h>
#include <stdint.h>

#include "frames.h"

enum state { SHUT, CONNECTING, UPGRADING, LIVE };

struct session {
    int fd;
    enum state state;
    uint32_t post; /* the last post that it got */
    struct frames frames;
};

/* What the sessions have met since the program began, and since the present command did. */
struct tally {
    uint64_t frames, bytes, others; /* others: text frames too short to be a post */
    uint32_t live, lost;            /* lost: live sessions that the server ended */
    uint32_t opening, refused;      /* refused: of the present `open` */
};

/* One post and its deliveries. */
struct post {
    uint32_t number; /* of the post; 0 before the first */
    uint64_t sent;   /* nanoseconds of the monotonic clock */
    uint32_t delivered, twice;
    uint32_t *arrivals; /* microseconds after `sent`, in order, room for `room` of them */
    uint32_t room;
    uint64_t shortest, longest; /* payload bytes of the frames */
};

extern struct session *sessions;
extern uint32_t session_count;
extern struct tally tally;
extern struct post post;
extern char fault[256]; /* the first thing of the present command that went wrong */

uint64_t now(void);
void note_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* session.c */
void sessions_prepare(int loop, in_port_t port, uint32_t addresses, const char *paths);
void session_open(uint32_t number);
void session_shut(uint32_t number);
void session_ready(uint32_t number, uint32_t events);

/* poster.c */
int poster_open(in_port_t port); /* returns the descriptor to watch */
void poster_shut(void);
int poster_load(const char *file); /* how many requests the file holds */
void poster_send(uint32_t request);
void poster_ready(void);
int poster_is_answered(void);
