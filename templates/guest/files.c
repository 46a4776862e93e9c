// Files and folders over WASI preopens: thin, one function a call, negative errno for failures. node/fs.ts gives them
// Node's shape.
#include "guest.h"

typedef struct {
  const char *bytes;
  size_t length;
} Path;

static bool take_int(JSValue value, i32 *out) { return JS_ToInt32(ctx, out, value) == 0; }

static bool take_path(JSValue value, Path *out) {
  out->bytes = JS_ToCStringLen2(ctx, &out->length, value, false);
  return out->bytes != NULL;
}

static JSValue status(i32 errno) { return new_int(-errno); }

/** files.preopens() -> [[fd, name], …] */
static JSValue files_preopens(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("using files");
  JSValue array = JS_NewArray(ctx);
  u32 count = 0;
  for (i32 fd = 3; fd < 1024; fd++) {
    u32 prestat[2];
    if (wasi_fd_prestat_get(fd, prestat) != 0) break;
    if ((prestat[0] & 0xff) != 0) continue;
    char *name = malloc(prestat[1] + 1);
    if (name == NULL) return JS_ThrowOutOfMemory(ctx);
    if (wasi_fd_prestat_dir_name(fd, name, prestat[1]) == 0) {
      size_t length = prestat[1];
      while (length > 0 && name[length - 1] == 0) length--;
      JSValue pair = JS_NewArray(ctx);
      JS_SetPropertyUint32(ctx, pair, 0, new_int(fd));
      JS_SetPropertyUint32(ctx, pair, 1, JS_NewStringLen(ctx, name, length));
      JS_SetPropertyUint32(ctx, array, count++, pair);
    }
    free(name);
  }
  return array;
}

/** files.open(folder, path, lookup, oflags, fdflags, rights) -> fd or -errno */
static JSValue files_open(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("opening a file");
  i32 folder, lookup, oflags, fdflags, opened;
  i64 rights;
  Path path;
  if (!take_int(argv[0], &folder) || !take_int(argv[2], &lookup) || !take_int(argv[3], &oflags) || !take_int(argv[4], &fdflags) ||
      JS_ToInt64(ctx, &rights, argv[5]) || !take_path(argv[1], &path))
    return JS_EXCEPTION;
  i32 errno = wasi_path_open(folder, lookup, path.bytes, path.length, oflags, rights, rights, fdflags, &opened);
  JS_FreeCString(ctx, path.bytes);
  return errno != 0 ? status(errno) : new_int(opened);
}

/** files.close(fd) */
static JSValue files_close(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  i32 fd;
  if (!take_int(argv[0], &fd)) return JS_EXCEPTION;
  return status(wasi_fd_close(fd));
}

/** files.seek(fd, offset, whence) -> the new offset or -errno */
static JSValue files_seek(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  i32 fd, whence;
  i64 offset;
  u64 result;
  if (!take_int(argv[0], &fd) || !take_int(argv[2], &whence) || JS_ToInt64(ctx, &offset, argv[1])) return JS_EXCEPTION;
  i32 errno = wasi_fd_seek(fd, offset, whence, &result);
  return errno != 0 ? status(errno) : JS_NewNumber(ctx, (double)(i64)result);
}

/** files.writeSome(fd, Uint8Array) -> bytes written or -errno */
static JSValue files_write_some(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("writing a file");
  i32 fd;
  size_t length;
  if (!take_int(argv[0], &fd)) return JS_EXCEPTION;
  const u8 *bytes = JS_GetUint8Array(ctx, &length, argv[1]);
  if (bytes == NULL) return JS_EXCEPTION;
  IoVector vector = {bytes, length};
  u32 written = 0;
  i32 errno = wasi_fd_write(fd, &vector, 1, &written);
  return errno != 0 ? status(errno) : new_int(written);
}

/**
 * files.stat(folder, path, lookup) or files.stat(fd) -> [dev, ino, type, nlink, size, atime, mtime, ctime] (times in
 * ms) or -errno
 */
static JSValue files_stat(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("looking at a file");
  i32 fd, lookup = 0, errno;
  u64 stat[8] = {0};
  if (!take_int(argv[0], &fd)) return JS_EXCEPTION;
  if (argc > 1) {
    Path path;
    if (!take_int(argv[2], &lookup) || !take_path(argv[1], &path)) return JS_EXCEPTION;
    errno = wasi_path_filestat_get(fd, lookup, path.bytes, path.length, (u8 *)stat);
    JS_FreeCString(ctx, path.bytes);
  } else {
    errno = wasi_fd_filestat_get(fd, (u8 *)stat);
  }
  if (errno != 0) return status(errno);
  stat[2] &= 0xff;
  JSValue array = JS_NewArray(ctx);
  for (u32 i = 0; i < 8; i++)
    JS_SetPropertyUint32(ctx, array, i, JS_NewNumber(ctx, i < 5 ? (double)stat[i] : (double)stat[i] / 1e6));
  return array;
}

/** files.list(fd) -> [[name, type], …] without . and .., or -errno */
static JSValue files_list(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("reading a folder");
  i32 fd;
  if (!take_int(argv[0], &fd)) return JS_EXCEPTION;
  size_t capacity = 4096;
  u8 *buffer = malloc(capacity);
  if (buffer == NULL) return JS_ThrowOutOfMemory(ctx);
  JSValue array = JS_NewArray(ctx);
  u32 count = 0;
  u64 cookie = 0;
  i32 errno;
  u32 used;
  while ((errno = wasi_fd_readdir(fd, buffer, capacity, cookie, &used)) == 0) {
    u32 at = 0;
    bool progress = false;
    // An entry: next cookie u64, inode u64, name length u32, type u8, padding to 24; then the name. The last may be cut
    // off.
    while (at + 24 <= used) {
      u32 length = *(u32 *)(buffer + at + 16);
      if (length > used - at - 24) break;
      const char *name = (const char *)buffer + at + 24;
      bool dots = (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
      if (!dots) {
        JSValue pair = JS_NewArray(ctx);
        JS_SetPropertyUint32(ctx, pair, 0, JS_NewStringLen(ctx, name, length));
        JS_SetPropertyUint32(ctx, pair, 1, new_int(buffer[at + 20]));
        JS_SetPropertyUint32(ctx, array, count++, pair);
      }
      memcpy(&cookie, buffer + at, 8);
      at += 24 + length;
      progress = true;
    }
    if (used < capacity) break;
    if (!progress) {
      free(buffer);
      capacity *= 2;
      buffer = malloc(capacity);
      if (buffer == NULL) break;
    }
  }
  free(buffer);
  if (errno == 0) return array;
  JS_FreeValue(ctx, array);
  return status(errno);
}

enum PathCall { MKDIR, RMDIR, UNLINK };

// (Pointers to imported functions would need relocations of their own; a switch does not.)
static JSValue call_path(enum PathCall call, JSValue *argv) {
  if (!running) return forbid("changing files");
  i32 folder;
  Path path;
  if (!take_int(argv[0], &folder) || !take_path(argv[1], &path)) return JS_EXCEPTION;
  i32 errno = call == MKDIR   ? wasi_path_create_directory(folder, path.bytes, path.length)
              : call == RMDIR ? wasi_path_remove_directory(folder, path.bytes, path.length)
                              : wasi_path_unlink_file(folder, path.bytes, path.length);
  JS_FreeCString(ctx, path.bytes);
  return status(errno);
}

static JSValue files_mkdir(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return call_path(MKDIR, argv); }
static JSValue files_rmdir(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return call_path(RMDIR, argv); }
static JSValue files_unlink(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return call_path(UNLINK, argv); }

/** files.rename(folder, path, folder, path) */
static JSValue files_rename(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("changing files");
  i32 from_folder, to_folder;
  Path from, to;
  if (!take_int(argv[0], &from_folder) || !take_int(argv[2], &to_folder) || !take_path(argv[1], &from)) return JS_EXCEPTION;
  if (!take_path(argv[3], &to)) {
    JS_FreeCString(ctx, from.bytes);
    return JS_EXCEPTION;
  }
  i32 errno = wasi_path_rename(from_folder, from.bytes, from.length, to_folder, to.bytes, to.length);
  JS_FreeCString(ctx, from.bytes);
  JS_FreeCString(ctx, to.bytes);
  return status(errno);
}

static const NativeFunction functions[] = {
    {"preopens", files_preopens, 0}, {"open", files_open, 6},     {"close", files_close, 1},   {"seek", files_seek, 3},
    {"writeSome", files_write_some, 2}, {"stat", files_stat, 3},  {"list", files_list, 1},     {"mkdir", files_mkdir, 2},
    {"rmdir", files_rmdir, 2},       {"unlink", files_unlink, 2}, {"rename", files_rename, 4},
};

void add_file_functions(JSValue native) {
  JSValue files = JS_NewObject(ctx);
  ADD_FUNCTIONS(files, functions);
  JS_SetPropertyStr(ctx, native, "files", files);
}
