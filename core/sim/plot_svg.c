/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <sim/plot.h>
#include <sim/plot_scale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Units: px. */
#define LEFT 84
#define WIDTH 900
#define RIGHT 24
#define HEAD 54 /* title and legend */
#define LABEL_ROWS 4
#define LABEL_HEIGHT 13
#define LETTER 6 /* width of a letter of a label, about */
#define PANEL 200
#define FOOT 44 /* ticks of time, and the way to the next panel */

/* A label is cut to so many letters; all of it is in the mark's title. */
#define LABEL_LETTERS 44

static const char style[] =
    "<style>\n"
    ".page{fill:#fff}.frame{fill:none;stroke:#999}.grid{stroke:#ddd}.zero{stroke:#999}\n"
    ".band{fill:#3b7dd8;fill-opacity:.18;stroke:#3b7dd8;stroke-opacity:.5;stroke-width:.5}\n"
    ".error{fill:none;stroke:#1a4f9c;stroke-width:1.1;stroke-linejoin:round}\n"
    ".wrong{fill:#d22}.event line{stroke:#b35c00;stroke-dasharray:4 3}\n"
    ".step line{stroke:#7a3ea8;stroke-dasharray:1 3;stroke-width:1.5}\n"
    "text{font:11px sans-serif;fill:#333}.title{font-size:15px;font-weight:bold}\n"
    ".name{font-weight:bold}.event text{fill:#8f4a00}.step text{fill:#7a3ea8}\n"
    "@media(prefers-color-scheme:dark){.page{fill:#14181d}.frame,.zero{stroke:#777}"
    ".grid{stroke:#333a42}.band{fill:#6aa5f0;stroke:#6aa5f0}.error{stroke:#9cc4ff}\n"
    ".wrong{fill:#ff6b6b}text{fill:#d5dae0}.event line{stroke:#f0a24a}"
    ".event text{fill:#f5b56b}.step line{stroke:#c79bea}.step text{fill:#c79bea}}\n"
    "</style>\n";

struct panel {
    const struct plot *plot;
    const struct plot_curve *curve;
    struct scale scale;
    double top;
    struct text *text;
};

static double x_of(const struct plot *plot, double at_s)
{
    return LEFT + WIDTH * fmin(fmax(at_s / plot->duration_s, 0), 1);
}

static double y_of(const struct panel *panel, double error_s)
{
    return panel->top + PANEL / 2.0 * (1 - scale_place(&panel->scale, error_s));
}

/* ---------------------------------------------------------------- words */

/* How many bytes the UTF-8 character at `c` has; 0: it is none that XML may contain. */
static size_t letter_size(const unsigned char *c)
{
    size_t size = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (c[0] < 0x20 || c[0] == 0x7f || c[0] > 0xf4 || (c[0] == 0xe0 && c[1] < 0xa0) ||
        (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xef && c[1] == 0xbf) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0;
    for (size_t i = 1; i < size; i++)
        if (c[i] < 0x80 || c[i] > 0xbf)
            return 0;
    return size;
}

/* Add at most `most` letters of what came from elsewhere. */
static void add_words(struct text *text, const char *words, size_t most)
{
    size_t letters = 0;
    for (const char *c = words; *c != '\0'; letters++) {
        size_t size = letter_size((const unsigned char *)c);
        if (letters == most) {
            text_add(text, "…");
            return;
        }
        if (size == 0)
            text_add(text, "?");
        else if (strchr("<>&\"'", *c) != NULL)
            text_addf(text, "&#%d;", *c);
        else
            text_add_bytes(text, c, size);
        c += size > 0 ? size : 1;
    }
}

static size_t count_letters(const char *words, size_t most)
{
    size_t letters = 0;
    for (const char *c = words; *c != '\0' && letters < most; c++)
        letters += ((unsigned char)*c & 0xc0) != 0x80;
    return letters;
}

/* ---------------------------------------------------------------- marks with labels */

/* How far each row of labels is filled. */
struct rows {
    double end[LABEL_ROWS];
    size_t count;
};

/* The row in which a label from x on has room; -1: in none. */
static int find_row(struct rows *rows, double x, double width)
{
    for (size_t i = 0; i < rows->count; i++)
        if (x >= rows->end[i]) {
            rows->end[i] = x + width;
            return (int)i;
        }
    return -1;
}

/* `label_y` is the foot of the lowest row. */
static void add_mark(struct panel *panel, const char *kind, double at_s, const char *words,
                     struct rows *rows, double label_y)
{
    struct text *text = panel->text;
    double x = x_of(panel->plot, at_s);
    double width = LETTER * (double)(count_letters(words, LABEL_LETTERS) + 2);
    double from = fmin(x + 3, LEFT + WIDTH + RIGHT - width);
    int row = find_row(rows, from, width);
    text_addf(text, "<g class=\"%s\"><title>%.3f s: ", kind, at_s);
    add_words(text, words, SIZE_MAX);
    text_addf(text, "</title><line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
              panel->top, x, panel->top + PANEL);
    if (row >= 0) {
        text_addf(text, "<text x=\"%.1f\" y=\"%.1f\">", from, label_y - row * LABEL_HEIGHT);
        add_words(text, words, LABEL_LETTERS);
        text_add(text, "</text>");
    }
    text_add(text, "</g>\n");
}

/* The labels of the world's events stand above the first panel, its lines in all. */
static void add_events(struct panel *panel, bool labels)
{
    const struct marks *marks = panel->plot->marks;
    struct rows rows = {.count = labels ? LABEL_ROWS : 0};
    for (size_t i = 0; i < marks->count; i++)
        add_mark(panel, "event", marks->items[i].at_s, marks->items[i].text, &rows,
                 panel->top - 18);
}

static void add_steps(struct panel *panel)
{
    const struct track *track = panel->curve->track;
    struct rows rows = {.count = 2};
    for (size_t i = 0; i < track->kept_count; i++) {
        char words[64], label[SCALE_LABEL];
        snprintf(words, sizeof words, "step %s", scale_label(track->kept[i].by_s, label));
        add_mark(panel, "step", track->kept[i].at_s, words, &rows, panel->top + PANEL - 6);
    }
}

/* ---------------------------------------------------------------- curves */

/* One strip from `from` to before `to`: all these columns have a bound. */
static void add_band(struct panel *panel, size_t from, size_t to)
{
    const struct track_column *columns = panel->curve->track->columns;
    text_add(panel->text, "<path class=\"band\" d=\"");
    for (size_t i = from; i < to; i++)
        text_addf(panel->text, "%s%.1f,%.1f", i == from ? "M" : "L",
                  x_of(panel->plot, columns[i].from_s), y_of(panel, columns[i].bound_s));
    for (size_t i = to; i-- > from;)
        text_addf(panel->text, "L%.1f,%.1f", x_of(panel->plot, columns[i].to_s),
                  y_of(panel, -columns[i].bound_s));
    text_add(panel->text, "Z\"/>\n");
}

static void add_bands(struct panel *panel)
{
    const struct track *track = panel->curve->track;
    for (size_t i = 0, from = 0; i <= track->count; i++)
        if (i == track->count || track->columns[i].bound_s < 0) {
            if (i > from)
                add_band(panel, from, i);
            from = i + 1;
        }
}

/* From the least to the most of each column, where paper shows the difference. */
static void add_error(struct panel *panel)
{
    const struct track *track = panel->curve->track;
    text_add(panel->text, "<path class=\"error\" d=\"");
    for (size_t i = 0; i < track->count; i++) {
        const struct track_column *column = &track->columns[i];
        double low = y_of(panel, column->least_s), high = y_of(panel, column->most_s);
        text_addf(panel->text, "%s%.1f,%.1f", i == 0 ? "M" : "L",
                  x_of(panel->plot, (column->from_s + column->to_s) / 2), low);
        if (low - high >= 0.1)
            text_addf(panel->text, "V%.1f", high);
    }
    text_add(panel->text, "\"/>\n");
}

/* Where the bound was wrong, the foot of the panel says so. */
static void add_wrong(struct panel *panel)
{
    const struct track *track = panel->curve->track;
    for (size_t i = 0; i < track->count; i++) {
        const struct track_column *column = &track->columns[i];
        double x = x_of(panel->plot, column->wrong_from_s);
        if (column->outside > 0)
            text_addf(panel->text,
                      "<rect class=\"wrong\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"4\"/>\n",
                      x, panel->top + PANEL - 4.0,
                      fmax(x_of(panel->plot, column->wrong_to_s) - x, 1));
    }
}

/* ---------------------------------------------------------------- axes */

static void add_error_axis(struct panel *panel)
{
    struct scale_ticks ticks;
    scale_error_ticks(&panel->scale, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        double y = y_of(panel, ticks.items[i].value);
        text_addf(panel->text,
                  "<line class=\"%s\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
                  "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                  i == 0 ? "zero" : "grid", LEFT, y, LEFT + WIDTH, y, LEFT - 6, y + 4,
                  ticks.items[i].label);
    }
}

static void add_time_axis(struct panel *panel)
{
    struct scale_ticks ticks;
    const char *unit = scale_time_ticks(panel->plot->duration_s, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        double x = x_of(panel->plot, ticks.items[i].value);
        text_addf(panel->text,
                  "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
                  "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                  x, panel->top, x, panel->top + PANEL, x, panel->top + PANEL + 15,
                  ticks.items[i].label);
    }
    text_addf(panel->text, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">true time (%s)</text>\n",
              LEFT + WIDTH, panel->top + PANEL + 29, unit);
}

static void add_frame(struct panel *panel)
{
    struct text *text = panel->text;
    text_addf(text,
              "<rect class=\"frame\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n"
              "<text class=\"name\" x=\"%d\" y=\"%.1f\">",
              LEFT, panel->top, WIDTH, PANEL, LEFT, panel->top - 5);
    add_words(text, panel->curve->name, 60);
    text_addf(text,
              "</text>\n<text transform=\"translate(14,%.1f) rotate(-90)\" text-anchor=\"middle\">"
              "error%s</text>\n",
              panel->top + PANEL / 2.0, panel->scale.unit_s > 0 ? " (asinh scale)" : "");
}

/* ---------------------------------------------------------------- the whole */

static void add_panel(const struct plot *plot, size_t index, double top, struct text *text)
{
    const struct plot_curve *curve = &plot->curves[index];
    struct panel panel = {plot, curve, scale_fit(curve->track), top, text};
    text_add(text, "<g class=\"panel\">\n");
    add_error_axis(&panel);
    add_time_axis(&panel);
    add_bands(&panel);
    add_error(&panel);
    add_wrong(&panel);
    add_frame(&panel);
    add_steps(&panel);
    add_events(&panel, index == 0);
    text_add(text, "</g>\n");
}

static void add_head(const struct plot *plot, struct text *text)
{
    text_addf(text, "<text class=\"title\" x=\"%d\" y=\"24\">", LEFT);
    add_words(text, plot->title, 90);
    if (plot->marks->dropped > 0)
        text_addf(text, "; %" PRIu64 " events more are not drawn", plot->marks->dropped);
    text_addf(text,
              "</text>\n<path class=\"error\" d=\"M%d,40h20\"/><text x=\"%d\" y=\"44\">true error "
              "of the system clock</text>\n<rect class=\"band\" x=\"%d\" y=\"35\" width=\"20\" "
              "height=\"10\"/><text x=\"%d\" y=\"44\">± bound claimed of the estimate</text>\n"
              "<rect class=\"wrong\" x=\"%d\" y=\"38\" width=\"20\" height=\"4\"/>"
              "<text x=\"%d\" y=\"44\">the bound was wrong</text>\n",
              LEFT, LEFT + 26, LEFT + 230, LEFT + 256, LEFT + 480, LEFT + 506);
}

void plot_svg(const struct plot *plot, struct text *text)
{
    double labels = plot->marks->count > 0 ? LABEL_ROWS * LABEL_HEIGHT : 0;
    double top = HEAD + labels + 20;
    int width = LEFT + WIDTH + RIGHT;
    int height = (int)top + (PANEL + FOOT) * (int)plot->count;
    text_addf(text,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
              "height=\"%d\">\n%s<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n",
              width, height, width, height, style, width, height);
    add_head(plot, text);
    for (size_t i = 0; i < plot->count; i++)
        add_panel(plot, i, top + (PANEL + FOOT) * (double)i, text);
    text_add(text, "</svg>\n");
}
