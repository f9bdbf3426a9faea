/* SPDX-License-Identifier: Apache-2.0 */

/* What a bank believes before its first measurement, where an earlier one has left something. */

#include <math.h>
#include <pipeline/bank_internal.h>

/* It may be another oscillator by now, or elsewhere: this share of the belief is that of who knows
 * nothing. */
#define OTHERWISE 0.5

void bank_recall(struct bank *bank, const struct oscillator_statistics *statistics)
{
    double sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        sum += statistics->weight[k];
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        double learnt = statistics->weight[k] / sum;
        bank->prior_weight[k] = (1 - OTHERWISE) * learnt + OTHERWISE * bank->prior_weight[k];
        bank->prior_score[k] = log(bank->prior_weight[k]);
    }
}

void bank_weights(const struct bank *bank, struct oscillator_statistics *statistics)
{
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        statistics->weight[k] = bank->members[k].weight;
}
