/* JSON-RPC as docs/subscriber-protocol.md has it: one request at a time, and everything that the server says. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "soak.h"

/* Between a position and the channel's head an answer to `resume` has at most so many posts, and twice as many events
 * (docs/subscriber-protocol.md). */
enum { REQUEST_BYTES = 8192, MOST_RESUMED = 500 };

static void send_resume(uint32_t number) {
    struct session *session = &sessions[number];
    char request[REQUEST_BYTES];
    int size = snprintf(request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"resume\",\"params\":{",
                        ++session->request_number);
    const char *comma = "";
    for (uint32_t place = 0; place < session->tenure_count; place++) {
        struct tenure *tenure = &tenures[session->tenures[place]];
        if (!tenure->is_lagging) continue;
        tenure->is_lagging = 0;
        tenure->is_held = 1;
        const struct channel *channel = &channels[tenure->channel];
        size += snprintf(request + size, sizeof request - (size_t)size,
                         "%s\"%s\":{\"Epoch\":\"%s\",\"MsgSeq\":%u,\"EventSeq\":%u}", comma, channel->name, channel->epoch,
                         tenure->seq, tenure->event);
        comma = ",";
    }
    size += snprintf(request + size, sizeof request - (size_t)size, "}}");
    session->request = RESUME;
    session->asked = now();
    session_send(number, 1, request, (size_t)size);
}

void protocol_ask(uint32_t number, enum request kind, uint32_t channel) {
    struct session *session = &sessions[number];
    char request[REQUEST_BYTES];
    int size;
    if (kind == RESUME) {
        send_resume(number);
        return;
    }
    session->request = kind;
    session->request_channel = channel;
    session->request_number++;
    if (kind == INFO) {
        size = snprintf(request, sizeof request,
                        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"getOfficialAccountsInfo\",\"params\":"
                        "{\"OfficialAccountIdList\":[],\"Limit\":200}}", session->request_number);
    } else {
        size = snprintf(request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":"
                        "{\"Official_Account\":\"%s\"}}", session->request_number,
                        kind == SUBSCRIBE ? "subscribeOfficialAccount" : "unsubscribeOfficialAccount",
                        channels[channel].name);
    }
    if (kind == UNSUBSCRIBE) tenure_of(session, channel)->asked_end = now();
    else session->asked = now();
    session_send(number, 1, request, (size_t)size);
}

static int anybody_lags(const struct session *session) {
    for (uint32_t place = 0; place < session->tenure_count; place++)
        if (tenures[session->tenures[place]].is_lagging) return 1;
    return 0;
}

static void become_ready(struct session *session) {
    session->state = READY;
    session->since = now();
    tally.ready++;
}

/* What a new connection asks first: what there is, or what it has missed. */
void protocol_begin(uint32_t number) {
    struct session *session = &sessions[number];
    session->state = STARTING;
    session->since = now();
    session->recent_count = 0;
    if (!session->is_known) {
        protocol_ask(number, INFO, 0);
    } else if (session->tenure_count) {
        for (uint32_t place = 0; place < session->tenure_count; place++)
            tenures[session->tenures[place]].is_lagging = tenures[session->tenures[place]].is_held = 1;
        protocol_ask(number, RESUME, 0);
    } else {
        become_ready(session);
    }
}

/* What was kept back on a connection is not had: the next one resumes from the position. */
void protocol_forget(struct session *session) {
    while (session->held) {
        struct frame_held *first = session->held;
        session->held = first->next;
        free(first);
    }
    session->held_end = &session->held;
    session->request = NOTHING;
}

static uint32_t number_of(struct text object, const char *name) { return json_number(json_get(object, name)); }

/* Key, own data and text of a post in one number, as Tests/Soak/record.py makes it. */
static uint32_t content_of(struct text params) {
    struct text element, body = json_get(params, "MsgBody");
    uLong crc = crc32(0, Z_NULL, 0);
    if (json_element(&body, &element) <= 0) return 0;
    struct text parts[] = {json_string(json_get(params, "MsgKey")), json_string(json_get(params, "CloudCustomData")),
                           json_string(json_get(json_get(element, "MsgContent"), "Text"))};
    for (size_t place = 0; place < sizeof parts / sizeof *parts; place++) {
        crc = crc32(crc, (const Bytef *)parts[place].at, (uInt)parts[place].size);
        crc = crc32(crc, (const Bytef *)"\n", 1);
    }
    return (uint32_t)crc;
}

static int channel_of(const struct session *session, struct text object) {
    struct text name = json_string(json_get(object, "Official_Account"));
    int number = channel_named(name);
    if (number < 0) fault("%s was told of %.*s", session->user, (int)name.size, name.at);
    return number;
}

static void take(struct session *session, struct tenure *tenure, const struct frame_held *what, enum way way) {
    if (what->kind == POST)
        book_post(session, tenure, what->seq, what->event, what->is_online_only, what->crc, way);
    else
        book_event(tenure, what->kind, what->seq, what->event, way);
}

/* Something with an EventSeq. */
static void take_numbered(struct session *session, int kind, struct text params) {
    int channel = channel_of(session, params);
    if (channel < 0) return;
    book_epoch((uint32_t)channel, json_string(json_get(params, "Epoch")));
    struct tenure *tenure = tenure_of(session, (uint32_t)channel);
    struct frame_held what = {.kind = (uint8_t)kind, .event = number_of(params, "EventSeq")};
    if (kind != CHANGE) what.seq = number_of(params, "MsgSeq");
    if (kind == POST) {
        what.is_online_only = number_of(params, "OnlineOnlyFlag") == 1;
        what.crc = content_of(params);
    }
    if (!tenure) {
        tally.strays++;
        fault("%s got event %u of %s and does not subscribe", session->user, what.event, channels[channel].name);
    } else if (tenure->is_held) {
        struct frame_held *kept = malloc(sizeof *kept);
        if (!kept) exit(1);
        *kept = what;
        kept->tenure = (uint32_t)(tenure - tenures);
        kept->next = NULL;
        *session->held_end = kept;
        session->held_end = &kept->next;
    } else {
        take(session, tenure, &what, LIVE);
    }
}

static void take_subscribed(struct session *session, struct text item) {
    int channel = channel_of(session, item);
    if (channel < 0) return;
    book_epoch((uint32_t)channel, json_string(json_get(item, "Epoch")));
    uint32_t seq = number_of(item, "HeadMsgSeq"), event = number_of(item, "HeadEventSeq");
    struct tenure *tenure = tenure_of(session, (uint32_t)channel);
    if (!tenure) {
        tenure = tenure_begin(session, (uint32_t)channel, seq, event);
        if (tenure && session->request == SUBSCRIBE && session->request_channel == (uint32_t)channel)
            tenure->asked = session->asked;
        tally.subscribed += session->is_known;
    } else if (tenure->start != seq || tenure->start_event != event) {
        fault("%s subscribes to %s from %u or from %u", session->user, channels[channel].name, tenure->start, seq);
    }
}

static void take_unsubscribed(struct session *session, uint32_t channel) {
    struct tenure *tenure = tenure_of(session, channel);
    if (!tenure) return;
    tenure_end(session, tenure);
    tally.unsubscribed++;
}

/* More lies between than an answer may have. Only who reads slowly may fall so far behind; it goes on at the head. */
static void take_reload(struct session *session, struct tenure *tenure, struct text answer) {
    uint32_t seq = tenure->seq, event = tenure->event;
    uint32_t to_seq = number_of(answer, "MsgSeq"), to_event = number_of(answer, "EventSeq");
    if (session->kind != SLOW || (to_seq <= seq + MOST_RESUMED && to_event <= event + 2 * MOST_RESUMED)) {
        fault("%s was told to reload %s, post %u to %u, event %u to %u, %.1f s after it asked", session->user,
              channels[tenure->channel].name, seq, to_seq, event, to_event, (double)(now() - session->asked) / SECOND);
        return;
    }
    book_epoch(tenure->channel, json_string(json_get(answer, "Epoch")));
    tenure->seq = to_seq;
    tenure->event = to_event;
    /* Meanwhile it may have been told that it lags again. */
    tenure->is_held = tenure->is_lagging;
    book_reload(tenure, seq, event);
}

/* What `resume` answers for one channel. */
static void take_resumed(struct session *session, struct tenure *tenure, struct text answer) {
    uint32_t seq = tenure->seq, event = tenure->event, messages = 0, online_only = 0, recalls = 0;
    struct text list = json_get(answer, "messages"), params, changed = json_get(answer, "infoChanged");
    if (json_get(answer, "reload").size) return take_reload(session, tenure, answer);
    book_epoch(tenure->channel, json_string(json_get(answer, "Epoch")));
    while (list.size && json_element(&list, &params) > 0) {
        int is_online_only = number_of(params, "OnlineOnlyFlag") == 1;
        book_post(session, tenure, number_of(params, "MsgSeq"), number_of(params, "EventSeq"), is_online_only,
                  content_of(params), RESUMED);
        messages += !is_online_only;
        online_only += (uint32_t)is_online_only;
    }
    list = json_get(answer, "revoked");
    for (; list.size && json_element(&list, &params) > 0; recalls++)
        book_register(tenure->channel, RECALL, number_of(params, "MsgSeq"), number_of(params, "EventSeq"));
    if (changed.size) book_register(tenure->channel, CHANGE, 0, number_of(changed, "EventSeq"));
    uint32_t to_seq = number_of(answer, "MsgSeq"), to_event = number_of(answer, "EventSeq");
    if (to_seq < tenure->seq || to_event < event)
        fault("%s: the position in %s goes back to %u", session->user, channels[tenure->channel].name, to_seq);
    tenure->seq = to_seq;
    tenure->event = to_event;
    int has_more = text_is(json_get(answer, "more"), "true");
    book_resume(tenure, seq, event, messages, online_only, recalls, changed.size > 0, has_more);
    if (has_more) tenure->is_lagging = 1;
    /* Meanwhile it may have been told that it lags again. */
    tenure->is_held = tenure->is_lagging;
}

/* Takes what was kept back of channels whose answer is there. */
static void release_held(struct session *session) {
    struct frame_held **place = &session->held;
    while (*place) {
        struct frame_held *first = *place;
        if (tenures[first->tenure].is_held) {
            place = &first->next;
            continue;
        }
        if (!tenures[first->tenure].ended) take(session, &tenures[first->tenure], first, HELD);
        *place = first->next;
        free(first);
    }
    session->held_end = place;
}

static void take_answer(uint32_t number, struct text message) {
    struct session *session = &sessions[number];
    enum request request = session->request;
    uint32_t channel = session->request_channel;
    struct text result = json_get(message, "result"), name, value;
    if (number_of(message, "id") != session->request_number || !result.size) {
        fault("%s asked %d of channel %u and was answered %.*s", session->user, request, channel,
              message.size < 200 ? (int)message.size : 200, message.at);
        session->request = NOTHING;
        return;
    }
    session->request = NOTHING;
    switch (request) {
    case INFO:
        result = json_get(result, "OfficialAccountInfoList");
        while (json_element(&result, &value) > 0) take_subscribed(session, value);
        session->is_known = 1;
        become_ready(session);
        break;
    case RESUME:
        tally.resumes++;
        while (json_member(&result, &name, &value) > 0) {
            int resumed = channel_named(name);
            struct tenure *tenure = resumed < 0 ? NULL : tenure_of(session, (uint32_t)resumed);
            if (tenure) take_resumed(session, tenure, value);
            /* Its user was unsubscribed meanwhile, and the end of the tenure was told. */
        }
        release_held(session);
        if (session->state == STARTING && !anybody_lags(session)) become_ready(session);
        break;
    case SUBSCRIBE: take_subscribed(session, result); break;
    case UNSUBSCRIBE: take_unsubscribed(session, channel); break;
    case NOTHING: break;
    }
}

static void take_lagging(struct session *session, struct text params) {
    struct text name, value;
    tally.lags++;
    while (json_member(&params, &name, &value) > 0) {
        int channel = channel_named(name);
        struct tenure *tenure = channel < 0 ? NULL : tenure_of(session, (uint32_t)channel);
        if (tenure) tenure->is_lagging = tenure->is_held = 1;
    }
}

void protocol_text(uint32_t number, struct text message) {
    struct session *session = &sessions[number];
    struct text method = json_string(json_get(message, "method")), params = json_get(message, "params");
    if (!method.size) {
        take_answer(number, message);
    } else if (text_is(method, "onRecvNewMessage")) {
        take_numbered(session, POST, params);
    } else if (text_is(method, "onRecvMessageRevoked")) {
        take_numbered(session, RECALL, params);
    } else if (text_is(method, "onOfficialAccountInfoChanged")) {
        take_numbered(session, CHANGE, params);
    } else if (text_is(method, "onOfficialAccountSubscribed")) {
        take_subscribed(session, params);
    } else if (text_is(method, "onOfficialAccountUnsubscribed")) {
        int channel = channel_of(session, params);
        if (channel >= 0) take_unsubscribed(session, (uint32_t)channel);
    } else if (text_is(method, "onLagging")) {
        take_lagging(session, params);
    } else if (text_is(method, "onUserSigExpired")) {
        tally.expired++;
    } else {
        fault("%s was told %.*s", session->user, message.size < 200 ? (int)message.size : 200, message.at);
    }
    if (session->fd >= 0 && session->state >= STARTING && session->request == NOTHING && anybody_lags(session))
        protocol_ask(number, RESUME, 0);
}
