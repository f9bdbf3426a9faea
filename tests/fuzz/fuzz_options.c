/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables against any group of settings. The first byte sets the scene: bit 0 a second table
 * has a say, bit 1 rows as short as those of the first ABI, bit 2 a key is required, bit 3 a table
 * that the next bytes make up. The rest stands between the braces of a group, one line down.
 *
 * A key that was refused or is absent leaves its field alone, nothing is taken out of its range,
 * and what was taken can be written down and read again.
 */
#include <sys/mman.h>

#include <host/options.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---------------------------------------------------------------- tables */

struct fields {
    bool flag;
    int64_t any, port, minute;
    double real, part;
    const char *word, *path;
    int choice;
    struct gn_strings list;
};

static const char *const colours[] = {"red", "green", "ultramarine", NULL};

#define FIELD(field) .key = #field, .offset = offsetof(struct fields, field)

static const struct gn_option rows[] = {
    {FIELD(flag), .type = GN_OPT_BOOL, .preset = "true"},
    {FIELD(any), .type = GN_OPT_INT, .preset = "-9007199254740993"},
    {FIELD(port), .type = GN_OPT_INT, .preset = "123", .min = 1, .max = 65535, .unit = "bytes"},
    {FIELD(real), .type = GN_OPT_REAL, .preset = "-0.5", .unit = "s"},
    {FIELD(part), .type = GN_OPT_REAL, .preset = "0.25", .min = -1, .max = 1, .unit = "s"},
    {FIELD(word), .type = GN_OPT_STRING, .preset = "GPS"},
    {FIELD(path), .type = GN_OPT_PATH},
    {FIELD(choice), .type = GN_OPT_CHOICE, .preset = "green", .choices = colours},
    {FIELD(list), .type = GN_OPT_STRINGS, .preset = "RMC, ZDA"},
    {FIELD(minute), .type = GN_OPT_INT, .flags = GN_OPT_REQUIRED, .min = -60, .max = 0},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* The daemon's own keys of a source stand beside those of the plugin; one is in both tables. */
struct common {
    int64_t tier;
    bool flag;
};

static const struct gn_option common_rows[] = {
    {.key = "tier",
     .type = GN_OPT_INT,
     .offset = offsetof(struct common, tier),
     .preset = "0",
     .max = 9},
    {.key = "flag", .type = GN_OPT_BOOL, .offset = offsetof(struct common, flag)},
};

#define SHORT_ROW (offsetof(struct gn_option, help) + sizeof(const char *))

struct scene {
    struct gn_option made[8];
    char short_rows[ROWS * sizeof(struct gn_option)];
    union {
        struct fields fields;
        char bytes[256]; /* of a made table */
    } into;
    struct common common;
    struct options_group group;
    struct diagnostics findings;
    char path[64];
    unsigned lines;
    bool is_made;
};

/* Rows as a clumsy author might write them: four bytes each, down to a type of `0xff`. */
static size_t make_rows(struct scene *scene, const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "flag", "port", ""};
    static const char *const presets[] = {NULL, "", "1", "-1.5", "true", "red", "a,b", "1e999"};
    static const double bounds[] = {0, 1, -1, 0.5, 65535, -1e300, INFINITY, NAN};
    size_t used = 0;
    for (size_t i = 0; i < 8 && size - used > 4 && data[used] != 0xff; i++, used += 4) {
        const uint8_t *bytes = data + used;
        scene->made[scene->group.targets[0].table.count++] = (struct gn_option){
            .key = keys[i],
            .type = bytes[0] & 7u,
            .flags = bytes[0] >> 7,
            .offset = bytes[1],
            .preset = presets[bytes[2] & 7],
            .choices = (bytes[2] & 8) != 0 ? NULL : colours + (bytes[2] >> 6),
            .min = bounds[bytes[3] & 7],
            .max = bounds[bytes[3] >> 3 & 7],
        };
    }
    return used;
}

/* What a sound table gives a key by itself is as good as what a file may give it. */
static void check_presets(struct scene *scene)
{
    const struct option_table *table = &scene->group.targets[0].table;
    struct arena *arena = arena_create();
    for (size_t i = 0; i < table->count; i++) {
        struct gn_option row = option_table_row(table, i);
        const void *field = option_field(&row, &scene->into);
        require(option_preset(&row, &scene->into, arena));
        if (row.preset != NULL && row.type == GN_OPT_INT)
            require(option_in_range(&row, (double)*(const int64_t *)field));
        if (row.preset != NULL && row.type == GN_OPT_REAL)
            require(option_in_range(&row, *(const double *)field));
    }
    arena_destroy(arena);
}

/* Returns false: the table is none that a daemon would use. */
static bool set_tables(struct scene *scene, const uint8_t **data, size_t *size)
{
    uint8_t kind = **data;
    struct option_table *table = &scene->group.targets[0].table;
    struct text why;
    (*data)++, (*size)--;
    scene->is_made = (kind & 8) != 0;
    *table = (struct option_table){rows, ROWS - ((kind & 4) == 0), sizeof rows[0]};
    if (scene->is_made) {
        *table = (struct option_table){scene->made, 0, sizeof rows[0]};
        size_t used = make_rows(scene, *data, *size);
        *data += used, *size -= used;
    } else if ((kind & 2) != 0) {
        for (size_t i = 0; i < ROWS; i++)
            memcpy(scene->short_rows + i * SHORT_ROW, &rows[i], SHORT_ROW);
        table->rows = (const void *)scene->short_rows;
        table->row_size = SHORT_ROW;
    }
    scene->group.targets[0].fields = &scene->into;
    scene->group.targets[1] = (struct options_target){OPTION_TABLE(common_rows), &scene->common};
    scene->group.target_count = (kind & 1) != 0 ? 2 : 1;
    text_init(&why);
    bool sound = option_table_check(
        table, scene->is_made ? sizeof scene->into : sizeof scene->into.fields, &why);
    require(sound == (text_string(&why)[0] == '\0'));
    require(sound || scene->is_made);
    text_finish(&why);
    if (sound)
        check_presets(scene);
    return sound;
}

/* ---------------------------------------------------------------- reading */

#define HEAD "entry = {\n"
#define TAIL "\n};\n"
#define INCLUDE "@include"

static unsigned count_lines(const char *text, size_t size)
{
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

/* A file in memory. Included files would be any of this machine: they are not opened. */
static int make_file(struct scene *scene, const void *data, size_t size)
{
    size_t whole = strlen(HEAD) + size + strlen(TAIL);
    char *text = malloc(whole + 1), *at = text;
    int fd = memfd_create("gnomon.conf", MFD_CLOEXEC);
    require(text != NULL && fd >= 0);
    memcpy(text, HEAD, strlen(HEAD));
    memcpy(text + strlen(HEAD), data, size);
    memcpy(text + strlen(HEAD) + size, TAIL, strlen(TAIL));
    while ((at = memmem(at, whole - (size_t)(at - text), INCLUDE, strlen(INCLUDE))) != NULL)
        *at = '#';
    scene->lines = count_lines(text, whole);
    require(write(fd, text, whole) == (ssize_t)whole);
    free(text);
    snprintf(scene->path, sizeof scene->path, "/proc/self/fd/%d", fd);
    return fd;
}

static void check_findings(const struct scene *scene, bool good)
{
    require(good == (scene->findings.errors == 0));
    for (size_t i = 0; i < scene->findings.count; i++) {
        const struct diagnostic *item = &scene->findings.items[i];
        require(item->file != NULL && strcmp(item->file, scene->path) == 0);
        require(item->line <= scene->lines && item->text[0] != '\0');
        require(item->line > 0 || strstr(item->text, "no text") != NULL);
    }
}

/* Whether there is a finding about a key, or about an element of it. */
static bool is_refused(const struct scene *scene, const char *key)
{
    size_t size = strlen(key);
    for (size_t i = 0; i < scene->findings.count; i++) {
        const char *text = scene->findings.items[i].text;
        if (strncmp(text, key, size) == 0 && (text[size] == ':' || text[size] == '['))
            return true;
    }
    return false;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void check_strings(const struct gn_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        require(is_plain(strings->items[i]));
}

static void check_values(const struct fields *fields)
{
    require(fields->port >= 1 && fields->port <= 65535);
    require(fields->minute >= -60 && fields->minute <= 0);
    require(isfinite(fields->real) && fields->part >= -1 && fields->part <= 1);
    require(fields->choice >= 0 && fields->choice <= 2 && is_plain(fields->word));
    require(fields->path == NULL ||
            (is_plain(fields->path) && (fields->path[0] == '/' || fields->path[0] == '\0')));
    check_strings(&fields->list);
}

static size_t field_size(uint32_t type)
{
    static const size_t sizes[] = {
        sizeof(bool),   sizeof(int64_t), sizeof(double),           sizeof(char *),
        sizeof(char *), sizeof(int),     sizeof(struct gn_strings)};
    return sizes[type];
}

/* Fields of keys that are not there or were refused are as before. */
static void check_untouched(const struct scene *scene, const struct fields *before)
{
    for (size_t i = 0; i < ROWS; i++) {
        bool there = config_setting_get_member(scene->group.setting, rows[i].key) != NULL;
        const char *now = (const char *)&scene->into.fields + rows[i].offset;
        if (!there || is_refused(scene, rows[i].key))
            require(memcmp(now, (const char *)before + rows[i].offset, field_size(rows[i].type)) ==
                    0);
    }
}

/* ---------------------------------------------------------------- writing down */

static void write_string(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (; *string != '\0'; string++)
        text_addf(text, *string == '"' || *string == '\\' ? "\\%c" : "%c", *string);
    text_add(text, "\"");
}

static void write_real(struct text *text, const char *key, double value)
{
    char number[64];
    snprintf(number, sizeof number, "%.17g", value);
    text_addf(text, "%s = %s%s;\n", key, number, strpbrk(number, ".e") != NULL ? "" : ".0");
}

static void write_fields(struct text *text, const struct fields *fields)
{
    text_addf(text, "flag = %s; any = %lldL; port = %lld; minute = %lld;\n",
              fields->flag ? "true" : "false", (long long)fields->any, (long long)fields->port,
              (long long)fields->minute);
    write_real(text, "real", fields->real);
    write_real(text, "part", fields->part);
    text_addf(text, "choice = \"%s\";\nword = ", colours[fields->choice]);
    write_string(text, fields->word);
    if (fields->path != NULL) {
        text_add(text, ";\npath = ");
        write_string(text, fields->path);
    }
    text_add(text, ";\nlist = (");
    for (size_t i = 0; i < fields->list.count; i++) {
        text_add(text, i > 0 ? ", " : "");
        write_string(text, fields->list.items[i]);
    }
    text_add(text, ");");
}

static bool same_fields(const struct fields *a, const struct fields *b)
{
    bool same =
        a->flag == b->flag && a->any == b->any && a->port == b->port && a->minute == b->minute &&
        a->real == b->real && a->part == b->part && a->choice == b->choice &&
        strcmp(a->word, b->word) == 0 && (a->path == NULL) == (b->path == NULL) &&
        (a->path == NULL || strcmp(a->path, b->path) == 0) && a->list.count == b->list.count;
    for (size_t i = 0; same && i < a->list.count; i++)
        same = strcmp(a->list.items[i], b->list.items[i]) == 0;
    return same;
}

/* ---------------------------------------------------------------- one input */

static void forget_findings(struct scene *scene)
{
    diagnostics_finish(&scene->findings);
    diagnostics_init(&scene->findings);
}

/* Reads a text into the scene's fields. Returns whether it was a group at all; `*good` if it was
 * taken. */
static bool read_text(struct scene *scene, struct arena *arena, const void *data, size_t size,
                      bool *good)
{
    int fd = make_file(scene, data, size);
    struct config_file *file = config_file_open(scene->path, arena, &scene->findings);
    check_findings(scene, file != NULL);
    struct options options = {file, arena, &scene->findings};
    scene->group.setting =
        file != NULL ? config_setting_get_member(config_file_root(file), "entry") : NULL;
    bool is_group = scene->group.setting != NULL && config_setting_is_group(scene->group.setting);
    if (is_group) {
        struct fields before = scene->into.fields;
        *good = options_read(&options, &scene->group);
        check_findings(scene, *good);
        if (!scene->is_made)
            check_untouched(scene, &before);
    }
    config_file_close(file);
    close(fd);
    return is_group;
}

static void read_again(struct scene *scene, struct arena *arena)
{
    struct fields first = scene->into.fields;
    struct text text;
    bool good = false;
    text_init(&text);
    write_fields(&text, &first);
    forget_findings(scene);
    scene->group.targets[0].table = (struct option_table)OPTION_TABLE(rows);
    memset(&scene->into, 0, sizeof scene->into);
    require(read_text(scene, arena, text_string(&text), strlen(text_string(&text)), &good) && good);
    require(same_fields(&first, &scene->into.fields));
    text_finish(&text);
}

static void read_input(struct scene *scene, const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    bool good = false;
    for (size_t i = 0; i < scene->group.target_count; i++)
        option_table_presets(&scene->group.targets[i].table, scene->group.targets[i].fields, arena);
    bool is_group = read_text(scene, arena, data, size, &good);
    require(scene->common.tier >= 0 && scene->common.tier <= 9);
    if (is_group && !scene->is_made) {
        check_values(&scene->into.fields);
        if (good)
            read_again(scene, arena);
    }
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct scene *scene = calloc(1, sizeof *scene);
    require(scene != NULL);
    scene->group.prefix = "";
    scene->group.owner = "refclock-gps";
    diagnostics_init(&scene->findings);
    if (set_tables(scene, &data, &size))
        read_input(scene, data, size);
    diagnostics_finish(&scene->findings);
    free(scene);
    return 0;
}
