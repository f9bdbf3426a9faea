/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/human.h>
#include <math.h>

struct unit {
    double below_s; /* magnitudes below this, with rounding, are told in the unit */
    double size_s;
    const char *name;
    int decimals;
};

static const struct unit units[] = {
    {9999.5e-9, 1e-9, "ns", 0},     {9999.5e-6, 1e-6, "us", 0},
    {9999.5e-3, 1e-3, "ms", 0},     {999.95, 1, "s", 1},
    {99999.5, 1, "s", 0},           {99999.5 * 60, 60, "m", 0},
    {99999.5 * 3600, 3600, "h", 0},
};

static const char *interval(double value_s, const char *format, char text[HUMAN_MAX])
{
    if (!isfinite(value_s)) {
        snprintf(text, HUMAN_MAX, "-");
        return text;
    }
    struct unit unit = {INFINITY, 86400, "d", 0};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (fabs(value_s) < units[i].below_s) {
            unit = units[i];
            break;
        }
    }
    double amount = value_s / unit.size_s;
    if (fabs(amount) < 1e9)
        snprintf(text, HUMAN_MAX, format, unit.decimals, amount, unit.name);
    else
        snprintf(text, HUMAN_MAX, "%.2g%s", amount, unit.name);
    return text;
}

const char *human_interval(double interval_s, char text[HUMAN_MAX])
{
    return interval(fabs(interval_s), "%.*f%s", text);
}

const char *human_signed(double interval_s, char text[HUMAN_MAX])
{
    return interval(interval_s, "%+.*f%s", text);
}

const char *human_age(double age_s, char text[HUMAN_MAX])
{
    if (!isfinite(age_s) || age_s < 0)
        snprintf(text, HUMAN_MAX, "-");
    else if (age_s <= 1024)
        snprintf(text, HUMAN_MAX, "%.0f", age_s);
    else if (age_s <= 36000)
        snprintf(text, HUMAN_MAX, "%.0fm", age_s / 60);
    else if (age_s <= 345600)
        snprintf(text, HUMAN_MAX, "%.0fh", age_s / 3600);
    else if (age_s < 1e9)
        snprintf(text, HUMAN_MAX, "%.0fd", age_s / 86400);
    else
        snprintf(text, HUMAN_MAX, "-");
    return text;
}

void human_put(FILE *out, const char *words)
{
    for (const char *c = words; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        unsigned char next = (unsigned char)c[1];
        if (byte < 0x20 || byte == 0x7f) {
            fputc('?', out);
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            fputc('?', out); /* the controls beyond ASCII, U+0080 … U+009F */
            c++;
        } else {
            fputc(byte, out);
        }
    }
}
