/** Measuring strategies against each other: naive, each optimisation added to those before it, each
 * alone. */
#ifndef CLP_STRESS_EXPERIMENT_H
#define CLP_STRESS_EXPERIMENT_H

#include "report/analysis.h"

#define CLP_MAX_SWITCHES 16
#define CLP_MAX_ROUNDS 32
/** Fewer cannot tell a difference from luck: of 4 against 4 runs all slower, the chance is 3 %. */
#define CLP_LEAST_ROUNDS 4

/** The runs of one strategy. */
typedef struct clp_trial {
    uint32_t strategy;
    double walls[CLP_MAX_ROUNDS];             /**< seconds, round by round */
    clproc_profile *profiles[CLP_MAX_ROUNDS]; /**< of the same runs */
    double processor;                         /**< seconds of all cores, median */
    double median, least, most;               /**< seconds */
    const clproc_profile *typical;            /**< of the run nearest to the median */
    clp_analysis analysis;                    /**< of that */
} clp_trial;

/** One strategy against another. */
typedef struct clp_gain {
    double ratio;     /**< time after ÷ time before: of the medians */
    double low, high; /**< its 95 % interval */
    double same;      /**< the p-value of the difference */
    bool significant;
} clp_gain;

typedef struct clp_experiment {
    clproc_strategy_info switches[CLP_MAX_SWITCHES];
    size_t switch_count;
    clp_trial trials[2 * CLP_MAX_SWITCHES];
    size_t trial_count;
    size_t rounds;
    size_t images;  /**< of each run */
    size_t offered; /**< pictures there were */
    bool samples;
    double seconds; /**< of all of it */
    char pipeline[512];
} clp_experiment;

/** `trials[0]` is the naive run; the one with the first `count` switches on, and the one with
 * switch `index` alone. */
const clp_trial *clp_experiment_step(const clp_experiment *experiment, size_t count);
const clp_trial *clp_experiment_alone(const clp_experiment *experiment, size_t index);

clp_gain clp_experiment_gain(const clp_experiment *experiment, const clp_trial *before,
                             const clp_trial *after);

/** Plans the trials; nothing is run. */
void clp_experiment_init(clp_experiment *experiment);
/** Runs them, as params say. */
clproc_status clp_experiment_run(clp_experiment *experiment, const clproc_analyse_params *params,
                                 clproc_error *error);
void clp_experiment_free(clp_experiment *experiment);

#endif
