/** Pictures on which a device's JPEG codec must agree with the linked libjpeg before it is used. */
#ifndef CLP_CODEC_JPEG_SCAN_TRIAL_H
#define CLP_CODEC_JPEG_SCAN_TRIAL_H

#include "core/error.h"
#include "core/jpeg_trial.h"

/** Makes them: noise and extremes, a few hundred blocks each, whole and shrunk. Free them, also
 * after a failure. */
clproc_status clp_jpeg_trials_make(clp_jpeg_trial trials[CLP_JPEG_TRIALS], clproc_error *error);
void clp_jpeg_trials_free(clp_jpeg_trial trials[CLP_JPEG_TRIALS]);

#endif
