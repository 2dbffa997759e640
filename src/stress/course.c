#include "stress/course.h"

static void join_neighbours(clp_course *course) {
    course->count /= 2;
    course->span *= 2;
    for (size_t i = 0; i < course->count; i++) {
        course->points[i] = (course->points[2 * i] + course->points[2 * i + 1]) / 2;
    }
}

void clp_course_add(clp_course *course, double value) {
    if (course->values == 0) {
        course->span = 1;
        course->least = course->most = value;
    }
    if (course->values < CLP_COURSE_FIRST) {
        course->first[course->values] = value;
    }
    course->values++;
    course->last = value;
    course->least = value < course->least ? value : course->least;
    course->most = value > course->most ? value : course->most;
    if (course->count == CLP_COURSE_POINTS) {
        join_neighbours(course);
    }
    course->begun += value;
    if (course->values % course->span == 0) {
        course->points[course->count++] = course->begun / (double)course->span;
        course->begun = 0;
    }
}
