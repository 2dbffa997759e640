/** Findings that are not on time: memory, and what the record itself lacks. */
#include <math.h>
#include <string.h>

#include "report/findings_make.h"

void clp_findings_on_memory(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    int largest = 0;
    for (int i = 1; i < CLP_MEMORY_SITE_COUNT; i++) {
        if (profile->memory[i].peak > profile->memory[largest].peak) {
            largest = i;
        }
    }
    const char *unified = clp_profile_fact_value(profile, CLP_FACT_UNIFIED);
    bool shared = unified && strcmp(unified, "yes") == 0;
    double device = (double)profile->gauges[CLP_GAUGE_DEVICE_BYTES].peak;
    double host = (double)profile->gauges[CLP_GAUGE_HOST_BYTES].peak;
    double rest = (double)profile->peak_resident - host - (shared ? device : 0);
    if (profile->memory[largest].peak == 0) {
        return;
    }
    words w;
    char buffers[120] = "";
    if (device > 0) {
        SAY(buffers, ", at most %s buffers for device and pictures%s", clp_unit_bytes(w.c, device),
            shared ? "" : " on the device");
    }
    clp_finding *finding = clp_finding_add(findings, "memory", 0);
    finding->memory = true;
    SAY(finding->text,
        "The process held at most %s: at least %s of it program, libraries and the OpenCL driver "
        "with its compiler%s, at most %s taken by clproc, most of that \"%s\" with %s.",
        clp_unit_bytes(w.a, (double)profile->peak_resident), clp_unit_bytes(w.b, fmax(0, rest)),
        buffers, clp_unit_bytes(w.d, fmax(host, (double)profile->memory[largest].peak)),
        clp_memory_site_name((clp_memory_site)largest),
        clp_unit_bytes(w.e, (double)profile->memory[largest].peak));
    SAY(finding->evidence, "peaks at different times; a smaller --memory or --batch holds less");
}

/** What a run did on purpose, to be measured, is no news; that it did must not be overlooked. */
void clp_findings_on_strategy(clp_findings *findings, const clp_analysis *analysis) {
    const char *strategy = clp_profile_fact_value(analysis->profile, CLP_FACT_STRATEGY);
    if (!strategy || strcmp(strategy, "default") == 0) {
        return;
    }
    clp_finding *finding = clp_finding_add(findings, "strategy", 0);
    SAY(finding->text,
        "Optimisations were left out by --strategy: needless conversions to RGB and back, copies, "
        "passes or opens in this profile come from that.");
    SAY(finding->evidence, "strategy %.200s; clproc analyse measures what each is worth", strategy);
}

void clp_findings_on_record(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    if (profile->lost) {
        clp_finding *finding = clp_finding_add(findings, "lost-records", 0);
        SAY(finding->text,
            "%llu records are missing (memory was short, or spans nested too deep): "
            "sums are too small by them.",
            (unsigned long long)profile->lost);
        SAY(finding->evidence, "%llu commands and %zu threads are there",
            (unsigned long long)analysis->command_calls, profile->thread_count);
    }
    char kept[CLP_KEPT_SIZE];
    if (*clp_analysis_kept(analysis, kept)) {
        clp_finding *finding = clp_finding_add(findings, "kept-in-part", 0);
        SAY(finding->text, "%s", kept);
        SAY(finding->evidence, "timelines, traces and lanes end there");
    }
    const char *untimed = clp_profile_fact_value(profile, CLP_FACT_UNTIMED);
    if (untimed) {
        clp_finding *finding = clp_finding_add(findings, "no-command-times", 0);
        SAY(finding->text,
            "The device tells no times of its commands: what it did is not in this profile, and "
            "its share of the run is unknown.");
        SAY(finding->evidence, "%s", untimed);
    }
    if (profile->repaired) {
        clp_finding *finding = clp_finding_add(findings, "driver-clock", 0);
        SAY(finding->text,
            "The driver gave %llu of %llu commands times out of order; their queue delays are not "
            "to be trusted.",
            (unsigned long long)profile->repaired, (unsigned long long)analysis->command_calls);
    }
}
