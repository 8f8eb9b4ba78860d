#include "pipeline/members.h"

#include <stdbool.h>
#include <string.h>

#include <json-c/json.h>

#include "util/str.h"

#define DEPTH_MAX    4
#define FRAMING_SIZE 5 /* a schema registry's bytes */

struct walk {
    void (*visit)(void *arg, const char *path);
    void *arg;
};

static void visit_object(const struct walk *walk, struct json_object *object, const char *prefix, unsigned depth)
{
    json_object_object_foreach(object, name, value)
    {
        struct fxi_str path = {0};
        fxi_str_printf(&path, "%s%s%s", prefix, *prefix ? "." : "", name);
        if (json_object_is_type(value, json_type_object) && depth < DEPTH_MAX)
            visit_object(walk, value, path.data, depth + 1);
        else
            walk->visit(walk->arg, path.data);
        fxi_str_fini(&path);
    }
}

static bool is_marker(struct json_object *object)
{
    struct json_object *event;
    if (!json_object_object_get_ex(object, "event_type", &event))
        return false;
    const char *text = json_object_get_string(event);
    return text && strncmp(text, "purge_", 6) == 0;
}

/* Gives the place after the next object, or NULL. Elements of a list come one by one, since the list may be cut off. */
static const char *next_object(struct json_tokener *tokener, const char *at, const char *end,
                               struct json_object **object)
{
    while (at < end && *at != '{')
        at++;
    json_tokener_reset(tokener);
    *object = at < end ? json_tokener_parse_ex(tokener, at, (int)(end - at)) : NULL;
    return *object ? at + json_tokener_get_parse_end(tokener) : NULL;
}

void fxi_members_visit(const char *payload, size_t size, void (*visit)(void *arg, const char *path), void *arg)
{
    const struct walk walk = {visit, arg};
    const char *end = payload + size;
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object;
    bool is_found = false;
    if (size > FRAMING_SIZE && payload[0] == '\0')
        payload += FRAMING_SIZE;
    while (tokener && !is_found && (payload = next_object(tokener, payload, end, &object))) {
        is_found = json_object_is_type(object, json_type_object) && !is_marker(object);
        if (is_found)
            visit_object(&walk, object, "", 1);
        json_object_put(object);
    }
    if (tokener)
        json_tokener_free(tokener);
}
