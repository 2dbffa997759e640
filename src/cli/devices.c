#include <string.h>

#include "cli.h"
#include "devices_bench.h"
#include "text.h"

static void print_json_text(const char *name, const char *value) {
    printf("\"%s\": ", name);
    clp_cli_put_json(stdout, value);
    fputs(", ", stdout);
}

/** Megapixels a second; below 0 for a device that cannot do it, which is told. */
static double bench(const clproc_device_info *device) {
    clproc_error error = {0};
    double megapixels = -1;
    if (!device->usable || clp_cli_bench_device(device, &megapixels, &error) == CLPROC_OK) {
        return megapixels;
    }
    clp_cli_say("%s: cannot be measured: %s", device->name, error.message);
    return -1;
}

static void print_json(const clproc_device_info *list, size_t count, bool benched) {
    puts("[");
    for (size_t i = 0; i < count; i++) {
        double megapixels = benched ? bench(&list[i]) : -1;
        const clproc_device_info *d = &list[i];
        printf("  {\"index\": %d, ", d->index);
        print_json_text("name", d->name);
        print_json_text("type", d->type);
        print_json_text("platform", d->platform);
        print_json_text("vendor", d->vendor);
        print_json_text("version", d->version);
        print_json_text("driver", d->driver);
        print_json_text("uuid", d->uuid);
        printf("\"compute_units\": %u, \"global_memory\": %llu, \"max_allocation\": %llu, "
               "\"local_memory\": %llu, \"max_work_group\": %llu, \"unified_memory\": %s, ",
               d->compute_units, (unsigned long long)d->global_memory,
               (unsigned long long)d->max_allocation, (unsigned long long)d->local_memory,
               (unsigned long long)d->max_work_group, d->unified_memory ? "true" : "false");
        print_json_text("problem", d->problem);
        if (megapixels >= 0) {
            printf("\"megapixels_per_second\": %.6g, ", megapixels);
        }
        printf("\"usable\": %s}%s\n", d->usable ? "true" : "false", i + 1 < count ? "," : "");
    }
    puts("]");
}

static void print_line(const char *label, const char *value) {
    if (value[0]) {
        printf("   %-9s ", label);
        clp_cli_put_text(stdout, value);
        putchar('\n');
    }
}

static void print_text(const clproc_device_info *d, bool benched) {
    printf("%d  %s: ", d->index, d->type);
    clp_cli_put_text(stdout, d->name);
    putchar('\n');
    print_line("platform", d->platform);
    print_line("version", d->version);
    print_line("driver", d->driver);
    print_line("uuid", d->uuid);
    if (d->global_memory > 0) {
        printf("   memory    %.1f GiB%s, %.1f GiB in one buffer, %llu KiB local\n",
               (double)d->global_memory / 0x1p30, d->unified_memory ? " shared with the host" : "",
               (double)d->max_allocation / 0x1p30, (unsigned long long)(d->local_memory / 1024));
    }
    if (d->max_work_group > 0) {
        printf("   compute   %u units, work groups of up to %llu\n", d->compute_units,
               (unsigned long long)d->max_work_group);
    }
    double megapixels = benched ? bench(d) : -1;
    if (megapixels >= 0) {
        printf("   speed     %.*f Mpixels/s through \"%s\"\n", megapixels < 10, megapixels,
               CLP_CLI_BENCH_PIPELINE);
    }
    if (!d->usable) {
        print_line("unusable", d->problem);
    }
}

/** Why a run finds no device. `problem`: what went wrong while devices were looked for, or "". */
static void say_why(const char *problem) {
    clproc_error error = {0};
    clproc_context *context = NULL;
    if (problem[0]) {
        clp_cli_say("%s", problem);
    } else if (clproc_context_create(&context, NULL, &error) != CLPROC_OK) {
        clp_cli_say("%s", error.message);
    }
    clproc_context_destroy(&context);
}

int clp_cli_devices(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_device_info *list = NULL;
    size_t count = 0;
    bool opencl = false;
    if (settings->operand_count > 0) {
        return clp_cli_usage_error("devices takes no operand; see `clproc help devices`");
    }
    if (clproc_devices(&list, &count, &error) != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    for (size_t i = 0; i < count; i++) {
        opencl |= list[i].usable && strcmp(list[i].type, "reference") != 0;
        if (!settings->json) {
            print_text(&list[i], settings->bench);
        }
    }
    if (settings->json) {
        print_json(list, count, settings->bench);
    }
    /* The reference is the last, and tells what went wrong while others were looked for. */
    if (!opencl) {
        say_why(list[count - 1].problem);
    }
    clproc_devices_free(&list);
    return CLP_EXIT_OK;
}
