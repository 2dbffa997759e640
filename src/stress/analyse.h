/** What an experiment says, as a document. */
#ifndef CLP_STRESS_ANALYSE_H
#define CLP_STRESS_ANALYSE_H

#include "stress/document.h"
#include "stress/experiment.h"

void clp_analyse_write(clp_document *document, const clp_experiment *experiment);

/* hotspots.c: where the working time of a run goes */
/** The parts of one run, with what a faster one would save of it. */
void clp_hotspots_table(clp_document *document, const clp_trial *trial);
/** The device's commands of one run. */
void clp_hotspots_kernels(clp_document *document, const clp_trial *trial);
/** The parts of two runs side by side. */
void clp_hotspots_change(clp_document *document, const clp_trial *before, const clp_trial *after);
/** The working time of every step, by parts, as a chart. */
void clp_hotspots_chart(clp_document *document, const clp_experiment *experiment);
/** The part on which most time was worked; NULL if none was. */
const clp_part *clp_hotspots_most(const clp_trial *trial);

#endif
