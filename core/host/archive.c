/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/archive.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".statistics"
/* More than the longest lines of all sources take. */
#define MOST_BYTES (512 * 1024)

/* --- the file --- */

static void refuse(const struct archive *archive, unsigned line, const char *words)
{
    if (line > 0)
        logger_log(archive->logger, GN_WARNING, NULL,
                   "statistics file %s:%u: %s; starting without it", archive->path, line, words);
    else
        logger_log(archive->logger, GN_WARNING, NULL, "statistics file %s: %s; starting without it",
                   archive->path, words);
}

static int read_file(struct archive *archive)
{
    struct statistics_fault fault;
    char *text = malloc(MOST_BYTES + 1);
    if (text == NULL)
        return -ENOMEM;
    ssize_t size = archive->store->ops->read(archive->store, archive->path, text, MOST_BYTES);
    if (size >= 0) {
        text[size] = '\0';
        archive->known = statistics_parse(text, (size_t)size, &archive->kept, &fault);
        if (!archive->known)
            refuse(archive, fault.line, fault.words);
    } else if (size != -ENOENT) {
        refuse(archive, 0, strerror((int)-size));
    }
    free(text);
    return 0;
}

int archive_open(struct archive *archive, struct os_store *store, struct logger *logger,
                 const char *drift_path)
{
    *archive = (struct archive){.store = store, .logger = logger};
    if (asprintf(&archive->path, "%s" SUFFIX, drift_path) < 0) {
        archive->path = NULL;
        return -ENOMEM;
    }
    return read_file(archive);
}

void archive_close(struct archive *archive)
{
    statistics_clear(&archive->kept);
    statistics_clear(&archive->last);
    text_finish(&archive->text);
    free(archive->path);
    archive->path = NULL;
}

/* --- out of it --- */

void archive_recall(const struct archive *archive, struct pipeline *pipeline)
{
    size_t count = archive->kept.count;
    if (!archive->known)
        return;
    logger_log(archive->logger, GN_INFO, NULL,
               "statistics file %s: the oscillator's wander, and the noise of %zu source%s",
               archive->path, count, count == 1 ? "" : "s");
    pipeline_recall(pipeline, &archive->kept.oscillator);
}

void archive_recall_source(const struct archive *archive, const struct gn_source *source)
{
    const struct statistics_entry *entry =
        statistics_find(&archive->kept, source->name, source->address);
    if (entry != NULL)
        pipeline_source_recall(source->in_pipeline, &entry->source);
}

/* --- into it --- */

static bool fits(const struct gn_source *source)
{
    return strlen(source->name) < STATISTICS_NAME && strlen(source->address) < STATISTICS_NAME;
}

/* Of two sources of the same name and address the first counts. */
static void add_source(struct statistics *statistics, const struct gn_source *source)
{
    struct source_statistics known;
    if (!fits(source) || !pipeline_source_statistics(source->in_pipeline, &known) ||
        statistics_find(statistics, source->name, source->address) != NULL)
        return;
    struct statistics_entry *entry = statistics_add(statistics);
    if (entry == NULL)
        return;
    memcpy(entry->name, source->name, strlen(source->name));
    memcpy(entry->address, source->address, strlen(source->address));
    entry->source = known;
}

/* What was known of others stays, as long as there is room: they may be back. */
static void add_others(struct statistics *statistics, const struct statistics *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct statistics_entry *old = &before->entries[i];
        struct statistics_entry *entry =
            statistics_find(statistics, old->name, old->address) == NULL
                ? statistics_add(statistics)
                : NULL;
        if (entry != NULL)
            *entry = *old;
    }
}

static int write_file(struct archive *archive)
{
    struct text *text = &archive->text;
    text->size = 0;
    statistics_format(&archive->kept, text);
    return archive->store->ops->write(archive->store, archive->path, text_string(text), text->size);
}

void archive_save(struct archive *archive, const struct pipeline *pipeline,
                  const struct source_list *sources)
{
    struct statistics fresh = archive->last;
    statistics_empty(&fresh);
    if (!pipeline_oscillator_statistics(pipeline, &fresh.oscillator))
        return;
    for (const struct gn_source *source = sources->first; source != NULL; source = source->next)
        add_source(&fresh, source);
    add_others(&fresh, &archive->kept);
    archive->last = archive->kept;
    archive->kept = fresh;
    int rc = write_file(archive);
    if (rc < 0 && !archive->failed)
        logger_log(archive->logger, rc == -ENOENT ? GN_INFO : GN_WARNING, NULL,
                   "cannot save what was learnt in %s: %s (the next start will know less)",
                   archive->path, strerror(-rc));
    archive->failed = rc < 0;
}
