#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

/// The first damage that a connection met.
typedef struct {
    /// Of the database a page, of the log a frame, both from 1; 0 when there was none.
    int64_t number;
    bool is_in_log;
} checksums_damage;

/// Makes every page of a database that reserves 8 bytes of each carry a checksum, and every read check it.
///
/// From then on it is SQLite's default; databases that reserve another number of bytes are not touched. What does not
/// match is not handed out: SQLite is told SQLITE_IOERR_DATA. Returns one of SQLite's codes.
/// To be called once, before anything else asks SQLite for a database.
int checksums_install(void);

/// Whether the pages of a connection's main database have checksums, as far as it has read.
bool checksums_are_on(struct sqlite3 *connection);

checksums_damage checksums_damage_met(struct sqlite3 *connection);

/// Has the log stay as it is when the connection is closed, also if it is the last one.
void checksums_keep_log(struct sqlite3 *connection);

/// Has what a connection writes to its log carry checksums before the database says that it has room for them.
///
/// For a VACUUM in WAL mode that makes the room; false when the database is not one of a file.
bool checksums_begin_conversion(struct sqlite3 *connection, int page_size);

/// Takes that back; whether there are checksums is again what the database says.
void checksums_end_conversion(struct sqlite3 *connection);
