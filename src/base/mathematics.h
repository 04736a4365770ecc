/* Elementary functions from + - * / and square root alone, which IEEE 754 fixes to the last bit: the same
 * results with every compiler, optimisation level and processor, unlike those of libm. Build without FMA
 * contraction. */
#ifndef CW_BASE_MATHEMATICS_H
#define CW_BASE_MATHEMATICS_H

/* Natural logarithm of a positive, normal x; relative error below 1e-15. */
double cw_log(double x);

/* e to the x; 0 below -745, infinity above 709. Relative error below 1e-15. */
double cw_exp(double x);

/* x to the y for x > 0. */
double cw_power(double x, double y);

/* ln(n!) for n >= 0; absolute error below 1e-10 (exact sums below 16, Stirling's series above). */
double cw_log_factorial(double n);

/* The quantile of the standard normal distribution, 0 < p < 1, to about 16 digits: algorithm AS 241 (PPND16)
 * of M. J. Wichura, Applied Statistics 37 (1988), 477-484. */
double cw_normal_quantile(double p);

#endif
