// Preloaded into a program, sets its clock on the wall by a file of two 64-bit numbers, at any time: seconds that it is moved
// by, and the microseconds since 1970 at which it stands still, 0 if it runs.
// The monotonic clock stays: that is how a machine's clock is set.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct setting {
    int64_t shift_seconds;
    int64_t still_microseconds;
};

static const volatile struct setting *setting;

__attribute__((constructor)) static void open_setting(void) {
    int file = open(getenv("WEIR_TEST_CLOCK"), O_RDONLY);
    void *map = mmap(NULL, sizeof *setting, PROT_READ, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    close(file);
    setting = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result != 0 || !is_wall || !setting) return result;
    int64_t still = setting->still_microseconds;
    if (still) {
        now->tv_sec = still / 1000000;
        now->tv_nsec = still % 1000000 * 1000;
    }
    now->tv_sec += setting->shift_seconds;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (result) *result = precise.tv_sec;
    return precise.tv_sec;
}
