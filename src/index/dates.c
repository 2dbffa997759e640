/* EXIF's dates: whether they are any, and each with its fraction and zone. */
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "index/meta.h"

/** What follows the time of day, "07:08:09", in a date; NULL if it has none. */
static const char *behind_time(const char *date) {
    static const char form[] = "dd:dd:dd";
    for (const char *at = strpbrk(date, " T"); at; at = strpbrk(at + 1, " T")) {
        size_t fits = clp_number_fits(at + 1, form);
        if (!form[fits]) {
            return at + 1 + fits;
        }
    }
    return NULL;
}

/** Date, fraction and zone as one text, where there is more than the date. */
static void put_date(clp_row *row, clp_field date, clp_field fraction, clp_field zone,
                     clp_field whole) {
    const char *when = clp_row_get(row, date), *part = clp_row_get(row, fraction),
               *offset = clp_row_get(row, zone);
    const char *rest = behind_time(when);
    size_t digits = rest && *rest != '.' ? strspn(part, "0123456789") : 0;
    bool zoned =
        (offset[0] == '+' || offset[0] == '-') && strlen(offset) == 6 && !strpbrk(when, "+-Z");
    char text[128];
    if (!rest || strlen(when) > 32 || digits > 20 || (digits == 0 && !zoned)) {
        return;
    }
    snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(rest - when), when, digits ? "." : "",
             (int)digits, part, rest, zoned ? offset : "");
    clp_row_string(row, whole, CLP_RANK_EXIF, text);
}

/** A date must begin as one; what is only spaces or zeros says that there is none. */
static void check_date(clp_row *row, clp_field date) {
    const char *text = clp_row_get(row, date);
    bool sound = strlen(text) >= 4;
    for (size_t i = 0; sound && i < 19 && text[i]; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        sound =
            i == 4 || i == 7 || i == 10 || i == 13 || i == 16 ? !digit : digit || text[i] == ' ';
    }
    if (text[0] && !sound) {
        char flaw[64];
        snprintf(flaw, sizeof flaw, "EXIF: %s is no date", clp_field_info(date).name);
        clp_row_warn(row, flaw);
    }
}

void clp_index_dates(clp_row *row) {
    check_date(row, CLP_FIELD_DATE_TIME_ORIGINAL);
    check_date(row, CLP_FIELD_CREATE_DATE);
    check_date(row, CLP_FIELD_MODIFY_DATE);
    put_date(row, CLP_FIELD_DATE_TIME_ORIGINAL, CLP_FIELD_SUBSEC_TIME_ORIGINAL,
             CLP_FIELD_OFFSET_TIME_ORIGINAL, CLP_FIELD_SUBSEC_DATE_TIME_ORIGINAL);
    put_date(row, CLP_FIELD_CREATE_DATE, CLP_FIELD_SUBSEC_TIME_DIGITIZED,
             CLP_FIELD_OFFSET_TIME_DIGITIZED, CLP_FIELD_SUBSEC_CREATE_DATE);
    put_date(row, CLP_FIELD_MODIFY_DATE, CLP_FIELD_SUBSEC_TIME, CLP_FIELD_OFFSET_TIME,
             CLP_FIELD_SUBSEC_MODIFY_DATE);
}
