#include "cli.h"
#include "text.h"

/* Room for the longest pipeline of the table. */
static const int name_width = 48;

static void print_row(const clproc_selftest_row *row, void *user) {
    int *device = user;
    if (row->device->index != *device) {
        printf("%s%d  %s: ", *device < 0 ? "" : "\n", row->device->index, row->device->type);
        clp_cli_put_text(stdout, row->device->name);
        printf("\n   driver ");
        clp_cli_put_text(stdout, row->device->driver);
        printf("\n   %-*s  max |Δ| 8 bit  16 bit  same  \n", name_width, "operation");
        *device = row->device->index;
    }
    printf("   %-*s  %13.3g  %6.3g  %-4s  %s\n", name_width, row->operation, row->largest8,
           row->largest16,
           !row->compared ? "-"
           : row->same    ? "yes"
                          : "no",
           row->passed ? "ok" : "FAILED");
    if (row->problem[0]) {
        printf("      ");
        clp_cli_put_text(stdout, row->problem);
        putchar('\n');
    }
    fflush(stdout);
}

int clp_cli_selftest(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_selftest_result result;
    int device = -1;
    if (settings->operand_count > 0) {
        return clp_cli_usage_error("selftest takes no operand; name a device with --device");
    }
    if (clproc_selftest(settings->run.device, print_row, &device, &result, &error) != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    printf("\n%u of %u rows on %u %s keep the promise, %.1f s\n", result.rows - result.failed,
           result.rows, result.devices, result.devices == 1 ? "device" : "devices", result.seconds);
    return result.failed > 0 ? CLP_EXIT_FAILED : CLP_EXIT_OK;
}
