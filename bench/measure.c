/* Runs a command and prints what it took, for scripts on machines that have no such tool:
 *
 *   clproc-measure LOG COMMAND [ARGUMENT...]
 *
 * one line "wall cpu resident status": milliseconds of wall clock and of processor time, most
 * resident memory in KiB, and the exit status (128 + n for signal n). What the command prints is
 * added to LOG. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static double ms(struct timeval time) {
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec * 1e-3;
}

int main(int count, char **arguments) {
    struct rusage usage;
    int log, status;
    if (count < 3) {
        fprintf(stderr, "clproc-measure: needs a log and a command\n");
        return 2;
    }
    log = open(arguments[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0) {
        fprintf(stderr, "clproc-measure: %s: %s\n", arguments[1], strerror(errno));
        return 2;
    }
    double start = now_ms();
    pid_t child = fork();
    if (child < 0) {
        fprintf(stderr, "clproc-measure: fork: %s\n", strerror(errno));
        return 2;
    }
    if (child == 0) {
        if (dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
            execvp(arguments[2], arguments + 2);
        }
        dprintf(log, "clproc-measure: %s: %s\n", arguments[2], strerror(errno));
        _exit(127);
    }
    if (wait4(child, &status, 0, &usage) != child) {
        fprintf(stderr, "clproc-measure: wait4: %s\n", strerror(errno));
        return 2;
    }
    printf("%.1f %.1f %ld %d\n", now_ms() - start, ms(usage.ru_utime) + ms(usage.ru_stime),
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
