// A disk that fails and forgets, preloaded. While the file ROSTRUM_DISK_BROKEN is there, every sync of the files under
// ROSTRUM_DISK_ROOT fails.
//
// With ROSTRUM_DISK_JOURNAL it keeps a journal of everything that one process writes to these files, with what stood there
// before, and of every sync; disk.py takes back from it what a power cut would. What was to be synced and failed counts as
// never written, although whoever reads sees it: so does Linux, which keeps such pages and calls them clean.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct record {
    // W: a page before it was written; S: a sync that succeeded; F: one that failed.
    uint64_t kind;
    uint64_t inode;
    // Of a page its number; of a sync where the journal stood when it began.
    uint64_t place;
    // How much of the page there was.
    uint64_t length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static uint64_t position;
static const char *root, *broken;

// PostgreSQL writes its title where the environment stood.
static const char *copy(const char *variable) {
    const char *value = getenv(variable);
    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ROSTRUM_DISK_JOURNAL");
    root = copy("ROSTRUM_DISK_ROOT");
    broken = copy("ROSTRUM_DISK_BROKEN");
    if (!path) return;
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) abort();
    position = lseek(journal, 0, SEEK_END);
}

// Where the kernel shows what a descriptor stands for.
static void name(int file, char link[32]) { snprintf(link, 32, "/proc/self/fd/%d", file); }

// The inode of a file whose writes count; 0 for every other.
static ino_t counted(int file) {
    if (!root || !broken) return 0;
    int kept = errno;
    char link[32], path[4096];
    name(file, link);
    ssize_t length = readlink(link, path, sizeof path - 1);
    struct stat status;
    ino_t inode = 0;
    // The shared memory of SQLite is no file that anybody relies on after a power cut.
    if (length > 4 && strncmp(path, root, strlen(root)) == 0 && memcmp(path + length - 4, "-shm", 4) != 0
        && fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        inode = status.st_ino;
    errno = kept;
    return inode;
}

static void put(struct record record, const void *data) {
    struct iovec parts[] = {{&record, sizeof record}, {(void *)data, record.length}};
    ssize_t size = sizeof record + record.length;
    if (syscall(SYS_writev, journal, parts, 2) != size) abort();
    position += size;
}

// Puts down the pages that are about to be written.
static void keep(int file, ino_t inode, uint64_t offset, size_t size) {
    int kept = errno;
    char link[32], page[PAGE];
    name(file, link);
    // The file itself may be open for writing only.
    int reader = open(link, O_RDONLY | O_CLOEXEC);
    if (reader < 0) abort();
    for (uint64_t number = offset / PAGE; number * PAGE < offset + size; number++) {
        ssize_t length = pread(reader, page, PAGE, number * PAGE);
        if (length < 0) abort();
        put((struct record){'W', inode, number, length}, page);
    }
    close(reader);
    errno = kept;
}

static ssize_t put_at(int file, const void *data, size_t size, off_t offset) {
    ino_t inode = journal < 0 ? 0 : counted(file);
    if (!inode) return syscall(SYS_pwrite64, file, data, size, offset);
    pthread_mutex_lock(&lock);
    keep(file, inode, offset, size);
    ssize_t result = syscall(SYS_pwrite64, file, data, size, offset);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return put_at(file, data, size, offset); }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return put_at(file, data, size, offset); }

ssize_t write(int file, const void *data, size_t size) {
    ino_t inode = journal < 0 ? 0 : counted(file);
    if (!inode) return syscall(SYS_write, file, data, size);
    pthread_mutex_lock(&lock);
    keep(file, inode, lseek(file, 0, SEEK_CUR), size);
    ssize_t result = syscall(SYS_write, file, data, size);
    pthread_mutex_unlock(&lock);
    return result;
}

static int sync_by(int call, int file) {
    ino_t inode = counted(file);
    if (!inode) return syscall(call, file);
    pthread_mutex_lock(&lock);
    uint64_t began = position;
    pthread_mutex_unlock(&lock);
    int is_broken = access(broken, F_OK) == 0;
    int result = is_broken ? -1 : syscall(call, file);
    int error = is_broken ? EIO : errno;
    if (journal >= 0) {
        pthread_mutex_lock(&lock);
        put((struct record){result == 0 ? 'S' : 'F', inode, began, 0}, NULL);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

int fsync(int file) { return sync_by(SYS_fsync, file); }
int fdatasync(int file) { return sync_by(SYS_fdatasync, file); }
