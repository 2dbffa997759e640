/* EXIF's position and its time. */
#include "index/gps.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

/** Degrees, minutes and seconds, of which the last ones may be missing. */
static bool degrees(const clp_tiff_tag *tag, double *value) {
    double part;
    *value = 0;
    for (uint32_t i = 0; i < 3; i++) {
        static const double units[] = {1, 60, 3600};
        if (clp_tiff_number(tag, i, &part)) {
            *value += part / units[i];
        } else if (i == 0) {
            return false;
        }
    }
    return true;
}

void clp_gps_take(clp_gps *gps, const clp_tiff_tag *tag) {
    double number;
    bool bytes = tag->type == CLP_TIFF_ASCII || tag->type == CLP_TIFF_UNDEFINED ||
                 tag->type == CLP_TIFF_BYTE;
    char letter = bytes && tag->size > 0 ? (char)toupper(tag->data[0]) : 0;
    switch (tag->tag) {
    case 0x0001:
        gps->latitude_ref = letter;
        break;
    case 0x0002:
        gps->has_latitude = degrees(tag, &gps->latitude);
        break;
    case 0x0003:
        gps->longitude_ref = letter;
        break;
    case 0x0004:
        gps->has_longitude = degrees(tag, &gps->longitude);
        break;
    case 0x0005:
        gps->below_sea = clp_tiff_number(tag, 0, &number) && (number == 1 || number == 3);
        break;
    case 0x0006:
        gps->has_altitude = clp_tiff_number(tag, 0, &gps->altitude);
        break;
    case 0x0007:
        gps->has_time = clp_tiff_number(tag, 0, &gps->time[0]) &&
                        clp_tiff_number(tag, 1, &gps->time[1]) &&
                        clp_tiff_number(tag, 2, &gps->time[2]);
        break;
    default:
        snprintf(gps->date, sizeof gps->date, "%.*s", (int)(tag->size < 10 ? tag->size : 10),
                 (const char *)tag->data);
        break;
    }
}

static bool is_whole(double number) {
    return number == floor(number);
}

static double nanoseconds(double seconds) {
    return floor(seconds * 1e9 + 0.5) * 1e-9;
}

/** Hours and minutes may have fractions, which are minutes and seconds. */
static void put_time(clp_row *row, const char *date, double hours, double minutes, double seconds) {
    char text[64], printed[32];
    if (!is_whole(hours) || !is_whole(minutes)) {
        double whole = nanoseconds(hours * 3600 + minutes * 60 + seconds);
        hours = floor(whole / 3600);
        minutes = floor((whole - hours * 3600) / 60);
        seconds = nanoseconds(whole - hours * 3600 - minutes * 60);
    }
    clp_cell value = {.kind = CLP_CELL_REAL, .real = seconds};
    clp_number_print(&value, printed, sizeof printed);
    snprintf(text, sizeof text, "%s %02d:%02d:%s%sZ", date, (int)hours, (int)minutes,
             seconds < 10 ? "0" : "", printed);
    clp_row_string(row, CLP_FIELD_GPS_DATE_TIME, CLP_RANK_EXIF, text);
}

void clp_gps_put(const clp_gps *gps, clp_row *row) {
    if (gps->has_latitude && fabs(gps->latitude) <= 90) {
        clp_row_number(row, CLP_FIELD_GPS_LATITUDE, CLP_RANK_EXIF,
                       gps->latitude_ref == 'S' ? -gps->latitude : gps->latitude);
    }
    if (gps->has_longitude && fabs(gps->longitude) <= 180) {
        clp_row_number(row, CLP_FIELD_GPS_LONGITUDE, CLP_RANK_EXIF,
                       gps->longitude_ref == 'W' ? -gps->longitude : gps->longitude);
    }
    if ((gps->has_latitude && fabs(gps->latitude) > 90) ||
        (gps->has_longitude && fabs(gps->longitude) > 180)) {
        clp_row_warn(row, "GPS: the position is not on earth: left out");
    }
    if ((gps->has_latitude && gps->latitude_ref != 'N' && gps->latitude_ref != 'S') ||
        (gps->has_longitude && gps->longitude_ref != 'E' && gps->longitude_ref != 'W')) {
        clp_row_warn(row, "GPS: does not tell north or south, or east or west: taken for north "
                          "and east");
    }
    if (gps->has_altitude) {
        clp_row_number(row, CLP_FIELD_GPS_ALTITUDE, CLP_RANK_EXIF,
                       gps->below_sea ? -gps->altitude : gps->altitude);
    }
    bool sound = gps->has_time && gps->time[0] >= 0 && gps->time[0] < 25 && gps->time[1] >= 0 &&
                 gps->time[1] < 60 && gps->time[2] >= 0 && gps->time[2] < 61;
    if (sound && gps->date[0]) {
        put_time(row, gps->date, gps->time[0], gps->time[1], gps->time[2]);
    } else if (gps->has_time && !sound) {
        clp_row_warn(row, "GPS: the time is not valid: left out");
    }
}
