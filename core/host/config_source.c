/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_source.h>

#include <string.h>

#define FIELD(field) .offset = offsetof(struct config_source, field)
#define REFID_SIZE 4

static const struct gn_option source_rows[] = {
    {.key = "minpoll",
     .type = GN_OPT_INT,
     FIELD(min_poll_log2s),
     .preset = "6",
     .min = -4,
     .max = 17,
     .unit = "log2 s",
     .help = "shortest interval between measurements"},
    {.key = "maxpoll",
     .type = GN_OPT_INT,
     FIELD(max_poll_log2s),
     .preset = "10",
     .min = -4,
     .max = 17,
     .unit = "log2 s",
     .help = "longest interval between measurements"},
    {.key = "prefer",
     .type = GN_OPT_BOOL,
     FIELD(prefer),
     .preset = "false",
     .help = "select it before others that are not preferred"},
    {.key = "trust",
     .type = GN_OPT_BOOL,
     FIELD(trust),
     .preset = "false",
     .help = "it is right even if sources that are not trusted disagree"},
    {.key = "require",
     .type = GN_OPT_BOOL,
     FIELD(require),
     .preset = "false",
     .help = "set the clock only if it is among those that agree"},
    {.key = "noselect",
     .type = GN_OPT_BOOL,
     FIELD(noselect),
     .preset = "false",
     .help = "measure it, but never follow it"},
    {.key = "smears",
     .type = GN_OPT_BOOL,
     FIELD(smears),
     .preset = "false",
     .help = "it smears leap seconds: not followed on the day around one"},
    {.key = "tier",
     .type = GN_OPT_INT,
     FIELD(tier),
     .preset = "0",
     .max = 9,
     .help = "used only while no source of a lower tier is usable"},
    {.key = "offset",
     .type = GN_OPT_REAL,
     FIELD(offset_s),
     .preset = "0",
     .min = -1e9,
     .max = 1e9,
     .unit = "s",
     .help = "added to every measurement, to correct a known error"},
    {.key = "stratum",
     .type = GN_OPT_INT,
     FIELD(stratum),
     .preset = "-1",
     .min = -1,
     .max = 15,
     .help = "stratum of the reference; -1: as measured"},
    {.key = "minstratum",
     .type = GN_OPT_INT,
     FIELD(min_stratum),
     .preset = "0",
     .max = 15,
     .help = "a lower stratum counts as this one, so that others go before"},
    {.key = "refid",
     .type = GN_OPT_STRING,
     FIELD(refid),
     .help = "reference id, one to four characters; the plugin's own by default"},
};

struct option_table config_source_table(void)
{
    struct option_table table = OPTION_TABLE(source_rows);
    return table;
}

/* What others count by has no meaning here; it must not be taken for granted that it has. */
static const struct {
    const char *key, *instead;
} refused[] = {
    {"polltarget", "no number of samples is aimed at: a source is asked when the doubt has grown "
                   "to the noise of an exchange; minpoll and maxpoll limit that"},
    {"asymmetry",
     "to which side the queues of a path lean is learnt from its exchanges; for a path "
     "that is longer one way use offset"},
    {"minsamples", "no window of samples is kept: how long one counts follows from how the "
                   "oscillator wanders; leave it out"},
    {"maxsamples", "no window of samples is kept: how long one counts follows from how the "
                   "oscillator wanders; leave it out"},
};

static void refuse_foreign(const struct options *options, const config_setting_t *entry)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const config_setting_t *setting = config_setting_get_member(entry, refused[i].key);
        if (setting != NULL)
            options_find(options, DIAGNOSTIC_ERROR, setting, refused[i].key, "%s",
                         refused[i].instead);
    }
}

/* Who sets one bound beyond the default of the other means both. */
static void check_poll(const struct options *options, const config_setting_t *entry,
                       struct config_source *source)
{
    const config_setting_t *min = config_setting_get_member(entry, "minpoll");
    const config_setting_t *max = config_setting_get_member(entry, "maxpoll");
    if (source->min_poll_log2s <= source->max_poll_log2s)
        return;
    if (min == NULL)
        source->min_poll_log2s = source->max_poll_log2s;
    else if (max == NULL)
        source->max_poll_log2s = source->min_poll_log2s;
    else
        options_find(options, DIAGNOSTIC_ERROR, min, "minpoll",
                     "%lld is above maxpoll, allowed is at most %lld log2 s",
                     (long long)source->min_poll_log2s, (long long)source->max_poll_log2s);
}

static void check_refid(const struct options *options, const config_setting_t *entry,
                        const struct config_source *source)
{
    const config_setting_t *setting = config_setting_get_member(entry, "refid");
    if (setting == NULL || source->refid == NULL)
        return;
    size_t size = strlen(source->refid), plain = 0;
    while (source->refid[plain] > ' ' && source->refid[plain] <= '~')
        plain++;
    if (size < 1 || size > REFID_SIZE || plain < size)
        options_find(options, DIAGNOSTIC_ERROR, setting, "refid",
                     "must be one to four printable ASCII characters, such as \"GPS\"");
}

void config_source_check(const struct options *options, const config_setting_t *entry,
                         struct config_source *source)
{
    refuse_foreign(options, entry);
    check_poll(options, entry, source);
    check_refid(options, entry, source);
}
