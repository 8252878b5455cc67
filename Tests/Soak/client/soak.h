/* Many subscribers in one thread, who come and go, read slowly, subscribe and unsubscribe, and keep book of what came. */
#pragma once
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"

enum { MOST_TENURES = 24, NAME_BYTES = 64, EPOCH_BYTES = 48, QUERY_BYTES = 1024, REMEMBERED = 32 };

static const uint64_t SECOND = 1000000000; /* nanoseconds */

/* What a session is there for. The letters stand in the file of sessions. */
enum kind {
    PLAIN = 'p', /* goes away and comes back */
    OWN = 's',   /* that, and subscribes and unsubscribes itself */
    REST = 'r',  /* stays; its user is subscribed and unsubscribed by the backend */
    SLOW = 'l',  /* stays, and does not read for a while, again and again */
};

enum state { AWAY, CONNECTING, UPGRADING, STARTING, READY };
enum request { NOTHING, INFO, RESUME, SUBSCRIBE, UNSUBSCRIBE };
/* By what way something came. HELD: live, and kept back while an answer to `resume` was awaited. */
enum way { LIVE, HELD, RESUMED };
enum { ABSENT, POST, RECALL, CHANGE };

/* What all sessions must agree about. */
struct event {
    uint8_t kind;
    uint32_t seq; /* of the post that it is, or that it recalls */
};

struct post {
    uint32_t event, crc;
    uint8_t is_online_only, is_known;
    uint32_t live;      /* how many who read at once got it while it was new */
    uint64_t last_live; /* when the last of them did */
};

struct channel {
    char name[NAME_BYTES], epoch[EPOCH_BYTES];
    struct event *events;
    struct post *posts;
    uint32_t event_room, post_room;
    uint32_t head, head_event; /* where everybody is to arrive in the end */
};

/* A subscription from its beginning to its end, and what came of the channel meanwhile. */
struct tenure {
    uint32_t session, channel;
    uint32_t start, start_event; /* nothing up to there is owed */
    uint32_t seq, event;         /* the position */
    uint32_t live;               /* posts that came live, those from before a late answer apart */
    uint32_t late;               /* online-only posts that came after an answer which counted them */
    uint32_t recalls, changes;   /* live */
    uint8_t is_held, is_lagging;
    uint64_t asked, began, asked_end, ended; /* nanoseconds; 0 = not, or not by the session itself */
};

struct frame_held {
    uint32_t tenure;
    uint8_t kind, is_online_only;
    uint32_t seq, event, crc;
    struct frame_held *next;
};

struct session {
    int fd;
    enum kind kind;
    enum state state;
    uint8_t is_paused, is_known; /* is_known: its subscriptions are */
    uint8_t is_outdated;         /* it logged in under a key that is not the newest any more */
    uint8_t is_ending;           /* and that is taken away just now */
    uint64_t due;                /* when it comes back, or reads or pauses next */
    uint64_t since;              /* of the present state */
    char user[NAME_BYTES], query[QUERY_BYTES];
    uint32_t tenures[MOST_TENURES], tenure_count;
    enum request request;
    uint32_t request_number, request_channel;
    uint64_t asked; /* when the last request was sent */
    uint64_t recent[REMEMBERED]; /* online-only posts that came on this connection */
    uint32_t recent_count;
    uint8_t *rest; /* the beginning of a frame */
    size_t rest_size, rest_room;
    struct frame_held *held, **held_end;
};

struct tally {
    uint64_t receipts, resumed, repeats, late, recalls, changes, bytes;
    uint64_t opened, closed, refused, expired, cut, resumes, lags, subscribed, unsubscribed;
    uint64_t doubled, disordered, strays, faults;
    uint32_t ready;
};

extern struct session *sessions;
extern uint32_t session_count;
extern struct channel *channels;
extern uint32_t channel_count;
extern struct tenure *tenures;
extern uint32_t tenure_count;
extern struct tally tally;

uint64_t now(void);
uint32_t chance(uint32_t limit); /* a random number below it */
void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* book.c: what came, and whether it fits what had come */
int channel_named(struct text name);
struct tenure *tenure_of(const struct session *session, uint32_t channel);
struct tenure *tenure_begin(struct session *session, uint32_t channel, uint32_t seq, uint32_t event);
void tenure_end(struct session *session, struct tenure *tenure);
void book_epoch(uint32_t channel, struct text epoch);
void book_post(struct session *session, struct tenure *tenure, uint32_t seq, uint32_t event, int is_online_only,
               uint32_t crc, enum way way);
void book_event(struct tenure *tenure, int kind, uint32_t seq, uint32_t event, enum way way);
void book_register(uint32_t channel, int kind, uint32_t seq, uint32_t event);
/* One answer to `resume` for one channel, from the position before it. */
void book_resume(struct tenure *tenure, uint32_t seq, uint32_t event, uint32_t messages, uint32_t online_only,
                 uint32_t recalls, int has_changed, int has_more);
/* What a session that had fallen too far behind was told to read from the history, from the position before it. */
void book_reload(struct tenure *tenure, uint32_t seq, uint32_t event);
uint32_t book_behind(void); /* how many tenures are not at their channel's head */
int book_write(const char *file);

/* protocol.c: what is said in the frames */
void protocol_begin(uint32_t number);
void protocol_text(uint32_t number, struct text message);
void protocol_ask(uint32_t number, enum request request, uint32_t channel);
void protocol_forget(struct session *session);

/* session.c: connections */
void sessions_prepare(int loop, in_port_t port, uint32_t addresses);
void session_open(uint32_t number);
void session_shut(uint32_t number, uint64_t away);
void session_leave(uint32_t number, uint64_t away); /* in one of the ways in which clients leave */
void session_ready(uint32_t number, uint32_t events);
void session_pause(uint32_t number, int is_paused);
void session_send(uint32_t number, int opcode, const char *bytes, size_t size);
