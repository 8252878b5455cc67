/* The subscribers of `make soak`.
 *
 * Usage: client PORT ADDRESSES SEED CHANNELS SESSIONS
 *
 * CHANNELS is a file with the name of a channel on each line, SESSIONS one with "kind user query" on each. Sessions come
 * from 127.0.0.2 and the ADDRESSES - 1 after it. Commands come as lines on standard input; the end of it ends the program.
 *
 *   open RATE                   opens every session, so many a second
 *   churn LEAVES CHANGES        from now on so many sessions a second go away, and so many subscribe or unsubscribe;
 *                               slow ones pause
 *   calm                        nobody goes away, pauses or changes a subscription any more
 *   queries FILE                from now on they log in with these, one a line
 *   heads FILE                  where the channels stand in the end, "seq event" on each line
 *   stats                       answers with a line of JSON
 *   write FILE                  writes the book, and answers with the faults
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

enum { EVENTS = 1024, TICK = 20, MOST_FAULTS = 200, FAULT_BYTES = 512 };
static const uint32_t INPUT = UINT32_MAX;
static const uint64_t MILLISECOND = 1000000;

struct session *sessions;
uint32_t session_count;
struct channel *channels;
uint32_t channel_count;
struct tally tally;

static int loop, is_calm = 1, is_open;
static char input[4096], faults[MOST_FAULTS][FAULT_BYTES];
static size_t input_size;
static uint32_t random_state;
static uint64_t beginning;
/* A second, and what is owed of each. */
static double open_rate, leave_rate, change_rate, opens, leaves, changes;

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

uint32_t chance(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

/* With the time that it was met, in seconds since the client began. */
void fault(const char *format, ...) {
    if (tally.faults < MOST_FAULTS) {
        va_list arguments;
        va_start(arguments, format);
        int size = snprintf(faults[tally.faults], FAULT_BYTES, "%.1f s: ", (double)(now() - beginning) / SECOND);
        vsnprintf(faults[tally.faults] + size, FAULT_BYTES - (size_t)size, format, arguments);
        va_end(arguments);
    }
    tally.faults++;
}

/* Calls for each line of a file, without its end. */
static uint32_t each_line(const char *name, void (*take)(uint32_t number, char *line)) {
    FILE *file = fopen(name, "r");
    if (!file) {
        perror(name);
        exit(1);
    }
    char *line = NULL;
    size_t room = 0;
    uint32_t number = 0;
    for (; getline(&line, &room, file) > 0; number++) {
        line[strcspn(line, "\r\n")] = 0;
        take(number, line);
    }
    free(line);
    fclose(file);
    return number;
}

static void take_channel(uint32_t number, char *line) {
    channels = realloc(channels, (number + 1) * sizeof *channels);
    memset(&channels[number], 0, sizeof *channels);
    snprintf(channels[number].name, NAME_BYTES, "%s", line);
}

static void take_session(uint32_t number, char *line) {
    sessions = realloc(sessions, (number + 1) * sizeof *sessions);
    struct session *session = &sessions[number];
    char kind;
    memset(session, 0, sizeof *session);
    if (sscanf(line, "%c %63s %1023s", &kind, session->user, session->query) != 3) exit(2);
    session->kind = (enum kind)kind;
    session->fd = -1;
}

static void take_query(uint32_t number, char *line) {
    if (number >= session_count) return;
    snprintf(sessions[number].query, QUERY_BYTES, "%s", line);
    sessions[number].is_outdated = sessions[number].state != AWAY;
}

/* Their key is taken away from now on. */
static void end_outdated(void) {
    for (uint32_t number = 0; number < session_count; number++) sessions[number].is_ending = sessions[number].is_outdated;
}

static void take_head(uint32_t number, char *line) {
    if (number < channel_count) sscanf(line, "%u %u", &channels[number].head, &channels[number].head_event);
}

static uint32_t requests_pending(void) {
    uint32_t pending = 0;
    for (uint32_t number = 0; number < session_count; number++) pending += sessions[number].request != NOTHING;
    return pending;
}

static void print_stats(void) {
    printf("{\"ready\": %u, \"pending\": %u, \"behind\": %u, \"receipts\": %lu, \"resumed\": %lu, \"repeats\": %lu, "
           "\"late\": %lu, \"recalls\": %lu, \"changes\": %lu, \"bytes\": %lu, \"opened\": %lu, \"closed\": %lu, "
           "\"refused\": %lu, \"expired\": %lu, \"cut\": %lu, \"resumes\": %lu, \"lags\": %lu, "
           "\"subscribed\": %lu, \"unsubscribed\": %lu, \"doubled\": %lu, \"disordered\": %lu, \"strays\": %lu, \"faults\": %lu}\n",
           tally.ready, requests_pending(), book_behind(), tally.receipts, tally.resumed, tally.repeats, tally.late,
           tally.recalls, tally.changes, tally.bytes, tally.opened, tally.closed, tally.refused, tally.expired, tally.cut,
           tally.resumes, tally.lags, tally.subscribed, tally.unsubscribed, tally.doubled, tally.disordered, tally.strays,
           tally.faults);
}

static void print_faults(void) {
    printf("[");
    for (uint64_t place = 0; place < tally.faults && place < MOST_FAULTS; place++) {
        printf("%s\"", place ? ", " : "");
        for (const char *letter = faults[place]; *letter; letter++)
            putchar(*letter == '"' || *letter == '\\' || (unsigned char)*letter < ' ' ? '\'' : *letter);
        printf("\"");
    }
    printf("]\n");
}

static void obey(const char *line) {
    char file[1024];
    double first, second;
    if (sscanf(line, "open %lf", &first) == 1) {
        open_rate = first;
        is_open = 1;
    } else if (sscanf(line, "churn %lf %lf", &first, &second) == 2) {
        leave_rate = first;
        change_rate = second;
        is_calm = 0;
    } else if (!strcmp(line, "calm")) {
        is_calm = 1;
        leave_rate = change_rate = leaves = changes = 0;
    } else if (sscanf(line, "queries %1023s", file) == 1) {
        each_line(file, take_query);
    } else if (!strcmp(line, "ending")) {
        end_outdated();
    } else if (sscanf(line, "heads %1023s", file) == 1) {
        each_line(file, take_head);
    } else if (!strcmp(line, "stats")) {
        print_stats();
    } else if (sscanf(line, "write %1023s", file) == 1) {
        if (book_write(file)) fault("%s: %s", file, strerror(errno));
        print_faults();
    } else {
        fault("no such command: %s", line);
    }
    fflush(stdout);
}

static void read_input(void) {
    ssize_t count = read(STDIN_FILENO, input + input_size, sizeof input - 1 - input_size);
    if (count <= 0) exit(0);
    input_size += (size_t)count;
    for (char *end; (end = memchr(input, '\n', input_size));) {
        *end = 0;
        obey(input);
        input_size -= (size_t)(end + 1 - input);
        memmove(input, end + 1, input_size);
    }
}

/* A random session of a kind that is ready and asks nothing; one that has none of it is seldom. */
static struct session *idle(enum kind one, enum kind other) {
    for (int attempt = 0; attempt < 100; attempt++) {
        struct session *session = &sessions[chance(session_count)];
        if ((session->kind == one || session->kind == other) && session->state == READY && session->request == NOTHING)
            return session;
    }
    return NULL;
}

/* Ends a subscription and begins another, in turns; the number of them stays about the same. */
static void change_subscription(void) {
    struct session *session = idle(OWN, OWN);
    if (!session) return;
    uint32_t number = (uint32_t)(session - sessions), channel = chance(channel_count);
    if (session->tenure_count > 3 || (session->tenure_count && chance(2))) {
        const struct tenure *tenure = &tenures[session->tenures[chance(session->tenure_count)]];
        if (!tenure->is_held) protocol_ask(number, UNSUBSCRIBE, tenure->channel);
    } else if (!tenure_of(session, channel)) {
        protocol_ask(number, SUBSCRIBE, channel);
    }
}

static void send_somebody_away(void) {
    struct session *session = idle(PLAIN, OWN);
    /* Most come back soon, some after a while. */
    uint64_t away = chance(4) ? chance(2000) : chance(20000);
    if (session) session_leave((uint32_t)(session - sessions), away * MILLISECOND);
}

static void look_after_slow(uint32_t number, uint64_t time) {
    struct session *session = &sessions[number];
    if (session->is_paused && (is_calm || time >= session->due)) {
        session_pause(number, 0);
        session->due = time + (20 + chance(20)) * SECOND;
    } else if (!is_calm && !session->is_paused && time >= session->due) {
        session->due = time + (10 + chance(15)) * SECOND;
        session_pause(number, 1);
    }
}

static void tick(double seconds) {
    uint64_t time = now();
    opens = is_open ? opens + open_rate * seconds : 0;
    if (opens > open_rate / 5) opens = open_rate / 5;
    for (uint32_t number = 0; number < session_count; number++) {
        struct session *session = &sessions[number];
        if (session->state == AWAY && opens >= 1 && time >= session->due) {
            session_open(number);
            opens--;
        } else if (session->kind == SLOW && session->state == READY) {
            look_after_slow(number, time);
        } else if (session->state != AWAY && session->state != READY && time > session->since + 30 * SECOND) {
            fault("%s has waited for 30 s in state %d", session->user, session->state);
            session_shut(number, SECOND);
        }
    }
    for (leaves += leave_rate * seconds; leaves >= 1; leaves--) send_somebody_away();
    for (changes += change_rate * seconds; changes >= 1; changes--) change_subscription();
}

int main(int argc, char **argv) {
    if (argc != 6) return fprintf(stderr, "usage: client PORT ADDRESSES SEED CHANNELS SESSIONS\n"), 2;
    beginning = now();
    random_state = (uint32_t)strtoul(argv[3], NULL, 10) | 1;
    channel_count = each_line(argv[4], take_channel);
    session_count = each_line(argv[5], take_session);
    for (uint32_t number = 0; number < session_count; number++) sessions[number].held_end = &sessions[number].held;
    loop = epoll_create1(0);
    sessions_prepare(loop, (in_port_t)atoi(argv[1]), (uint32_t)atoi(argv[2]));
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = INPUT};
    epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (uint64_t last = now();;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(loop, events, EVENTS, TICK);
        for (int place = 0; place < count; place++) {
            if (events[place].data.u32 == INPUT) read_input();
            else session_ready(events[place].data.u32, events[place].events);
        }
        uint64_t time = now();
        if (time - last < TICK * MILLISECOND) continue;
        tick((double)(time - last) / 1e9);
        last = time;
    }
}
