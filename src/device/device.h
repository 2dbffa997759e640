/** Running plans: on an OpenCL device, or on the reference device, the double-precision oracle.
 *
 *  A device is driven by one thread (clp_device_prepare, _submit, _wait). Slots are filled and
 * emptied by any thread, one at a time per slot except where a function says otherwise.
 */
#ifndef CLP_DEVICE_DEVICE_H
#define CLP_DEVICE_DEVICE_H

#include "plan/plan.h"
#include "prof/prof.h"

typedef struct clp_device clp_device;

/** Opens the device that `selection` names (see clproc_context_params), with profiling if `prof` is
 * not NULL. */
clproc_status clp_device_open(clp_device **device, const char *selection, clp_prof *prof,
                              clproc_error *error);
void clp_device_close(clp_device **device);
const clproc_device_info *clp_device_info(const clp_device *device);
/** "" or what the user should know about the choice, as that no GPU was found. */
const char *clp_device_notice(const clp_device *device);
/** Why the device's commands have no times in the profile that wants them, a symbol of OpenCL; NULL
 * if they do. Known once a batch has been awaited. */
const char *clp_device_untimed(const clp_device *device);
/** Batches worth having: the pictures and input bytes of one batch that suit the device. */
void clp_device_batch_size(const clp_device *device, uint32_t *images, uint64_t *bytes);

/** Builds the kernels a plan needs that are not built yet, so that its first batch finds them
 * ready. */
clproc_status clp_device_prepare(clp_device *device, const clp_plan *plan, clp_prof_thread *thread,
                                 clproc_error *error);

/** Keeps binaries of the programs that had to be compiled, for runs to come to start sooner; takes
 * some tenths of a second for each, until `*cancel` is not 0. Nothing that fails is told. */
void clp_device_save_programs(clp_device *device, const volatile int *cancel,
                              clp_prof_thread *thread);

/** The memory of one batch: an arena of decoded input and one of results, both in the host's reach.
 */
typedef struct clp_slot clp_slot;

/** `bytes`: input and results a slot should hold; it grows for a single larger picture. */
clproc_status clp_slot_create(clp_slot **slot, clp_device *device, uint64_t bytes, uint32_t images,
                              clproc_error *error);
void clp_slot_destroy(clp_slot **slot);

/** True if the device can work on pictures of this plan band by band. */
bool clp_device_takes_bands(const clp_device *device, const clp_plan *plan);
/** What a picture takes of a slot, bytes. */
uint64_t clp_slot_share(const clp_plan *plan, bool banded);
/** What a picture takes of the device's scratch, bytes. */
uint64_t clp_slot_scratch(const clp_plan *plan, bool banded);
/** True if a picture of this plan can be added without growing, and all of its pictures are
 * content with `scratch` bytes. An empty slot takes any picture, one with a picture in bands no
 * other. */
bool clp_slot_fits(const clp_slot *slot, const clp_plan *plan, bool banded, uint64_t scratch);
/** Reserves room for a picture and retains its plan. `*index` counts from 0. */
clproc_status clp_slot_add(clp_slot *slot, clp_plan *plan, bool banded, uint32_t *index,
                           clproc_error *error);
/** Where the decoder writes, as plan->input says. Different pictures may be written by different
 * threads. */
uint8_t *clp_slot_input(clp_slot *slot, uint32_t index);
/** The picture failed to decode: nothing is run for it. Different pictures by different threads. */
void clp_slot_drop(clp_slot *slot, uint32_t index);
/** Bytes by which the arenas of an empty slot must grow to hold a picture. */
uint64_t clp_slot_growth(const clp_slot *slot, const clp_plan *plan, bool banded);
/** Input and results an empty slot should hold from now on. */
void clp_slot_want(clp_slot *slot, uint64_t bytes);
/** Bytes the slot's arenas hold. */
uint64_t clp_slot_bytes(const clp_slot *slot);

/** Scratch is what the passes of a batch hand on. True if a slot's needs more than there is. */
bool clp_device_lacks_scratch(const clp_device *device, const clp_slot *slot);
/** Frees it; the next batch takes it anew. With no batch under way. */
void clp_device_drop_scratch(clp_device *device);

/** Enqueues upload, passes and readback of a slot's pictures. `batch` numbers it in profiles. */
clproc_status clp_device_submit(clp_device *device, clp_slot *slot, uint64_t batch,
                                clp_prof_thread *thread, clproc_error *error);
/** Waits until the results are in the host's reach; batches finish in the order of submission. */
clproc_status clp_device_wait(clp_device *device, clp_slot *slot, clproc_error *error);
/** Where the encoder reads (and may overwrite padding), as plan->output says; after
 * clp_device_wait(). */
uint8_t *clp_slot_output(clp_slot *slot, uint32_t index);
/** Empties a slot whose results are no longer needed, for the next batch. By the device's thread or
 * with it idle on this slot. */
clproc_status clp_slot_reset(clp_slot *slot, clproc_error *error);

/** Where the decoder writes a band's source rows, as plan->bands.window says. A band may be written
 * once the one CLP_BAND_WINDOWS before it has been waited for. */
uint8_t *clp_slot_band(clp_slot *slot, uint32_t band);
/** Enqueues the passes of one band of a slot with a picture in bands; band after band. With the
 * last one goes the readback. */
clproc_status clp_device_submit_band(clp_device *device, clp_slot *slot, uint32_t band,
                                     uint64_t batch, clp_prof_thread *thread, clproc_error *error);
/** Waits until a band is through; with the last one the results are in the host's reach. */
clproc_status clp_device_wait_band(clp_device *device, clp_slot *slot, uint32_t band,
                                   clproc_error *error);

/** Runs a plan's terms on one picture in double precision; what the reference device does.
 * `unrounded`, if not NULL, receives each output plane's values before rounding, densely packed
 * plane after plane (clamped to the range). */
clproc_status clp_reference_run(const clp_plan *plan, const uint8_t *input, uint8_t *output,
                                double *unrounded, clproc_error *error);

#endif
