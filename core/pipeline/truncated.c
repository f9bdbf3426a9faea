/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/truncated.h>

/* Beyond so many sigma a normal density is nothing, or, seen from an edge, an exponential. */
#define SIGMAS 6.0
/* An exponential is nothing after so many of its lengths. */
#define LENGTHS 14.0
#define NODES 16
/* Below this product the exponential over the interval is as good as even. */
#define EVEN 1e-3

/* Gauss-Legendre on −1 … 1: the positive nodes, and the weights of both signs. */
static const double nodes[NODES / 2] = {
    0.0950125098376374, 0.2816035507792589, 0.4580167776572274, 0.6178762444026438,
    0.7554044083550030, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499,
};
static const double weights[NODES / 2] = {
    0.1894506104550685, 0.1826034150449236, 0.1691565193950025, 0.1495959888165767,
    0.1246289712555339, 0.0951585116824928, 0.0622535239386479, 0.0271524594117541,
};

/* log of the integral of exp(tilt·w) over −half … half. */
static double log_mass(double half, double tilt)
{
    double a = fabs(tilt) * half;
    if (a < EVEN)
        return log(2 * half);
    return a + log(-expm1(-2 * a)) - log(fabs(tilt));
}

/* exp(−rate·t) on 0 … width: the log of its integral, mean and variance. */
static struct truncated exponential(double rate, double width)
{
    double a = rate * width;
    struct truncated r;
    if (a < EVEN) {
        r.log_evidence = log(width);
        r.mean = width / 2;
        r.variance = width * width / 12;
        return r;
    }
    double q = exp(-a), rest = -expm1(-a);
    r.log_evidence = log(rest / rate);
    r.mean = 1 / rate - width * q / rest;
    r.variance = fmax(1 / (rate * rate) - width * width * q / (rest * rest), 0);
    return r;
}

/* The normal's centre lies so far outside that inside it is an exponential from the near edge. */
static struct truncated from_edge(double mean, double variance, double half, double tilt)
{
    double centre = mean + tilt * variance;
    double edge = centre > 0 ? half : -half;
    struct truncated r = exponential(fabs(centre - edge) / variance, 2 * half);
    double apart = edge - mean;
    r.log_evidence += tilt * edge - apart * apart / (2 * variance);
    r.mean = centre > 0 ? edge - r.mean : edge + r.mean;
    return r;
}

static struct truncated by_quadrature(double mean, double variance, double half, double tilt)
{
    double sd = sqrt(variance), centre = mean + tilt * variance;
    double nearest = fmax(-half, fmin(half, centre)); /* where the density is largest … */
    /* … and from an edge it falls like exp(−t·|centre − edge| / variance), or faster */
    double span = fmin(SIGMAS * sd, LENGTHS * variance / fabs(centre - nearest));
    double above = fmin(span, half - nearest), below = fmin(span, half + nearest);
    double middle = (above - below) / 2, reach = (above + below) / 2; /* from there */
    double top = -(nearest - centre) * (nearest - centre) / (2 * variance);
    double sum = 0, first = 0, second = 0;
    for (int i = 0; i < NODES; i++) {
        double at = reach * (i % 2 == 0 ? nodes[i / 2] : -nodes[i / 2]);
        double apart = middle + at + (nearest - centre);
        double p = weights[i / 2] * exp(-apart * apart / (2 * variance) - top);
        sum += p;
        first += p * at;
        second += p * at * at;
    }
    struct truncated r = {.mean = first / sum};
    r.variance = fmax(second / sum - r.mean * r.mean, 0);
    r.mean += nearest + middle;
    /* exp(tilt·w) times the normal is a normal around `centre`, times this. */
    r.log_evidence = log(sum * reach) + top + tilt * (mean + tilt * variance / 2);
    return r;
}

struct truncated truncated_normal(double mean, double variance, double half, double tilt)
{
    double centre = mean + tilt * variance;
    struct truncated r = fabs(centre) > half + SIGMAS * sqrt(variance)
                             ? from_edge(mean, variance, half, tilt)
                             : by_quadrature(mean, variance, half, tilt);
    r.log_evidence -= log_mass(half, tilt) + 0.5 * log(2 * M_PI * variance);
    return r;
}
