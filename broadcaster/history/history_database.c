#include "broadcaster/history/history_database.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define STATEMENTS_MOST      48
#define BUSY_MS              2000  /* somebody else reads or copies the file */
#define PROGRESS_STEPS       20000 /* of SQLite's machine between two looks at the clock */
#define FREE_PAGES_MOST      4096
#define FREE_PAGES_AT_A_TIME "256"
#define FILE_MODE            0600 /* who is there and when is nobody else's business */

struct history_database {
    sqlite3 *handle;
    dev_t device; /* with `file`: which file it is */
    ino_t file;
    enum history_fault fault;
    char mistake[192];
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[STATEMENTS_MOST];
    size_t statement_count;
    bool in_transaction;
    uint64_t budget_end_ns; /* of the thread's CPU time; 0: there is no budget */
};

/* --- errors --- */

static void database_fail(struct history_database *database, enum history_fault fault,
                          const char *mistake)
{
    if (database->fault == HISTORY_WELL) {
        database->fault = fault;
        snprintf(database->mistake, sizeof database->mistake, "%s", mistake);
    }
}

static bool database_check(struct history_database *database, int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return true;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        database_fail(database, HISTORY_DAMAGED, sqlite3_errmsg(database->handle));
        return false;
    case SQLITE_INTERRUPT:
        database_fail(database, HISTORY_LATE, "a query took too long");
        return false;
    default:
        database_fail(database, HISTORY_FAILED, sqlite3_errmsg(database->handle));
        return false;
    }
}

enum history_fault history_database_fault(const struct history_database *database)
{
    return database->fault;
}

const char *history_database_mistake(const struct history_database *database)
{
    return database->mistake;
}

void history_database_forgive(struct history_database *database)
{
    if (database->fault == HISTORY_LATE) {
        database->fault = HISTORY_WELL;
    }
}

/* --- statements --- */

static void database_execute(struct history_database *database, const char *sql)
{
    if (database->fault == HISTORY_WELL) {
        database_check(database, sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
    }
}

static sqlite3_stmt *database_statement(struct history_database *database, const char *sql)
{
    for (size_t i = 0; i < database->statement_count; i++) {
        if (database->statements[i].sql == sql) {
            sqlite3_reset(database->statements[i].statement);
            return database->statements[i].statement;
        }
    }
    sqlite3_stmt *statement;
    if (database->statement_count == STATEMENTS_MOST) {
        die("too many statements for the record");
    }
    int result =
        sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (!database_check(database, result)) {
        return NULL;
    }
    database->statements[database->statement_count].sql = sql;
    database->statements[database->statement_count++].statement = statement;
    return statement;
}

static int database_bind_one(sqlite3_stmt *statement, int place, char type, va_list *arguments)
{
    if (type == 't') {
        const char *text = va_arg(*arguments, const char *);
        return sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
    }
    if (type == 'd') {
        return sqlite3_bind_double(statement, place, va_arg(*arguments, double));
    }
    int64_t number = va_arg(*arguments, int64_t);
    return type == 'o' && number < 0 ? sqlite3_bind_null(statement, place)
                                     : sqlite3_bind_int64(statement, place, number);
}

static sqlite3_stmt *database_bind(struct history_database *database, const char *sql,
                                   const char *types, va_list *arguments)
{
    if (database->fault != HISTORY_WELL) {
        return NULL;
    }
    sqlite3_stmt *statement = database_statement(database, sql);
    for (int i = 0; statement != NULL && types[i] != '\0'; i++) {
        if (!database_check(database, database_bind_one(statement, i + 1, types[i], arguments))) {
            return NULL;
        }
    }
    return statement;
}

sqlite3_stmt *history_database_query(struct history_database *database, const char *sql,
                                     const char *types, ...)
{
    va_list arguments;
    va_start(arguments, types);
    sqlite3_stmt *statement = database_bind(database, sql, types, &arguments);
    va_end(arguments);
    return statement;
}

bool history_database_next(struct history_database *database, sqlite3_stmt *statement)
{
    if (statement == NULL || database->fault != HISTORY_WELL) {
        return false;
    }
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        return true;
    }
    database_check(database, result);
    sqlite3_reset(statement);
    return false;
}

int history_database_run(struct history_database *database, const char *sql, const char *types, ...)
{
    va_list arguments;
    va_start(arguments, types);
    sqlite3_stmt *statement = database_bind(database, sql, types, &arguments);
    va_end(arguments);
    while (history_database_next(database, statement)) {
    }
    return database->fault == HISTORY_WELL ? sqlite3_changes(database->handle) : 0;
}

int64_t history_database_number(struct history_database *database, int64_t none, const char *sql,
                                const char *types, ...)
{
    va_list arguments;
    va_start(arguments, types);
    sqlite3_stmt *statement = database_bind(database, sql, types, &arguments);
    va_end(arguments);
    if (history_database_next(database, statement)) {
        if (sqlite3_column_type(statement, 0) != SQLITE_NULL) {
            none = sqlite3_column_int64(statement, 0);
        }
        sqlite3_reset(statement);
    }
    return none;
}

/* --- transactions --- */

void history_database_begin(struct history_database *database)
{
    if (!database->in_transaction) {
        database_execute(database, "BEGIN IMMEDIATE");
        database->in_transaction = database->fault == HISTORY_WELL;
    }
}

void history_database_commit(struct history_database *database)
{
    if (database->in_transaction) {
        database_execute(database, "COMMIT");
        database->in_transaction = false;
    }
}

void history_database_roll_back(struct history_database *database)
{
    if (database->in_transaction) {
        /* SQLite may have done it by itself: then this fails, and nothing is lost by it. */
        sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
        database->in_transaction = false;
    }
}

bool history_database_in_transaction(const struct history_database *database)
{
    return database->in_transaction;
}

static uint64_t database_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
}

static int database_on_progress(void *arg)
{
    const struct history_database *database = arg;
    return database->budget_end_ns != 0 && database_cpu_ns() > database->budget_end_ns;
}

void history_database_set_budget(struct history_database *database, uint64_t budget_ns)
{
    database->budget_end_ns = budget_ns > 0 ? database_cpu_ns() + budget_ns : 0;
}

/* --- size --- */

int64_t history_database_bytes(struct history_database *database)
{
    int64_t pages = history_database_number(database, 0, "PRAGMA page_count", "");
    int64_t unused = history_database_number(database, 0, "PRAGMA freelist_count", "");
    return (pages - unused) * history_database_number(database, 0, "PRAGMA page_size", "");
}

void history_database_shrink(struct history_database *database)
{
    if (history_database_number(database, 0, "PRAGMA freelist_count", "") > FREE_PAGES_MOST) {
        database_execute(database, "PRAGMA incremental_vacuum(" FREE_PAGES_AT_A_TIME ")");
    }
}

/* --- opening --- */

static void database_copy(struct history_database *database, const char *path, int64_t version)
{
    char *copy = xasprintf("%s.v%lld", path, (long long)version);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", copy);
    unlink(copy); /* of an attempt that failed */
    int fd =
        open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE); /* an empty one is taken */
    fd_close(&fd);
    database_execute(database, sql);
    if (database->fault == HISTORY_WELL) {
        log_info("the record is of an older version and was copied before it is changed copy=%s",
                 copy);
    }
    sqlite3_free(sql);
    free(copy);
}

static void database_step(struct history_database *database, const char *sql, size_t version)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version = %zu", version);
    history_database_begin(database);
    database_execute(database, sql);
    database_execute(database, mark);
    history_database_commit(database);
    history_database_roll_back(database);
}

/* Whether it is ours to write, before anything is changed. Its version. */
static int64_t database_judge(struct history_database *database, size_t step_count)
{
    int64_t version = history_database_number(database, 0, "PRAGMA user_version", "");
    int64_t tables = history_database_number(database, 0, "SELECT count(*) FROM sqlite_master", "");
    if (version == 0 && tables > 0) {
        database_fail(database, HISTORY_FAILED, "this database is of another program");
    } else if (version < 0 || version > (int64_t)step_count) {
        database_fail(database, HISTORY_FAILED, "it was written by a newer ringcast");
    }
    return version;
}

static void database_upgrade(struct history_database *database, const char *path, int64_t version,
                             const char *const *steps, size_t step_count)
{
    if (version > 0 && version < (int64_t)step_count) {
        database_copy(database, path, version);
    }
    for (size_t i = (size_t)version; database->fault == HISTORY_WELL && i < step_count; i++) {
        database_step(database, steps[i], i + 1);
    }
}

/* With FILE_MODE, which SQLite takes over for what it puts beside the file. */
static int database_touch(struct history_database *database, const char *path)
{
    struct stat info;
    char *copy = xstrdup(path);
    int result = fd_make_directory(dirname(copy));
    free(copy);
    if (result < 0) {
        return result;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0 || fstat(fd, &info) < 0) {
        result = -errno;
    } else {
        database->device = info.st_dev;
        database->file = info.st_ino;
    }
    fd_close(&fd);
    return result;
}

bool history_database_in_place(const struct history_database *database, const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_dev == database->device &&
           info.st_ino == database->file;
}

struct history_database *history_database_create(const char *path, const char *const *steps,
                                                 size_t step_count)
{
    struct history_database *database = xcalloc(1, sizeof *database);
    int result = database_touch(database, path);
    if (result < 0) {
        database_fail(database, HISTORY_FAILED, strerror(-result));
        return database;
    }
    result =
        sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!database_check(database, result)) {
        return database;
    }
    sqlite3_extended_result_codes(database->handle, 1);
    sqlite3_busy_timeout(database->handle, BUSY_MS);
    sqlite3_progress_handler(database->handle, PROGRESS_STEPS, database_on_progress, database);
    int64_t version = database_judge(database, step_count);
    if (version == 0) { /* it would write, and whoever only asks must not wait for writers */
        database_execute(database, "PRAGMA auto_vacuum = INCREMENTAL");
    }
    database_execute(database, "PRAGMA journal_mode = WAL");
    /* A crash of the process loses nothing that is committed; one of the machine may lose the
     * newest, and leaves the file whole. */
    database_execute(database, "PRAGMA synchronous = NORMAL");
    database_execute(database, "PRAGMA journal_size_limit = 4194304");
    database_upgrade(database, path, version, steps, step_count);
    return database;
}

void history_database_destroy(struct history_database *database)
{
    if (database != NULL) {
        for (size_t i = 0; i < database->statement_count; i++) {
            sqlite3_finalize(database->statements[i].statement);
        }
        history_database_roll_back(database);
        sqlite3_close(database->handle);
        free(database);
    }
}

int history_database_set_aside(const char *path, char *moved, size_t moved_size)
{
    static const char *const companions[] = {"-wal", "-shm"};
    char stamp[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &parts));
    snprintf(moved, moved_size, "%s.damaged-%s", path, stamp);
    if (rename(path, moved) < 0) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        char *companion = xasprintf("%s%s", path, companions[i]);
        char *beside = xasprintf("%s%s", moved, companions[i]);
        rename(companion, beside); /* not there: so be it */
        free(companion);
        free(beside);
    }
    return 0;
}
