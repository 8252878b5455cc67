/* As much of a JSON reader as a client needs that knows what it is told. Spans point into the message. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *at;
    size_t size;
};

/* The next member of an object, or element of an array, of which `rest` is what is left; begin with the whole value.
 * Returns 0 at its end, and -1 when it is no such thing. */
int json_member(struct text *rest, struct text *name, struct text *value);
int json_element(struct text *rest, struct text *value);

/* The value of a member, empty when there is none. */
struct text json_get(struct text object, const char *name);

/* What stands between the quotes of a string, as it is written; empty when it is none. */
struct text json_string(struct text value);
uint32_t json_number(struct text value);

int text_is(struct text text, const char *other);
