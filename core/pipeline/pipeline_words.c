/* SPDX-License-Identifier: Apache-2.0 */

/* What is told of a selection: who is against whom, by how much, and why nobody is followed. */

#include <base/reason.h>
#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for a list of names; those that find none are counted. */
#define LIST_SIZE 72

struct list {
    char text[LIST_SIZE];
    size_t used, names, untold;
};

/* Add a name, and with it what is said of it. */
__attribute__((format(printf, 2, 3))) static void add(struct list *list, const char *format, ...)
{
    char name[LIST_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    const char *between = list->names > 0 ? ", " : "";
    size_t size = strlen(between) + strlen(name);
    bool fits = list->untold == 0 && list->used + size < sizeof list->text;
    if (fits) {
        snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s", between, name);
        list->used += size;
    }
    list->names++;
    list->untold += !fits;
}

/* How many are not in the list, as words behind it. */
static const char *rest(const struct list *list, char *words, size_t size)
{
    words[0] = '\0';
    if (list->untold > 0)
        snprintf(words, size, "%s%zu more", list->used > 0 ? " and " : "", list->untold);
    return words;
}

/* --- falsetickers --- */

static void list_followed(const struct pipeline *pipeline, bool trusted, struct list *list)
{
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        const struct selection_candidate *c = s->candidate;
        bool true_one = c->usable && c->state >= GN_SOURCE_UNSELECTED &&
                        c->reason != GN_REASON_TIER && (!trusted || c->trust);
        if (true_one)
            add(list, "%s", s->name);
    }
}

static void tell_falseticker(struct pipeline *pipeline, const struct pipeline_source *source)
{
    const struct selection_candidate *c = source->candidate;
    bool trusted = c->reason == GN_REASON_NOT_TRUSTED, drifts = fpclassify(c->drift) != FP_ZERO;
    struct list list = {.names = 0};
    char more[32], by[80];
    list_followed(pipeline, trusted, &list);
    if (drifts)
        snprintf(by, sizeof by, "its clock drifts by %+.3f ppm against theirs", 1e6 * c->drift);
    else
        snprintf(by, sizeof by, "%+.6f s outside of what they allow", c->outside_s);
    pipeline_tell(pipeline, GN_EVENT_SOURCE_FALSETICKER, GN_WARNING, source, c->outside_s,
                  "%s disagrees with %s: %s (%zu against it: %s%s)", source->name,
                  trusted ? "those that are trusted" : "the majority", by, list.names, list.text,
                  rest(&list, more, sizeof more));
}

static void tell_falsetickers(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        bool lies = s->candidate->state == GN_SOURCE_FALSETICKER;
        bool smears = s->candidate->reason == GN_REASON_SMEARS;
        if (smears && !s->smeared)
            pipeline_tell(pipeline, GN_EVENT_SOURCE_FALSETICKER, GN_WARNING, s, 0,
                          "%s smears the leap second, so it does not tell UTC: it is not followed "
                          "until the smear is over",
                          s->name);
        else if (lies && !s->lied)
            tell_falseticker(pipeline, s);
        if (lies || turn->selection.found) { /* without a majority nobody is acquitted */
            s->lied = lies;
            s->smeared = s->smeared || smears;
        }
    }
}

/* --- why nobody is selected --- */

static void say_no_majority(struct pipeline *pipeline, const struct selection *selection)
{
    struct list these = {.names = 0}, those = {.names = 0};
    bool trusted = pipeline_any_trusted(pipeline, selection->tier);
    double apart_s = HUGE_VAL;
    size_t usable = 0;
    char more[32], more_of_those[32];
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        double outside_s = selection_outside_s(selection, s->candidate);
        bool votes = s->config.tier == selection->tier && (s->config.trust || !trusted);
        usable += s->candidate->usable;
        if (!s->candidate->usable || !votes)
            continue;
        add(fpclassify(outside_s) == FP_ZERO ? &these : &those, "%s", s->name);
        if (fpclassify(outside_s) != FP_ZERO)
            apart_s = fmin(apart_s, fabs(outside_s));
    }
    snprintf(pipeline->why_text, sizeof pipeline->why_text,
             "no majority of the %zu usable sources agrees: none is followed (%s%s against "
             "%s%s: %.6f s apart)",
             usable, these.text, rest(&these, more, sizeof more), those.text,
             rest(&those, more_of_those, sizeof more_of_those), apart_s);
}

static void say_too_few(struct pipeline *pipeline, const struct selection *selection)
{
    struct list list = {.names = 0};
    char more[32];
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->candidate->usable && s->candidate->state != GN_SOURCE_FALSETICKER &&
            fpclassify(selection_outside_s(selection, s->candidate)) == FP_ZERO)
            add(&list, "%s", s->name);
    snprintf(pipeline->why_text, sizeof pipeline->why_text,
             "only %zu of the %d sources needed agree (%s%s): the clock is not set",
             selection->agreeing, pipeline->config.min_sources, list.text,
             rest(&list, more, sizeof more));
}

static void say_required(struct pipeline *pipeline, const struct selection *selection)
{
    struct list list = {.names = 0};
    char more[32];
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        double outside_s = selection_outside_s(selection, s->candidate);
        if (s->candidate->require && s->candidate->usable)
            add(&list, "%s: %+.6f s outside", s->name, outside_s);
        else if (s->candidate->require)
            add(&list, "%s: %s", s->name, reason_code(s->candidate->reason));
    }
    snprintf(pipeline->why_text, sizeof pipeline->why_text,
             "no required source agrees (%s%s): the clock is not set", list.text,
             rest(&list, more, sizeof more));
}

static void say_why(struct pipeline *pipeline, const struct selection *selection)
{
    pipeline->why_text[0] = '\0';
    if (selection->why == GN_REASON_NO_MAJORITY)
        say_no_majority(pipeline, selection);
    else if (selection->why == GN_REASON_WAITING)
        say_too_few(pipeline, selection);
    else if (selection->why == GN_REASON_REQUIRED)
        say_required(pipeline, selection);
}

void pipeline_tell_selection(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    const struct selection *selection = &turn->selection;
    size_t count = selection->why == GN_REASON_WAITING ? selection->agreeing : 0;
    bool news = selection->why != pipeline->why || count != pipeline->why_count;
    tell_falsetickers(pipeline, turn);
    say_why(pipeline, selection);
    if (news && selection->why != GN_REASON_OK)
        pipeline_tell(pipeline, GN_EVENT_SOURCE_FAULT, GN_WARNING, NULL, 0, "%s",
                      pipeline->why_text);
    pipeline->why = selection->why;
    pipeline->why_count = count;
}
