// What the guest's C files share.
#pragma once
#include "engine.h"

// memory.c
extern const JSMallocFunctions building_malloc_functions;
/** How many blocks the runtime has taken from malloc so far; tells when an arena was added. */
extern u32 blocks_taken;

// guest.c
extern JSRuntime *rt;
extern JSContext *ctx;
/** False while we build, true from `_start` on. */
extern bool running;
/** Keep the exception as JSON for guest_error(); frees the value. */
void keep_error(JSValue error);
/** Throw the uncatchable error of "cannot be done at build time", once, and remember where it was. */
JSValue forbid(const char *what);
/** The same for something that was begun earlier: `stack` tells where. */
JSValue forbid_at(const char *what, JSValue stack);

JSValue load_script(u32 index);

// native.c
/** The object that only the guest's own JavaScript sees. */
JSValue new_native(void);
/** Add C functions to an object: {name, function, length} rows. */
typedef struct {
  const char *name;
  JSCFunction *function;
  int length;
} NativeFunction;
void add_functions(JSValue object, const NativeFunction *rows, int count);
#define ADD_FUNCTIONS(object, rows) add_functions(object, rows, sizeof(rows) / sizeof((rows)[0]))
/** Write all of it; false when the other side is gone or full. */
bool write_all(i32 fd, const u8 *bytes, size_t length);

// files.c
void add_file_functions(JSValue native);

// kept.c
/** At the end of a job: let go of what weak references kept. False when there was nothing. */
bool release_kept(void);

// trace.c
/** Make `error.stack` look as programs expect it; after the context exists. */
bool install_trace(void);
/** The hook that formats stacks, for the core to put back when a program removes its own. */
JSValue trace_hook(void);

// WASI preview1, as far as it is used. Each returns an errno.
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
typedef struct {
  const u8 *bytes;
  size_t length;
} IoVector;
WASI(args_get) i32 wasi_args_get(char **, char *);
WASI(args_sizes_get) i32 wasi_args_sizes_get(u32 *, u32 *);
WASI(environ_get) i32 wasi_environ_get(char **, char *);
WASI(environ_sizes_get) i32 wasi_environ_sizes_get(u32 *, u32 *);
WASI(clock_time_get) i32 wasi_clock_time_get(i32 id, u64 precision, u64 *);
WASI(random_get) i32 wasi_random_get(u8 *, size_t);
WASI(poll_oneoff) i32 wasi_poll_oneoff(const void *, void *, size_t, u32 *);
WASI(proc_exit) _Noreturn void wasi_proc_exit(i32);
WASI(fd_write) i32 wasi_fd_write(i32, const IoVector *, size_t, u32 *);
WASI(fd_read) i32 wasi_fd_read(i32, const IoVector *, size_t, u32 *);
WASI(fd_close) i32 wasi_fd_close(i32);
WASI(fd_seek) i32 wasi_fd_seek(i32, i64, i32, u64 *);
WASI(fd_fdstat_get) i32 wasi_fd_fdstat_get(i32, u8 *);
WASI(fd_filestat_get) i32 wasi_fd_filestat_get(i32, u8 *);
WASI(fd_prestat_get) i32 wasi_fd_prestat_get(i32, u32 *);
WASI(fd_prestat_dir_name) i32 wasi_fd_prestat_dir_name(i32, char *, size_t);
WASI(fd_readdir) i32 wasi_fd_readdir(i32, u8 *, size_t, u64 cookie, u32 *);
WASI(path_open) i32 wasi_path_open(i32, i32 lookup, const char *, size_t, i32 oflags, u64 rights, u64 inheriting, i32 fdflags, i32 *);
WASI(path_filestat_get) i32 wasi_path_filestat_get(i32, i32 lookup, const char *, size_t, u8 *);
WASI(path_create_directory) i32 wasi_path_create_directory(i32, const char *, size_t);
WASI(path_remove_directory) i32 wasi_path_remove_directory(i32, const char *, size_t);
WASI(path_unlink_file) i32 wasi_path_unlink_file(i32, const char *, size_t);
WASI(path_rename) i32 wasi_path_rename(i32, const char *, size_t, i32, const char *, size_t);
