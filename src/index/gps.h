/** EXIF's position and its time, which are put together of several tags. */
#ifndef CLP_INDEX_GPS_H
#define CLP_INDEX_GPS_H

#include "index/row.h"
#include "meta/tiff.h"

/** Zero-initialise. */
typedef struct clp_gps {
    char latitude_ref, longitude_ref; /**< capital letters; 0: not told */
    bool has_latitude, has_longitude, has_altitude, has_time, below_sea;
    double latitude, longitude; /**< degrees, without the sign that the letters tell */
    double altitude;            /**< metres */
    double time[3];             /**< hours, minutes, seconds; UTC */
    char date[12];
} clp_gps;

/** Takes one of the tags 1 to 7 and 0x1D of the GPS directory. */
void clp_gps_take(clp_gps *gps, const clp_tiff_tag *tag);
/** Fills in the fields; what is not valid becomes the row's warning. */
void clp_gps_put(const clp_gps *gps, clp_row *row);

#endif
