/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <sim/plot.h>
#include <sim/plot_scale.h>
#include <string.h>

/* A title, the curve, the axis and the labels of time: 80 × 20 with the margin. */
#define MARGIN 10
#define WIDTH 70
#define ROWS 17
#define MIDDLE (ROWS / 2)

/* Marks have letters, steps too few places for them. */
#define LETTERS 26
#define TOLD_STEPS 5

struct canvas {
    const struct plot *plot;
    struct scale scale;
    char cells[ROWS][WIDTH + 1];
    char axis[WIDTH + 1];
};

static int row_of(const struct canvas *canvas, double error_s)
{
    return MIDDLE - (int)lround(scale_place(&canvas->scale, error_s) * MIDDLE);
}

static int column_of(const struct canvas *canvas, double at_s)
{
    int column = (int)(at_s / canvas->plot->duration_s * WIDTH);
    return column < 0 ? 0 : column >= WIDTH ? WIDTH - 1 : column;
}

/* ---------------------------------------------------------------- drawing */

static void clear(struct canvas *canvas)
{
    for (int row = 0; row < ROWS; row++) {
        memset(canvas->cells[row], row == MIDDLE ? '-' : ' ', WIDTH);
        canvas->cells[row][WIDTH] = '\0';
    }
    memset(canvas->axis, '-', WIDTH);
    canvas->axis[WIDTH] = '\0';
}

static void draw_mark(struct canvas *canvas, double at_s, char letter)
{
    int column = column_of(canvas, at_s);
    for (int row = 0; row < ROWS; row++)
        if (row != MIDDLE)
            canvas->cells[row][column] = '|';
    canvas->axis[column] = letter;
}

static char letter_of(size_t mark)
{
    return mark < LETTERS ? (char)('a' + mark) : '+';
}

static void draw_bound(struct canvas *canvas, const struct track_column *column)
{
    if (column->bound_s < 0)
        return;
    for (int i = column_of(canvas, column->from_s); i <= column_of(canvas, column->to_s); i++) {
        canvas->cells[row_of(canvas, column->bound_s)][i] = '.';
        canvas->cells[row_of(canvas, -column->bound_s)][i] = '.';
    }
}

static void draw_error(struct canvas *canvas, const struct track_column *column, double from_s,
                       double to_s, char letter)
{
    int low = row_of(canvas, column->least_s), high = row_of(canvas, column->most_s);
    for (int i = column_of(canvas, from_s); i <= column_of(canvas, to_s); i++)
        for (int row = high; row <= low; row++)
            canvas->cells[row][i] = letter;
}

/* What was wrong must be seen, so it comes last. */
static void draw_errors(struct canvas *canvas, const struct track *track)
{
    const struct track_column *end = track->columns + track->count;
    for (const struct track_column *c = track->columns; c < end; c++)
        draw_error(canvas, c, c->from_s, c->to_s, '*');
    for (const struct track_column *c = track->columns; c < end; c++)
        if (c->outside > 0)
            draw_error(canvas, c, c->wrong_from_s, c->wrong_to_s, '!');
}

static void draw(struct canvas *canvas, const struct track *track)
{
    const struct marks *marks = canvas->plot->marks;
    clear(canvas);
    for (size_t i = 0; i < marks->count; i++)
        draw_mark(canvas, marks->items[i].at_s, letter_of(i));
    for (size_t i = 0; i < track->kept_count; i++)
        canvas->axis[column_of(canvas, track->kept[i].at_s)] = 'S';
    for (size_t i = 0; i < track->count; i++)
        draw_bound(canvas, &track->columns[i]);
    draw_errors(canvas, track);
}

/* ---------------------------------------------------------------- on paper */

static void add_rows(const struct canvas *canvas, struct text *text)
{
    struct scale_ticks ticks;
    scale_error_ticks(&canvas->scale, &ticks);
    for (int row = 0; row < ROWS; row++) {
        const char *label = "";
        for (size_t i = 0; i < ticks.count; i++)
            if (row_of(canvas, ticks.items[i].value) == row)
                label = ticks.items[i].label;
        text_addf(text, "%*s %s\n", MARGIN - 1, label, canvas->cells[row]);
    }
}

static void add_time(const struct canvas *canvas, struct text *text)
{
    struct scale_ticks ticks;
    char line[WIDTH + 1];
    const char *unit = scale_time_ticks(canvas->plot->duration_s, &ticks);
    memset(line, ' ', WIDTH);
    line[WIDTH] = '\0';
    for (size_t i = 0; i < ticks.count; i++) {
        size_t at = (size_t)column_of(canvas, ticks.items[i].value);
        size_t size = strlen(ticks.items[i].label);
        if (at + size <= WIDTH && (at == 0 || line[at - 1] == ' '))
            memcpy(line + at, ticks.items[i].label, size);
    }
    for (size_t end = WIDTH; end > 0 && line[end - 1] == ' '; end--)
        line[end - 1] = '\0';
    text_addf(text, "%*s %s\n%*s %s\n", MARGIN - 1, "", canvas->axis, MARGIN - 1, unit, line);
}

static void add_steps(const struct track *track, struct text *text)
{
    char label[SCALE_LABEL];
    size_t told = track->kept_count < TOLD_STEPS ? track->kept_count : TOLD_STEPS;
    for (size_t i = 0; i < told; i++)
        text_addf(text, "  S %12.3f s  the daemon steps its clock by %s\n", track->kept[i].at_s,
                  scale_label(track->kept[i].by_s, label));
    if (track->steps > told)
        text_addf(text, "    and %" PRIu64 " steps more\n", track->steps - told);
}

static void add_marks(const struct marks *marks, struct text *text)
{
    size_t told = marks->count < LETTERS ? marks->count : LETTERS;
    for (size_t i = 0; i < told; i++)
        text_addf(text, "  %c %12.3f s  %s\n", letter_of(i), marks->items[i].at_s,
                  marks->items[i].text);
    if (marks->count + marks->dropped > told)
        text_addf(text, "    and %" PRIu64 " events more\n",
                  (uint64_t)(marks->count - told) + marks->dropped);
}

void plot_text(const struct plot *plot, struct text *text)
{
    for (size_t i = 0; i < plot->count; i++) {
        const struct plot_curve *curve = &plot->curves[i];
        struct canvas canvas = {.plot = plot, .scale = scale_fit(curve->track)};
        draw(&canvas, curve->track);
        text_addf(text, "%.30s: * true error, . bound claimed, ! the bound was wrong%s\n",
                  curve->name, canvas.scale.unit_s > 0 ? " (asinh)" : "");
        add_rows(&canvas, text);
        add_time(&canvas, text);
        add_steps(curve->track, text);
    }
    add_marks(plot->marks, text);
}
