// A layer between SQLite and its files (a "VFS shim", https://www.sqlite.org/vfs.html) that gives each page of a database
// a checksum, and lets no page pass that does not match. docs/decisions/0012-checksums-of-pages.md says why it is ours.
//
// A page has its checksum in the log too, so that whatever moves it from there to the database moves a whole page, also
// when it is a program that knows nothing of this. For that the layer changes the page after SQLite has made the log's
// own checksums, which follow on each other from frame to frame, and so it makes those anew.
//
// A program that knows nothing of this must not write, for its pages would have no checksums: the first page says in the
// files, and not to who comes by way of the layer, that SQLite is too old to write them.

#include "CSQLiteChecksums.h"

#include "sums.h"

#include <sqlite3.h>
#include <stddef.h>

enum { log_header_size = 32, frame_header_size = 24, peek_size = 100 };

/// What stands behind the part of an open file that is SQLite's, whose methods are replaced.
typedef struct checked_file {
    const sqlite3_io_methods *original;
    sqlite3_io_methods methods;
    /// That of the database; its own, unless it is a log.
    struct checked_file *database;

    // A database's.
    /// 0 as long as there are no checksums.
    int page_size;
    bool is_being_converted;
    /// Whether pages were written before it was known that they have checksums.
    bool has_unmarked_pages;
    checksums_damage damage;
    /// That of the log, while it is open.
    struct checked_file *log;

    // A log's.
    /// Room for a frame.
    unsigned char *frame;
    int frame_size;
    /// The header that was written last, and where; its page comes next.
    unsigned char header[24];
    sqlite3_int64 header_at;
    /// Where the frame ends that this connection wrote last while nobody else could; 0 when somebody may have.
    sqlite3_int64 end;
    sums sums_at_end;
    bool is_big_endian;
} checked_file;

static sqlite3_vfs *lower;
static sqlite3_vfs layer;
static int lower_size;

static checked_file *checked_of(sqlite3_file *file) { return (checked_file *)((char *)file + lower_size); }

// Damage.

static int tell_damage(checked_file *database, sqlite3_int64 number, bool is_in_log) {
    if (database->damage.number == 0) database->damage = (checksums_damage){number, is_in_log};
    sqlite3_log(SQLITE_IOERR_DATA, "%s %lld does not match its checksum", is_in_log ? "frame" : "page", number);
    return SQLITE_IOERR_DATA;
}

// What the first page says.

static bool is_header(const unsigned char *bytes, int count) {
    return count >= peek_size && memcmp(bytes, "SQLite format 3", 16) == 0;
}

static int page_size_in(const unsigned char *header) {
    int size = header[16] << 8 | header[17];
    return size == 1 ? 65536 : size;
}

static void learn(checked_file *database, const unsigned char *header) {
    if (!database->is_being_converted) database->page_size = header[20] == mark_size ? page_size_in(header) : 0;
}

/// A header that is damaged where it says that there are checksums would switch them off.
static int demand_true_header(sqlite3_file *file, const unsigned char *header) {
    checked_file *database = checked_of(file);
    int size = page_size_in(header);
    if (header[20] == mark_size || size < 512) return SQLITE_OK;
    unsigned char *page = sqlite3_malloc(size);
    if (!page) return SQLITE_NOMEM;
    int result = database->original->xRead(file, page, size, 0);
    if (result == SQLITE_OK) {
        page[20] = mark_size;
        if (is_page_whole(page, size, 1)) result = tell_damage(database, 1, false);
    } else if (result == SQLITE_IOERR_SHORT_READ) {
        result = SQLITE_OK;
    }
    sqlite3_free(page);
    return result;
}

// The database.

/// Reads a part of a page by way of the whole of it.
static int read_part(sqlite3_file *file, void *bytes, int count, sqlite3_int64 place) {
    checked_file *database = checked_of(file);
    int size = database->page_size, from = (int)(place % size);
    if (from + count > size) return database->original->xRead(file, bytes, count, place);
    unsigned char *page = sqlite3_malloc(size);
    if (!page) return SQLITE_NOMEM;
    int result = database->original->xRead(file, page, size, place - from);
    if (result == SQLITE_OK) {
        sqlite3_int64 number = place / size + 1;
        if (number == 1) unguard(page);
        memcpy(bytes, page + from, (size_t)count);
        if (!is_page_whole(page, size, (uint32_t)number)) result = tell_damage(database, number, false);
    }
    sqlite3_free(page);
    return result;
}

static int read_database(sqlite3_file *file, void *bytes, int count, sqlite3_int64 place) {
    checked_file *database = checked_of(file);
    // SQLite peeks at the first page when nobody may rely on it yet.
    bool is_peek = place + count <= peek_size;
    int size = database->page_size;
    if (size && !is_peek && !database->is_being_converted && (count != size || place % size)) {
        return read_part(file, bytes, count, place);
    }
    int result = database->original->xRead(file, bytes, count, place);
    if (result != SQLITE_OK) return result;
    if (place == 0 && is_header(bytes, count)) {
        result = demand_true_header(file, bytes);
        learn(database, bytes);
        unguard(bytes);
        size = database->page_size;
    }
    if (result != SQLITE_OK || !size || is_peek || database->is_being_converted || count != size) return result;
    sqlite3_int64 number = place / size + 1;
    return is_page_whole(bytes, size, (uint32_t)number) ? SQLITE_OK : tell_damage(database, number, false);
}

/// Gives checksums to what was written before the first page came and said that there are any.
static int mark_earlier_pages(sqlite3_file *file) {
    checked_file *database = checked_of(file);
    int size = database->page_size;
    sqlite3_int64 end;
    int result = database->original->xFileSize(file, &end);
    unsigned char *page = sqlite3_malloc(size);
    if (!page) return SQLITE_NOMEM;
    for (sqlite3_int64 place = size; result == SQLITE_OK && place + size <= end; place += size) {
        result = database->original->xRead(file, page, size, place);
        if (result != SQLITE_OK) break;
        mark_page(page, size, (uint32_t)(place / size + 1));
        result = database->original->xWrite(file, page, size, place);
    }
    sqlite3_free(page);
    if (result == SQLITE_OK) database->has_unmarked_pages = false;
    return result;
}

static int write_database(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 place) {
    checked_file *database = checked_of(file);
    if (place == 0 && is_header(bytes, count)) {
        learn(database, bytes);
        if (database->page_size && database->has_unmarked_pages) {
            int result = mark_earlier_pages(file);
            if (result != SQLITE_OK) return result;
        }
    }
    int size = database->page_size;
    if (!size) database->has_unmarked_pages = true;
    if (!size || count != size || place % size) return database->original->xWrite(file, bytes, count, place);
    // SQLite's own page: what it reserves is for whoever stands between, and it does not look at it.
    unsigned char *page = (unsigned char *)bytes;
    mark_page(page, size, (uint32_t)(place / size + 1));
    if (place == 0) guard(page);
    int result = database->original->xWrite(file, page, count, place);
    if (place == 0) unguard(page);
    return result;
}

static int fetch(sqlite3_file *file, sqlite3_int64 place, int count, void **bytes) {
    checked_file *database = checked_of(file);
    if (!database->page_size) return database->original->xFetch(file, place, count, bytes);
    // What is mapped into memory would be read past us.
    *bytes = NULL;
    return SQLITE_OK;
}

// The log: https://www.sqlite.org/fileformat.html#the_write_ahead_log.

/// Where in its frame something begins; -1 before the first frame.
static int place_in_frame(const checked_file *log, sqlite3_int64 place) {
    int size = log->database->page_size;
    return place < log_header_size ? -1 : (int)((place - log_header_size) % (frame_header_size + size));
}

static int read_log(sqlite3_file *file, void *bytes, int count, sqlite3_int64 place) {
    checked_file *log = checked_of(file), *database = log->database;
    int result = log->original->xRead(file, bytes, count, place);
    if (result != SQLITE_OK || place < log_header_size + frame_header_size || count < 512) return result;
    if (!database->page_size && is_header(bytes, count) && page_size_in(bytes) == count) learn(database, bytes);
    int size = database->page_size;
    if (count != size || place_in_frame(log, place) != frame_header_size) return result;
    unsigned char number[4];
    result = log->original->xRead(file, number, sizeof number, place - frame_header_size);
    if (result != SQLITE_OK) return result;
    if (big_endian(number) == 1) unguard(bytes);
    if (database->is_being_converted || is_page_whole(bytes, size, big_endian(number))) return SQLITE_OK;
    return tell_damage(database, (place - log_header_size) / (frame_header_size + size) + 1, true);
}

/// Finds out the log's own checksum of what is before a frame, on which that of the frame follows.
static int find_end(sqlite3_file *file, sqlite3_int64 place) {
    checked_file *log = checked_of(file);
    if (log->end == place) return SQLITE_OK;
    unsigned char header[log_header_size], *stored = header + 24;
    int result = log->original->xRead(file, header, log_header_size, 0);
    if (result != SQLITE_OK) return result;
    log->is_big_endian = header[3] & 1;
    if (place > log_header_size) {
        sqlite3_int64 previous = place - frame_header_size - log->database->page_size;
        result = log->original->xRead(file, stored, 8, previous + 16);
    }
    log->sums_at_end = sums_at(stored);
    return result;
}

static bool has_room(checked_file *log) {
    int size = frame_header_size + log->database->page_size;
    if (log->frame_size >= size) return true;
    unsigned char *frame = sqlite3_realloc(log->frame, size);
    if (!frame) return false;
    log->frame = frame;
    log->frame_size = size;
    return true;
}

/// Writes a frame whose header is there. If it is written over one of the same transaction, SQLite makes the checksums of
/// those behind it anew.
static int write_frame(sqlite3_file *file, const void *page, sqlite3_int64 place) {
    checked_file *log = checked_of(file);
    if (!has_room(log)) return SQLITE_NOMEM;
    int size = log->database->page_size, result = SQLITE_OK;
    unsigned char *frame = log->frame;
    if (log->header_at == place) {
        memcpy(frame, log->header, frame_header_size);
    } else {
        result = log->original->xRead(file, frame, frame_header_size, place);
    }
    if (result == SQLITE_OK) result = find_end(file, place);
    log->end = 0;
    if (result != SQLITE_OK) return result;
    memcpy(frame + frame_header_size, page, (size_t)size);
    mark_page(frame + frame_header_size, size, big_endian(frame));
    if (big_endian(frame) == 1) guard(frame + frame_header_size);
    add(&log->sums_at_end, frame, 8, log->is_big_endian);
    add(&log->sums_at_end, frame + frame_header_size, size, log->is_big_endian);
    put_sums(frame + 16, log->sums_at_end);
    result = log->original->xWrite(file, frame, frame_header_size + size, place);
    if (result == SQLITE_OK) log->end = place + frame_header_size + size;
    return result;
}

static int write_log(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 place) {
    checked_file *log = checked_of(file);
    int size = log->database->page_size, from = size ? place_in_frame(log, place) : -1;
    if (count == size && from == frame_header_size) return write_frame(file, bytes, place - frame_header_size);
    log->header_at = 0;
    // Written before the end, it may be a checksum that is made anew, and with it all those behind it.
    if (place != log->end) log->end = 0;
    int result = log->original->xWrite(file, bytes, count, place);
    if (result == SQLITE_OK && count == frame_header_size && from == 0) {
        memcpy(log->header, bytes, frame_header_size);
        log->header_at = place;
    }
    return result;
}

/// When the log is given up, others may write to it.
static int lock_log(sqlite3_file *file, int first, int count, int flags) {
    checked_file *database = checked_of(file);
    // The first of the locks is the writer's: https://www.sqlite.org/walformat.html#wal_locks.
    if (first == 0 && database->log) database->log->end = database->log->header_at = 0;
    return database->original->xShmLock(file, first, count, flags);
}

static int close_log(sqlite3_file *file) {
    checked_file *log = checked_of(file);
    if (log->database->log == log) log->database->log = NULL;
    sqlite3_free(log->frame);
    return log->original->xClose(file);
}

// Files.

static checked_file *main_file(struct sqlite3 *connection) {
    sqlite3_file *file = NULL;
    int result = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    bool is_ours = result == SQLITE_OK && file && file->pMethods && file->pMethods->xRead == read_database;
    return is_ours ? checked_of(file) : NULL;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    int result = lower->xOpen(lower, name, file, flags, flags_out);
    if (result != SQLITE_OK || !name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) return result;
    checked_file *checked = checked_of(file);
    memset(checked, 0, sizeof *checked);
    checked->original = file->pMethods;
    checked->methods = *file->pMethods;
    if (flags & SQLITE_OPEN_MAIN_DB) {
        checked->database = checked;
        checked->methods.xRead = read_database;
        checked->methods.xWrite = write_database;
        if (checked->methods.iVersion >= 2) checked->methods.xShmLock = lock_log;
        if (checked->methods.iVersion >= 3) checked->methods.xFetch = fetch;
    } else {
        sqlite3_file *database = sqlite3_database_file_object(name);
        if (database->pMethods->xRead != read_database) return result;
        checked->database = checked_of(database);
        checked->database->log = checked;
        checked->methods.xRead = read_log;
        checked->methods.xWrite = write_log;
        checked->methods.xClose = close_log;
    }
    file->pMethods = &checked->methods;
    return result;
}

int checksums_install(void) {
    if (lower) return SQLITE_OK;
    int result = sqlite3_initialize();
    if (result != SQLITE_OK) return result;
    lower = sqlite3_vfs_find(NULL);
    if (!lower) return SQLITE_ERROR;
    int alignment = _Alignof(max_align_t);
    lower_size = (lower->szOsFile + alignment - 1) / alignment * alignment;
    // Whatever else it can do is left to it, with its own data.
    layer = *lower;
    layer.pNext = NULL;
    layer.zName = "rostrum-checksums";
    layer.szOsFile = lower_size + (int)sizeof(checked_file);
    layer.xOpen = open_file;
    return sqlite3_vfs_register(&layer, 1);
}

bool checksums_are_on(struct sqlite3 *connection) {
    checked_file *database = main_file(connection);
    return database && database->page_size && !database->is_being_converted;
}

checksums_damage checksums_damage_met(struct sqlite3 *connection) {
    checked_file *database = main_file(connection);
    return database ? database->damage : (checksums_damage){0, false};
}

void checksums_keep_log(sqlite3 *connection) {
    sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

bool checksums_begin_conversion(struct sqlite3 *connection, int page_size) {
    checked_file *database = main_file(connection);
    if (!database) return false;
    database->is_being_converted = true;
    database->page_size = page_size;
    return true;
}

void checksums_end_conversion(struct sqlite3 *connection) {
    checked_file *database = main_file(connection);
    if (!database) return;
    database->is_being_converted = false;
    database->page_size = 0;
}
