// A clock that is wrong: preloaded, it moves the time of day of a program by ROSTRUM_CLOCK_AHEAD seconds. What the
// program waits for lasts as long as ever: deadlines on the time of day are moved back before the kernel sees them.

#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static long ahead;

__attribute__((constructor)) static void begin(void) {
    const char *seconds = getenv("ROSTRUM_CLOCK_AHEAD");
    ahead = seconds ? strtol(seconds, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

// No machine has been up for thirty years.
static clockid_t clock_of(const struct timespec *deadline) {
    return deadline->tv_sec > 1000000000 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

static struct timespec true_time(const struct timespec *deadline) {
    struct timespec result = *deadline;
    if (clock_of(deadline) == CLOCK_REALTIME) result.tv_sec -= ahead;
    return result;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    struct timespec moved = true_time(deadline);
    return pthread_cond_clockwait(condition, mutex, clock_of(deadline), &moved);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    struct timespec moved = true_time(deadline);
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &moved);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    struct timespec moved = true_time(deadline);
    return sem_clockwait(semaphore, CLOCK_REALTIME, &moved);
}

int timerfd_settime(int file, int flags, const struct itimerspec *new, struct itimerspec *old) {
    struct itimerspec moved = *new;
    if (flags & TFD_TIMER_ABSTIME) moved.it_value = true_time(&new->it_value);
    return syscall(SYS_timerfd_settime, file, flags, &moved, old);
}
