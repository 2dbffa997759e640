/** A figure of each iteration, of however many, in bounded room: as means of so many in a row. */
#ifndef CLP_STRESS_COURSE_H
#define CLP_STRESS_COURSE_H

#include <stddef.h>
#include <stdint.h>

/** When there are so many means, neighbours become one, and each is of twice as many iterations. */
#define CLP_COURSE_POINTS 1024
#define CLP_COURSE_FIRST 4

/** Zero-initialise. */
typedef struct clp_course {
    double points[CLP_COURSE_POINTS]; /**< means of `span` values each */
    size_t count;
    uint64_t span;
    double begun;                   /**< sum of the values that are not in `points` yet */
    uint64_t values;                /**< of all iterations */
    double first[CLP_COURSE_FIRST]; /**< the first of them as they are */
    double last, least, most;
} clp_course;

void clp_course_add(clp_course *course, double value);

#endif
