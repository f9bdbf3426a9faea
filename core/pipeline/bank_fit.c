/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/bank_internal.h>
#include <string.h>

/* The bound may fail so often. */
#define BOUND_RISK 2e-4
/* It is known so exactly, and never too small. */
#define BOUND_PRECISION 1e-6

/* The share given to all is a device for tracking, not a belief: it stays out of the moments. */
static void believed(const struct bank *bank, double weights[BANK_MEMBERS])
{
    double sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        sum += weights[k] =
            fmax(bank->members[k].weight - 2 * SHARE * bank->prior_weight[k] - 1e-5, 0);
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        weights[k] /= sum;
}

static void add_spread(const struct bank *bank, struct estimate_fit *fit)
{
    double weights[BANK_MEMBERS];
    believed(bank, weights);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        double dx = member->mean[OFFSET] - fit->offset_s;
        double dy = member->mean[FREQUENCY] - fit->frequency;
        const double *offset = bank_row(bank, member, OFFSET);
        fit->variance += weights[k] * (offset[OFFSET] + dx * dx);
        fit->covariance += weights[k] * (offset[FREQUENCY] + dx * dy);
        fit->frequency_variance +=
            weights[k] * (bank_row(bank, member, FREQUENCY)[FREQUENCY] + dy * dy);
        fit->wander_variance += weights[k] * bank_wander[k] * bank_wander[k];
    }
}

static void mean_of(const struct bank *bank, struct estimate_fit *fit)
{
    memset(fit, 0, sizeof *fit);
    fit->at = bank->at;
    fit->base_ns = bank->base_ns;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        fit->offset_s += bank->members[k].weight * bank->members[k].mean[OFFSET];
        fit->frequency += bank->members[k].weight * bank->members[k].mean[FREQUENCY];
    }
}

void bank_fit(const struct bank *bank, gn_local when, struct estimate_fit *fit)
{
    mean_of(bank, fit);
    add_spread(bank, fit);
    estimate_fit_advance(fit, when);
}

static double variance_after(const struct bank *bank, const struct bank_member *member, double q2,
                             double dt)
{
    const double *offset = bank_row(bank, member, OFFSET);
    double alone = bank_row(bank, member, FREQUENCY)[FREQUENCY];
    double variance = offset[OFFSET] + dt * (2 * offset[FREQUENCY] + dt * alone);
    return fmax(variance, MIN_VARIANCE) + q2 * fabs(dt * dt * dt) / 3;
}

/* erfc, but for what does not count: below 1e-16. It is dear. */
static double tail(double z)
{
    return z > 6 ? 0 : erfc(z);
}

double bank_bound_s(const struct bank *bank, gn_local when)
{
    double weights[BANK_MEMBERS], apart[BANK_MEMBERS], sd[BANK_MEMBERS], low = 0, high = 0;
    double dt = gn_seconds(gn_local_sub(when, bank->at));
    struct estimate_fit fit;
    mean_of(bank, &fit);
    believed(bank, weights);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        apart[k] =
            member->mean[OFFSET] - fit.offset_s + (member->mean[FREQUENCY] - fit.frequency) * dt;
        sd[k] = sqrt(2 * variance_after(bank, member, bank_wander[k] * bank_wander[k], dt));
        if (weights[k] > 0)
            high = fmax(high, fabs(apart[k]) + 4 * sd[k]);
    }
    while (high - low > BOUND_PRECISION * high) {
        double middle = (low + high) / 2, risk = 0;
        for (unsigned k = 0; k < BANK_MEMBERS && risk <= BOUND_RISK; k++)
            if (weights[k] > 0)
                risk += weights[k] / 2 *
                        (tail((middle - apart[k]) / sd[k]) + tail((middle + apart[k]) / sd[k]));
        if (risk > BOUND_RISK)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double bank_growth(const struct bank *bank, double after_s)
{
    const struct bank_member *best = &bank->members[bank_best(bank)];
    double mean_log = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        mean_log += bank->members[k].weight * log(bank_wander[k]);
    double q = exp(mean_log);
    return after_s *
           (2 * bank_row(bank, best, OFFSET)[FREQUENCY] +
            after_s * bank_row(bank, best, FREQUENCY)[FREQUENCY] + q * q * after_s * after_s / 3);
}
