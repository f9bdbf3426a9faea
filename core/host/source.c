/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/source.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to four characters as a reference id, left justified. Spec: RFC 5905 §7.3. */
static uint32_t refid_of(const char *text)
{
    uint32_t refid = 0;
    for (unsigned i = 0; i < 4; i++) {
        refid = refid << 8 | (uint8_t)*text;
        text += *text != '\0';
    }
    return refid;
}

static struct pipeline_source_config pipeline_config(const struct config_source *config,
                                                     const char *name,
                                                     const struct gn_source_info *info)
{
    return (struct pipeline_source_config){
        .name = name,
        .mode = (enum gn_source_mode)info->mode,
        .prefer = config->prefer,
        .trust = config->trust,
        .require = config->require,
        .noselect = config->noselect,
        .smears = config->smears,
        .tier = (int)config->tier,
        .offset_s = config->offset_s,
        .stratum = (int)config->stratum,
        .min_stratum = (int)config->min_stratum,
        .min_poll_log2s = (int8_t)config->min_poll_log2s,
        .max_poll_log2s = (int8_t)config->max_poll_log2s,
        .refid = config->refid != NULL ? refid_of(config->refid) : info->refid,
        .is_clock = info->is_clock != 0,
        .copies = info->size >= offsetof(struct gn_source_info, copies) + sizeof info->copies &&
                  info->copies != 0,
    };
}

static char *full_name(const char *name, const char *suffix)
{
    char *full;
    if (suffix == NULL)
        return strdup(name);
    return asprintf(&full, "%s%s", name, suffix) < 0 ? NULL : full;
}

static void append(struct source_list *list, struct gn_source *source)
{
    struct gn_source **link = &list->first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = source;
}

static void source_free(struct gn_source *source)
{
    free(source->name);
    free(source->address);
    free(source);
}

int source_open(struct source_list *list, struct pipeline *pipeline, struct instance *owner,
                const struct gn_source_info *info, struct gn_source **out)
{
    struct gn_source *source = calloc(1, sizeof *source);
    struct pipeline_source_config config;
    if (source == NULL)
        return -ENOMEM;
    source->mode = (enum gn_source_mode)info->mode;
    source->name = full_name(owner->config->name, info->suffix);
    source->address = strdup(info->address);
    if (source->name != NULL && source->address != NULL) {
        config = pipeline_config(&owner->config->source, source->name, info);
        source->in_pipeline = pipeline_source_add(pipeline, &config);
    }
    if (source->in_pipeline == NULL) {
        source_free(source);
        return -ENOMEM;
    }
    append(list, source);
    *out = source;
    return 0;
}

void source_close(struct source_list *list, struct pipeline *pipeline, struct gn_source *source)
{
    struct gn_source **link = &list->first;
    while (*link != source)
        link = &(*link)->next;
    *link = source->next;
    pipeline_source_remove(pipeline, source->in_pipeline);
    source_free(source);
}

int source_set_address(struct gn_source *source, const char *address)
{
    char *copy = strdup(address);
    if (copy == NULL)
        return -ENOMEM;
    free(source->address);
    source->address = copy;
    return 0;
}

struct gn_source *source_find(const struct source_list *list, const struct pipeline_source *wanted)
{
    struct gn_source *source = list->first;
    while (source != NULL && source->in_pipeline != wanted)
        source = source->next;
    return source;
}
