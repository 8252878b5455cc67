/* How much of a process's heap is in use, preloaded: what its resident memory does not tell, for the allocator keeps what
 * was given back, and what the allocator itself calls in use has what each thread keeps for its next blocks. So every block is
 * counted as it is handed out and given back. Every two seconds it stands in the file ROSTRUM_HEAP: bytes, how many of them are
 * pages that SQLite keeps (-1 when nobody can be asked), and the time by CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* Several, each in a line of the processors' caches, so that threads seldom wait for one another. What one of them says may
 * be less than nothing, for a block may be given back by another thread. */
enum { COUNTS = 32 };
static struct { _Alignas(64) atomic_long bytes; } counts[COUNTS];
static atomic_uint threads;
/* Where no first use has to ask for memory. */
static __thread unsigned place __attribute__((tls_model("initial-exec")));

static void add(long bytes) {
    if (!place) place = 1 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % COUNTS;
    atomic_fetch_add_explicit(&counts[place - 1].bytes, bytes, memory_order_relaxed);
}

static void *taken(void *block) {
    if (block) add((long)malloc_usable_size(block));
    return block;
}

void *malloc(size_t size) {
    return taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return taken(__libc_calloc(count, size));
}

void free(void *block) {
    if (block) add(-(long)malloc_usable_size(block));
    __libc_free(block);
}

void *realloc(void *block, size_t size) {
    long before = block ? (long)malloc_usable_size(block) : 0;
    void *found = __libc_realloc(block, size);
    /* Of no size it is given back; of one that is not to be had it stays. */
    if (found || !size) add(-before);
    return taken(found);
}

void *memalign(size_t alignment, size_t size) {
    return taken(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (!alignment || alignment % sizeof(void *) || alignment & (alignment - 1)) return EINVAL;
    void *found = memalign(alignment, size);
    if (!found) return ENOMEM;
    *block = found;
    return 0;
}

void *valloc(size_t size) {
    return memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

void *pvalloc(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) & ~(page - 1);
    if (whole < size) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page, whole);
}

/* How many bytes are in use; seen by tests, too. */
long rostrum_heap_used(void) {
    long bytes = 0;
    for (int count = 0; count < COUNTS; count++) bytes += atomic_load_explicit(&counts[count].bytes, memory_order_relaxed);
    return bytes;
}

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
    fprintf(file, "%ld %lld %ld\n", rostrum_heap_used(), pages(), (long)time.tv_sec);
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
