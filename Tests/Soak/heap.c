/* How much of a process's heap is in use, preloaded: what its resident memory does not tell, for the allocator keeps what
 * was given back. Every two seconds it stands in the file ROSTRUM_HEAP: bytes, how many of them are pages that SQLite keeps (-1
 * when nobody can be asked), and the time by CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* As sqlite3.h has it, which need not be there. */
enum { SQLITE_STATUS_PAGECACHE_OVERFLOW = 2 };

static long long pages(void) {
    int (*status)(int, long long *, long long *, int) =
        (int (*)(int, long long *, long long *, int))dlsym(RTLD_DEFAULT, "sqlite3_status64");
    long long now, most;
    return status && !status(SQLITE_STATUS_PAGECACHE_OVERFLOW, &now, &most, 0) ? now : -1;
}

static void write_down(const char *name) {
    char whole[4096];
    snprintf(whole, sizeof whole, "%s.new", name);
    FILE *file = fopen(whole, "we");
    if (!file) return;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    struct mallinfo2 heap = mallinfo2();
    fprintf(file, "%zu %lld %ld\n", heap.uordblks + heap.hblkhd, pages(), (long)time.tv_sec);
    /* At once, for one who reads meanwhile. */
    if (!fclose(file)) rename(whole, name);
}

static void *look(void *name) {
    for (;;) {
        write_down(name);
        sleep(2);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void) {
    pthread_t thread;
    char *name = getenv("ROSTRUM_HEAP");
    if (name && !pthread_create(&thread, NULL, look, name)) pthread_detach(thread);
}
