#include "json.h"

#include <string.h>

static const struct text NONE = {"", 0};

static int is_space(char letter) { return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t'; }

static void skip_spaces(struct text *rest) {
    while (rest->size && (is_space(*rest->at) || *rest->at == ',')) {
        rest->at++;
        rest->size--;
    }
}

/* How many bytes the value at the beginning takes; 0 when it does not end. */
static size_t value_size(struct text rest) {
    size_t depth = 0, place = 0;
    int is_quoted = 0;
    for (; place < rest.size; place++) {
        char letter = rest.at[place];
        if (is_quoted) {
            if (letter == '\\') place++;
            else if (letter == '"') is_quoted = 0;
            else continue;
            if (!is_quoted && !depth) return place + 1;
            continue;
        }
        switch (letter) {
        case '"': is_quoted = 1; break;
        case '{':
        case '[': depth++; break;
        case '}':
        case ']':
            if (!depth) return place;
            if (!--depth) return place + 1;
            break;
        case ',':
            if (!depth) return place;
            break;
        default: break;
        }
    }
    return depth || is_quoted ? 0 : place;
}

/* Goes into a container at its beginning. */
static int enter(struct text *rest, char open) {
    if (rest->size < 2 || *rest->at != open) return 0;
    rest->at++;
    rest->size -= 2;
    return 1;
}

static int take_value(struct text *rest, struct text *value) {
    size_t size = value_size(*rest);
    if (!size) return -1;
    *value = (struct text){rest->at, size};
    rest->at += size;
    rest->size -= size;
    return 1;
}

int json_element(struct text *rest, struct text *value) {
    enter(rest, '[');
    skip_spaces(rest);
    return rest->size ? take_value(rest, value) : 0;
}

int json_member(struct text *rest, struct text *name, struct text *value) {
    enter(rest, '{');
    skip_spaces(rest);
    if (!rest->size) return 0;
    if (*rest->at != '"' || take_value(rest, name) < 0 || !rest->size || *rest->at != ':') return -1;
    *name = json_string(*name);
    rest->at++;
    rest->size--;
    skip_spaces(rest);
    return take_value(rest, value);
}

struct text json_get(struct text object, const char *wanted) {
    struct text name, value;
    if (!object.size || *object.at != '{') return NONE;
    while (json_member(&object, &name, &value) > 0)
        if (text_is(name, wanted)) return value;
    return NONE;
}

struct text json_string(struct text value) {
    if (value.size < 2 || *value.at != '"') return NONE;
    return (struct text){value.at + 1, value.size - 2};
}

uint32_t json_number(struct text value) {
    uint32_t number = 0;
    for (size_t place = 0; place < value.size && value.at[place] >= '0' && value.at[place] <= '9'; place++)
        number = number * 10 + (uint32_t)(value.at[place] - '0');
    return number;
}

int text_is(struct text text, const char *other) {
    return text.size == strlen(other) && !memcmp(text.at, other, text.size);
}
