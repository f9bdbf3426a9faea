/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_ARCHIVE_H
#define HOST_ARCHIVE_H

/**
 * What the daemon has learnt, from one run to the next: the statistics file beside the drift file,
 * sources by name and address. A file that is not as it should be is told of, and not used.
 */

#include <host/logger.h>
#include <host/source.h>
#include <host/statistics_file.h>
#include <os/os.h>

struct archive {
    struct os_store *store; /* lent */
    struct logger *logger;  /* lent */
    char *path;
    bool known;             /* a file was read */
    struct statistics kept; /* as read, and as saved since */
    struct statistics last; /* as saved before that; its memory takes the next */
    struct text text;       /* that was saved; its memory takes the next */
    bool failed;            /* could not be saved: said once */
};

/** Read the file that belongs to a drift file. Errors: -ENOMEM. */
int archive_open(struct archive *, struct os_store *, struct logger *, const char *drift_path);
void archive_close(struct archive *); /* takes a zeroed one */

/** Tell a new pipeline how the oscillator wanders. */
void archive_recall(const struct archive *, struct pipeline *);

/** Tell what is known of a source that has just got its address. */
void archive_recall_source(const struct archive *, const struct gn_source *);

/** Save what is known now, and of sources that are not here what was. */
void archive_save(struct archive *, const struct pipeline *, const struct source_list *);

#endif
