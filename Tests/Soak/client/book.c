/* The book of what came: every post of every session once, in order, and the same for all. */
#include <stdlib.h>
#include <string.h>

#include "soak.h"

struct resume {
    uint32_t tenure, seq, to_seq, event, to_event, messages, online_only, recalls;
    int has_changed, has_more;
};

/* What a live session was not sent, or was told to read from the history. */
struct gap {
    uint32_t tenure, seq, to_seq, event, to_event;
};

struct tenure *tenures;
uint32_t tenure_count;
static uint32_t tenure_room;
static struct resume *resumes;
static uint32_t resume_count, resume_room;
static struct gap *gaps;
static uint32_t gap_count, gap_room;
static struct gap *reloads;
static uint32_t reload_count, reload_room;

static void *grown(void *list, uint32_t *room, uint32_t needed, size_t size) {
    if (needed <= *room) return list;
    uint32_t before = *room, wanted = before ? before : 64;
    while (wanted < needed) wanted *= 2;
    char *result = realloc(list, wanted * size);
    if (!result) exit(1);
    memset(result + before * size, 0, (wanted - before) * size);
    *room = wanted;
    return result;
}

int channel_named(struct text name) {
    /* The names end in the channel's number, three digits. */
    if (name.size < 3) return -1;
    uint32_t number = json_number((struct text){name.at + name.size - 3, 3});
    return number < channel_count && text_is(name, channels[number].name) ? (int)number : -1;
}

struct tenure *tenure_of(const struct session *session, uint32_t channel) {
    for (uint32_t place = 0; place < session->tenure_count; place++)
        if (tenures[session->tenures[place]].channel == channel) return &tenures[session->tenures[place]];
    return NULL;
}

struct tenure *tenure_begin(struct session *session, uint32_t channel, uint32_t seq, uint32_t event) {
    if (session->tenure_count == MOST_TENURES) return fault("%s subscribes to too much", session->user), NULL;
    tenures = grown(tenures, &tenure_room, tenure_count + 1, sizeof *tenures);
    struct tenure *tenure = &tenures[tenure_count];
    *tenure = (struct tenure){.session = (uint32_t)(session - sessions), .channel = channel, .start = seq,
                              .start_event = event, .seq = seq, .event = event, .began = now()};
    session->tenures[session->tenure_count++] = tenure_count++;
    return tenure;
}

void tenure_end(struct session *session, struct tenure *tenure) {
    tenure->ended = now();
    for (uint32_t place = 0; place < session->tenure_count; place++) {
        if (&tenures[session->tenures[place]] != tenure) continue;
        session->tenures[place] = session->tenures[--session->tenure_count];
        return;
    }
}

void book_epoch(uint32_t number, struct text epoch) {
    struct channel *channel = &channels[number];
    if (!channel->epoch[0] && epoch.size && epoch.size < EPOCH_BYTES) memcpy(channel->epoch, epoch.at, epoch.size);
    if (!text_is(epoch, channel->epoch)) fault("%s has another epoch: %.*s", channel->name, (int)epoch.size, epoch.at);
}

void book_register(uint32_t number, int kind, uint32_t seq, uint32_t event) {
    struct channel *channel = &channels[number];
    channel->events = grown(channel->events, &channel->event_room, event + 1, sizeof *channel->events);
    struct event *known = &channel->events[event];
    if (!known->kind) *known = (struct event){(uint8_t)kind, seq};
    else if (known->kind != kind || known->seq != seq)
        fault("%s: event %u is %d of post %u, and was %d of %u", channel->name, event, kind, seq, known->kind, known->seq);
}

static struct post *register_post(struct tenure *tenure, uint32_t seq, uint32_t event, int is_online_only, uint32_t crc) {
    struct channel *channel = &channels[tenure->channel];
    book_register(tenure->channel, POST, seq, event);
    channel->posts = grown(channel->posts, &channel->post_room, seq + 1, sizeof *channel->posts);
    struct post *post = &channel->posts[seq];
    if (!post->is_known) {
        *post = (struct post){.event = event, .crc = crc, .is_online_only = (uint8_t)is_online_only, .is_known = 1};
    } else if (post->event != event || post->crc != crc || post->is_online_only != is_online_only) {
        fault("%s: post %u came with another content or number to %s", channel->name, seq, sessions[tenure->session].user);
    }
    return post;
}

static uint32_t place_of(const struct tenure *tenure) { return (uint32_t)(tenure - tenures); }

/* What lies between the position and what has come live. */
static void note_gap(struct tenure *tenure, uint32_t seq, uint32_t event) {
    gaps = grown(gaps, &gap_room, gap_count + 1, sizeof *gaps);
    gaps[gap_count++] = (struct gap){place_of(tenure), tenure->seq, seq, tenure->event, event};
}

/* Whether an online-only post has come on this connection; from now on it has. */
static int was_seen(struct session *session, uint32_t channel, uint32_t event) {
    uint64_t both = (uint64_t)channel << 32 | event;
    uint32_t known = session->recent_count < REMEMBERED ? session->recent_count : REMEMBERED;
    for (uint32_t place = 0; place < known; place++)
        if (session->recent[place] == both) return 1;
    session->recent[session->recent_count++ % REMEMBERED] = both;
    return 0;
}

/* Whether it is the next event, for one that comes live: one that was there before is a repetition, which only what was
 * kept back may be. */
static int is_new(struct tenure *tenure, uint32_t event, enum way way) {
    if (event > tenure->event) return 1;
    if (way == HELD) {
        tally.repeats++;
    } else {
        tally.doubled++;
        fault("%s got event %u of %s again, at %u", sessions[tenure->session].user, event, channels[tenure->channel].name,
              tenure->event);
    }
    return 0;
}

void book_post(struct session *session, struct tenure *tenure, uint32_t seq, uint32_t event, int is_online_only,
               uint32_t crc, enum way way) {
    struct post *post = register_post(tenure, seq, event, is_online_only, crc);
    int seen = is_online_only && was_seen(session, tenure->channel, event);
    if (way == RESUMED) {
        /* In the order of the numbers; the answer's position comes later. */
        if (seq <= tenure->seq) {
            tally.doubled++;
            fault("an answer to resume of %s has post %u of %s again, at %u", session->user, seq,
                  channels[tenure->channel].name, tenure->seq);
            return;
        }
        tenure->seq = seq;
        tally.resumed++;
        return;
    }
    if (is_online_only && event <= tenure->event && !seen) {
        tenure->late++;
        tally.late++;
        return;
    }
    if (!is_new(tenure, event, way)) return;
    if (seq <= tenure->seq) {
        tally.disordered++;
        fault("%s got post %u of %s after %u", session->user, seq, channels[tenure->channel].name, tenure->seq);
        return;
    }
    if (seq != tenure->seq + 1 || event != tenure->event + 1) note_gap(tenure, seq - 1, event - 1);
    tenure->seq = seq;
    tenure->event = event;
    tenure->live++;
    tally.receipts++;
    if (way == LIVE && session->kind != SLOW) {
        post->live++;
        post->last_live = now();
    }
}

void book_event(struct tenure *tenure, int kind, uint32_t seq, uint32_t event, enum way way) {
    book_register(tenure->channel, kind, seq, event);
    if (!is_new(tenure, event, way)) return;
    if (event != tenure->event + 1) note_gap(tenure, tenure->seq, event - 1);
    tenure->event = event;
    if (kind == RECALL) tenure->recalls++, tally.recalls++;
    else tenure->changes++, tally.changes++;
}

void book_resume(struct tenure *tenure, uint32_t seq, uint32_t event, uint32_t messages, uint32_t online_only,
                 uint32_t recalls, int has_changed, int has_more) {
    resumes = grown(resumes, &resume_room, resume_count + 1, sizeof *resumes);
    resumes[resume_count++] = (struct resume){place_of(tenure), seq, tenure->seq, event, tenure->event, messages,
                                              online_only, recalls, has_changed, has_more};
}

void book_reload(struct tenure *tenure, uint32_t seq, uint32_t event) {
    reloads = grown(reloads, &reload_room, reload_count + 1, sizeof *reloads);
    reloads[reload_count++] = (struct gap){place_of(tenure), seq, tenure->seq, event, tenure->event};
}

uint32_t book_behind(void) {
    uint32_t behind = 0;
    for (uint32_t place = 0; place < tenure_count; place++) {
        const struct tenure *tenure = &tenures[place];
        const struct channel *channel = &channels[tenure->channel];
        if (!tenure->ended) behind += tenure->seq < channel->head || tenure->event < channel->head_event;
    }
    return behind;
}

static void write_gaps(FILE *file, char kind, const struct gap *some, uint32_t count) {
    for (const struct gap *one = some; one < some + count; one++)
        fprintf(file, "%c %u %u %u %u %u\n", kind, one->tenure, one->seq, one->to_seq, one->event, one->to_event);
}

int book_write(const char *name) {
    FILE *file = fopen(name, "w");
    if (!file) return -1;
    for (uint32_t number = 0; number < channel_count; number++) {
        const struct channel *channel = &channels[number];
        for (uint32_t seq = 0; seq < channel->post_room; seq++) {
            const struct post *post = &channel->posts[seq];
            if (!post->is_known) continue;
            fprintf(file, "P %u %u %u %u %u %u %lu\n", number, seq, post->event, post->is_online_only, post->crc, post->live,
                    post->last_live);
        }
        for (uint32_t event = 0; event < channel->event_room; event++) {
            const struct event *known = &channel->events[event];
            if (known->kind > POST) fprintf(file, "E %u %u %d %u\n", number, event, known->kind, known->seq);
        }
    }
    for (uint32_t place = 0; place < tenure_count; place++) {
        const struct tenure *tenure = &tenures[place];
        fprintf(file, "T %u %u %u %u %u %u %u %u %u %u %u %lu %lu %lu %lu\n", tenure->session, tenure->channel,
                tenure->start, tenure->start_event, tenure->seq, tenure->event, tenure->live, tenure->late, tenure->recalls,
                tenure->changes, tenure->is_held, tenure->asked, tenure->began, tenure->asked_end, tenure->ended);
    }
    for (uint32_t place = 0; place < resume_count; place++) {
        const struct resume *one = &resumes[place];
        fprintf(file, "R %u %u %u %u %u %u %u %u %d %d\n", one->tenure, one->seq, one->to_seq, one->event, one->to_event,
                one->messages, one->online_only, one->recalls, one->has_changed, one->has_more);
    }
    write_gaps(file, 'G', gaps, gap_count);
    write_gaps(file, 'L', reloads, reload_count);
    return fclose(file);
}
