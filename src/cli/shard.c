#include "shard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/** More shards than anybody has machines. */
enum { MOST = 1000000 };

/** How those who start many processes tell each which it is, by environment variables. */
typedef struct launcher {
    const char *rank;
    const char *count;        /**< NULL: it does not tell how many there are */
    const char *first, *step; /**< of ranks that need not be 0, 1, 2, …; else NULL */
    const char *sign;         /**< without it `rank` says nothing; NULL: there is none */
} launcher;

/** Tasks of a job, each started on its own. */
static const launcher tasks[] = {
    {.rank = "SLURM_ARRAY_TASK_ID",
     .count = "SLURM_ARRAY_TASK_COUNT",
     .first = "SLURM_ARRAY_TASK_MIN",
     .step = "SLURM_ARRAY_TASK_STEP"},
    {.rank = "JOB_COMPLETION_INDEX"}, /* Kubernetes */
};

/** Processes that were started together, by mpirun or srun: those nearest to the process first,
 * since mpirun may start its processes through srun. A batch script of Slurm has SLURM_PROCID, too,
 * though it is the only process that runs. */
static const launcher processes[] = {
    {.rank = "OMPI_COMM_WORLD_RANK", .count = "OMPI_COMM_WORLD_SIZE"},
    {.rank = "PMI_RANK", .count = "PMI_SIZE"},
    {.rank = "SLURM_PROCID", .count = "SLURM_STEP_NUM_TASKS", .sign = "SLURM_STEP_NUM_TASKS"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/** A whole number up to a billion. NULL: `text` does not begin with one. */
static const char *read_whole(const char *text, uint64_t *number) {
    size_t length = strspn(text, "0123456789");
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        *number = *number * 10 + (uint64_t)(text[i] - '0');
    }
    return length > 0 && length <= 9 ? text + length : NULL;
}

static int read_variable(const char *name, uint64_t *number) {
    const char *value = getenv(name);
    const char *end = value ? read_whole(value, number) : NULL;
    return end && !*end ? CLP_EXIT_OK
           : value      ? clp_cli_usage_error("--shard auto: %s is '%s', no whole number; give "
                                                   "--shard I/N",
                                              name, value)
                   : clp_cli_usage_error("--shard auto: %s is not set; give --shard I/N", name);
}

/** The first that has started this process; NULL if none has. */
static const launcher *find(const launcher *launchers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const launcher *one = &launchers[i];
        if (getenv(one->rank) && (!one->sign || getenv(one->sign))) {
            return one;
        }
    }
    return NULL;
}

/** `*rank` from 0. `*count` stays as it is where the launcher does not tell it. */
static int ask(const launcher *from, uint64_t *rank, uint64_t *count) {
    uint64_t first = 0, step = 1;
    int code = read_variable(from->rank, rank);
    if (code == CLP_EXIT_OK && from->count) {
        code = read_variable(from->count, count);
    }
    if (code == CLP_EXIT_OK && from->first) {
        code = read_variable(from->first, &first);
    }
    if (code == CLP_EXIT_OK && from->step) {
        code = read_variable(from->step, &step);
    }
    if (code != CLP_EXIT_OK) {
        return code;
    }
    bool regular = step > 0 && *rank >= first && (*rank - first) % step == 0;
    uint64_t place = regular ? (*rank - first) / step : 0;
    if (!regular || place >= *count) {
        return clp_cli_usage_error(
            "--shard auto: %s=%" PRIu64 " is not among %" PRIu64 " tasks%s; give --shard I/N",
            from->rank, *rank, *count, from->first ? ", as if the array had gaps" : "");
    }
    *rank = place;
    return CLP_EXIT_OK;
}

/** `asked`: how many shards there are to be; 0: as many as there are processes. */
static int ask_environment(uint64_t asked, uint64_t *shard, uint64_t *shards) {
    const launcher *outer = find(tasks, COUNT(tasks)), *inner = find(processes, COUNT(processes));
    uint64_t task = 0, task_count = 1, process = 0, process_count = 1;
    int code = CLP_EXIT_OK;
    if (!outer && !inner) {
        return clp_cli_usage_error(
            "--shard auto: nothing in the environment says which part this is: none of "
            "SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, OMPI_COMM_WORLD_RANK, PMI_RANK, or "
            "SLURM_PROCID of srun; give --shard I/N");
    }
    if (inner) {
        code = ask(inner, &process, &process_count);
    }
    if (code == CLP_EXIT_OK && outer && !outer->count && asked == 0) {
        return clp_cli_usage_error("--shard auto: %s does not tell of how many; give their number, "
                                   "as --shard auto/8",
                                   outer->rank);
    }
    if (code == CLP_EXIT_OK && outer) {
        task_count = asked / process_count;
        code = ask(outer, &task, &task_count);
    }
    if (code != CLP_EXIT_OK) {
        return code;
    }
    *shard = task * process_count + process + 1;
    *shards = task_count * process_count;
    /* Tasks that are started again by themselves count anew: the parts would be others. */
    if (asked && *shards != asked) {
        return clp_cli_usage_error(
            "--shard auto/%" PRIu64 ": there are %" PRIu64
            " processes; start as many as shards, or give --shard I/%" PRIu64,
            asked, *shards, asked);
    }
    return CLP_EXIT_OK;
}

int clp_cli_shard(const char *text, uint32_t *shard, uint32_t *shards) {
    uint64_t part = 0, parts = 0;
    int code = CLP_EXIT_OK;
    if (!text) {
        return code;
    }
    bool automatic = strncmp(text, "auto", 4) == 0;
    const char *rest = automatic ? text + 4 : read_whole(text, &part);
    bool counted = rest && *rest == '/';
    rest = counted ? read_whole(rest + 1, &parts) : automatic ? rest : NULL;
    bool valid = rest && !*rest && parts <= MOST && (counted ? parts >= 1 : true) &&
                 (automatic || (part >= 1 && part <= parts));
    if (!valid) {
        return clp_cli_usage_error("--shard %s: must be I/N, part I from 1 to N, as 2/8, or auto, "
                                   "or auto/N",
                                   text);
    }
    if (automatic) {
        code = ask_environment(parts, &part, &parts);
    }
    if (code == CLP_EXIT_OK && parts > MOST) {
        code = clp_cli_usage_error("--shard %s: %" PRIu64 " parts; at most %d", text, parts, MOST);
    }
    if (code == CLP_EXIT_OK) {
        *shard = (uint32_t)part;
        *shards = (uint32_t)parts;
    }
    return code;
}
