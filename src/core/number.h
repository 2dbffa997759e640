/** The one way to read numbers that people write. */
#ifndef CLP_CORE_NUMBER_H
#define CLP_CORE_NUMBER_H

#include <stddef.h>

/** Reads a decimal number: a sign, digits, a point, an exponent; no other base, no "inf", whatever
 * the locale. Returns the text behind it, NULL if there is none or it is out of range. */
const char *clp_number_read(const char *text, double *number);

/** How many of the first characters of a text fit a form such as "dd:dd": 'd' is any digit, all
 * else stands for itself. */
size_t clp_number_fits(const char *text, const char *form);

#endif
