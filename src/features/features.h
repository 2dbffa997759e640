/** What a picture looks like, in numbers: from the sums that a device has made of it, small. All
 * arithmetic is in a fixed order in doubles; docs/features.md has the definitions. */
#ifndef CLP_FEATURES_FEATURES_H
#define CLP_FEATURES_FEATURES_H

#include "core/image.h"

typedef enum clp_feature {
#define FEATURE(identifier, name) CLP_FEATURE_##identifier,
#include "features/features.def"
#undef FEATURE
    CLP_FEATURE_COUNT
} clp_feature;

/** Changes with the definitions: numbers of different versions are not compared. */
enum { CLP_FEATURES_VERSION = 1 };

enum { CLP_FEATURE_COLOURS = 5, CLP_FEATURE_BINS = 16, CLP_THUMBHASH_BYTES = 25 };

typedef struct clp_dominant {
    uint8_t red, green, blue;
    double share; /**< of the picture's area */
} clp_dominant;

typedef struct clp_features {
    double values[CLP_FEATURE_COUNT];          /**< by clp_feature; NAN where there is none */
    double histogram[CLP_FEATURE_BINS];        /**< shares of luma, 16 levels each */
    clp_dominant colours[CLP_FEATURE_COLOURS]; /**< the greatest share first */
    uint32_t colour_count;
    uint64_t hash; /**< perceptual: similar pictures differ in few bits */
    uint8_t thumb[CLP_THUMBHASH_BYTES];
    uint32_t thumb_size;
} clp_features;

/** The picture that features are of, as a pipeline of operations. */
extern const char clp_features_pipeline[];

/** Makes features of a picture's sums, which lie as core/feature_sums.h says. `picture`: what was
 * summed; `sums`: how the sums lie. */
void clp_features_make(clp_features *features, const clp_layout *picture, const clp_layout *sums,
                       const uint8_t *base);

/* hashes.c: of 32 x 32 means, row by row, in levels from 0 to 255. */
uint64_t clp_features_hash(const double *luma);
/** `colours`: red, green and blue of each. Returns how many bytes the hash has. */
uint32_t clp_features_thumb(const double (*colours)[3], uint32_t width, uint32_t height,
                            uint8_t thumb[CLP_THUMBHASH_BYTES]);

#endif
