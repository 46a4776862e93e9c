// `native`: what the guest's own JavaScript asks of C. The app never sees this object.
#include "guest.h"

// ---- output -----------------------------------------------------------------------------------------------------

enum { ERRNO_AGAIN = 6, ERRNO_INTR = 27 };

static void sleep_until_ready(i32 fd);

bool write_all(i32 fd, const u8 *bytes, size_t length) {
  while (length > 0) {
    IoVector vector = {bytes, length};
    u32 written = 0;
    i32 errno = wasi_fd_write(fd, &vector, 1, &written);
    if (errno == ERRNO_AGAIN) sleep_until_ready(fd);
    else if (errno != 0 && errno != ERRNO_INTR) return false;
    if (errno != 0) written = 0;
    bytes += written;
    length -= written;
  }
  return true;
}

// UTF-8 has no lone surrogates: the engine writes them as three bytes ED A0..BF xx, Node as U+FFFD (EF BF BD).
static void mend_surrogates(u8 *bytes, size_t length) {
  for (size_t i = 0; i + 2 < length; i++) {
    if (bytes[i] == 0xed && bytes[i + 1] >= 0xa0) {
      bytes[i] = 0xef;
      bytes[i + 1] = 0xbf;
      bytes[i + 2] = 0xbd;
    }
  }
}

/** native.write(fd, string or Uint8Array) -> whether all of it was written */
static JSValue native_write(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("writing output");
  i32 fd;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  size_t length;
  if (is_object(argv[1])) {
    const u8 *bytes = JS_GetUint8Array(ctx, &length, argv[1]);
    if (bytes == NULL) return JS_EXCEPTION;
    return new_bool(write_all(fd, bytes, length));
  }
  const char *text = JS_ToCStringLen2(ctx, &length, argv[1], false);
  if (text == NULL) return JS_EXCEPTION;
  // An ASCII string's characters are borrowed from the string itself; there is nothing to mend in those.
  for (size_t i = 0; i < length; i++) {
    if ((u8)text[i] == 0xed) {
      mend_surrogates((u8 *)text + i, length - i);
      break;
    }
  }
  bool done = write_all(fd, (const u8 *)text, length);
  JS_FreeCString(ctx, text);
  return new_bool(done);
}

/** native.read(fd, Uint8Array) -> number of bytes, 0 at the end, or -errno */
static JSValue native_read(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("reading standard input or a file");
  i32 fd;
  size_t length;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  u8 *bytes = JS_GetUint8Array(ctx, &length, argv[1]);
  if (bytes == NULL) return JS_EXCEPTION;
  IoVector vector = {bytes, length};
  u32 count = 0;
  i32 errno;
  while ((errno = wasi_fd_read(fd, &vector, 1, &count)) == ERRNO_AGAIN || errno == ERRNO_INTR) sleep_until_ready(fd);
  return new_int(errno != 0 ? -errno : (i32)count);
}

/**
 * native.fileType(fd) -> WASI filetype, or -errno; of a character device that can be sought, which is no terminal, 0
 */
static JSValue native_file_type(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  i32 fd;
  u8 stat[24];
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  if (!running) return new_int(0);
  i32 errno = wasi_fd_fdstat_get(fd, stat);
  if (errno != 0) return new_int(-errno);
  enum { CHARACTER_DEVICE = 2, RIGHTS_SEEK_TELL = 4 | 32 };
  bool seekable = (stat[8] & RIGHTS_SEEK_TELL) != 0; // fs_rights_base
  return new_int(stat[0] == CHARACTER_DEVICE && seekable ? 0 : stat[0]);
}

// ---- time, randomness, the process ------------------------------------------------------------------------------

typedef struct {
  u64 userdata;
  u8 tag;
  u8 pad1[7];
  u32 id; // clock id, or fd
  u32 pad2;
  u64 timeout, precision;
  u16 flags;
  u8 pad3[6];
} Subscription;

static u64 read_clock(i32 id) {
  u64 nanoseconds = 0;
  wasi_clock_time_get(id, 1, &nanoseconds);
  return nanoseconds;
}

static void sleep_for(u64 nanoseconds) {
  u64 end = read_clock(1) + nanoseconds;
  Subscription subscription = {0};
  subscription.id = 1;
  subscription.timeout = nanoseconds;
  u8 event[32];
  u32 count;
  if (wasi_poll_oneoff(&subscription, event, 1, &count) == 0) return;
  // A host without poll_oneoff: the time still has to pass.
  while (read_clock(1) < end) {
  }
}

static void sleep_until_ready(i32 fd) { sleep_for(1000000); }

/** native.sleep(milliseconds) */
static JSValue native_sleep(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("waiting for a timer");
  double milliseconds;
  if (JS_ToFloat64(ctx, &milliseconds, argv[0])) return JS_EXCEPTION;
  if (milliseconds > 0) sleep_for((u64)(i64)(milliseconds * 1e6));
  return JS_UNDEFINED;
}

/**
 * native.waitInput(fd, milliseconds) -> can it be read? Without a limit, or on a host that cannot say: yes, and reading
 * waits
 */
static JSValue native_wait_input(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  i32 fd;
  double milliseconds;
  if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToFloat64(ctx, &milliseconds, argv[1])) return JS_EXCEPTION;
  if (!running) return forbid("reading standard input");
  if (milliseconds < 0) return JS_TRUE;
  Subscription subscriptions[2] = {{0}};
  subscriptions[0].id = 1;
  subscriptions[0].timeout = (u64)(i64)(milliseconds * 1e6);
  subscriptions[1].userdata = 1;
  subscriptions[1].tag = 1; // fd_read
  subscriptions[1].id = fd;
  u64 events[2][4] = {{0}}; // userdata, then errno u16 and type u8, …
  u32 count = 0;
  if (wasi_poll_oneoff(subscriptions, events, 2, &count) != 0) return JS_TRUE;
  bool ready = false;
  for (u32 i = 0; i < count; i++)
    if (events[i][0] == 1) ready = true; // an error counts: reading will tell
  return new_bool(ready);
}

/** native.memorySize() -> bytes */
static JSValue native_memory_size(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  return JS_NewNumber(ctx, (double)__builtin_wasm_memory_size(0) * 65536);
}

static JSValue clock_in_milliseconds(i32 id) {
  if (!running) return forbid("reading the clock");
  return JS_NewNumber(ctx, (double)(i64)read_clock(id) / 1e6);
}

/** native.wallClock() -> milliseconds since 1970 */
static JSValue native_wall_clock(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return clock_in_milliseconds(0); }

/** native.monotonic() -> milliseconds since some moment */
static JSValue native_monotonic(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return clock_in_milliseconds(1); }

/** native.nanoseconds() -> the monotonic clock as a BigInt */
static JSValue native_nanoseconds(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("reading the clock");
  return JS_NewBigUint64(ctx, read_clock(1));
}

/** native.random(Uint8Array): fill it */
static JSValue native_random(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("using randomness");
  size_t length;
  u8 *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
  if (bytes == NULL) return JS_EXCEPTION;
  // Some hosts give at most 64 KiB at once.
  for (size_t at = 0; at < length; at += 65536) {
    size_t left = length - at;
    i32 errno = wasi_random_get(bytes + at, left < 65536 ? left : 65536);
    if (errno != 0) return JS_ThrowTypeError(ctx, "the host has no randomness (errno %d)", errno);
  }
  return JS_UNDEFINED;
}

/** native.exit(code): never returns */
static JSValue native_exit(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!running) return forbid("calling process.exit");
  i32 code;
  if (JS_ToInt32(ctx, &code, argv[0])) return JS_EXCEPTION;
  wasi_proc_exit(code);
}

static JSValue read_strings(bool environment) {
  u32 count, size;
  JSValue array = JS_NewArray(ctx);
  i32 errno = environment ? wasi_environ_sizes_get(&count, &size) : wasi_args_sizes_get(&count, &size);
  if (errno != 0 || count == 0) return array;
  char **pointers = malloc(count * sizeof(char *) + size + 1);
  if (pointers == NULL) return JS_ThrowOutOfMemory(ctx);
  char *bytes = (char *)(pointers + count);
  errno = environment ? wasi_environ_get(pointers, bytes) : wasi_args_get(pointers, bytes);
  if (errno == 0) {
    for (u32 i = 0; i < count; i++)
      JS_SetPropertyUint32(ctx, array, i, JS_NewStringLen(ctx, pointers[i], strlen(pointers[i])));
  }
  free(pointers);
  return array;
}

/** native.args() -> strings, the program's name first */
static JSValue native_args(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  return running ? read_strings(false) : forbid("reading the arguments");
}

/** native.env() -> strings "NAME=value" */
static JSValue native_env(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  return running ? read_strings(true) : forbid("reading the environment");
}

/** native.running() -> false while the artifact is being built */
static JSValue native_running(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return new_bool(running); }

/** native.forbid(what, stack): throws the uncatchable "cannot be done at build time" */
static JSValue native_forbid(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  const char *what = JS_ToCStringLen2(ctx, NULL, argv[0], false);
  if (what == NULL) return JS_EXCEPTION;
  JSValue result = forbid_at(what, argc > 1 ? argv[1] : JS_UNDEFINED);
  JS_FreeCString(ctx, what);
  return result;
}

/** native.load(n) -> the value of a script of the core that was put aside */
static JSValue native_load(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  i32 index;
  if (JS_ToInt32(ctx, &index, argv[0])) return JS_EXCEPTION;
  return load_script(index);
}

// ---- jobs -------------------------------------------------------------------------------------------------------

static JSValue run_microtask(JSContext *c, int argc, JSValue *argv) { return JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL); }

/** native.enqueue(function): run it after the jobs that wait already */
static JSValue native_enqueue(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (JS_EnqueueJob(ctx, run_microtask, 1, argv) < 0) return JS_EXCEPTION;
  return JS_UNDEFINED;
}

/** native.runJobs(): all that wait, and those that they add; throws what one of them throws (call it again then) */
static JSValue native_run_jobs(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  JSContext *job_context;
  int result;
  do {
    while ((result = JS_ExecutePendingJob(rt, &job_context)) > 0) {
    }
  } while (result == 0 && release_kept()); // which may give finalization callbacks to do
  return result < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

// ---- looking into values ----------------------------------------------------------------------------------------

/** native.className(object) -> the engine's class: "Map", "Date", "Error", "Arguments", …; undefined for primitives */
static JSValue native_class_name(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!is_object(argv[0])) return JS_UNDEFINED;
  JSAtom name = JS_GetClassName(rt, JS_GetClassID(argv[0]));
  JSValue string = JS_AtomToString(ctx, name);
  JS_FreeAtom(ctx, name);
  return string;
}

/** native.classId(object) -> the number of the engine's class */
static JSValue native_class_id(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  return new_int(is_object(argv[0]) ? (i32)JS_GetClassID(argv[0]) : -1);
}

/** native.promise(promise) -> [0 pending | 1 fulfilled | 2 rejected, result] */
static JSValue native_promise(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!JS_IsPromise(argv[0])) return JS_UNDEFINED;
  JSValue array = JS_NewArray(ctx);
  i32 state = JS_PromiseState(ctx, argv[0]);
  JS_SetPropertyUint32(ctx, array, 0, new_int(state));
  JS_SetPropertyUint32(ctx, array, 1, state == 0 ? JS_UNDEFINED : JS_PromiseResult(ctx, argv[0]));
  return array;
}

/** native.proxy(value) -> [target, handler] of a proxy, both null when revoked; undefined for anything else */
static JSValue native_proxy(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  if (!JS_IsProxy(argv[0])) return JS_UNDEFINED;
  JSValue array = JS_NewArray(ctx);
  for (u32 i = 0; i < 2; i++) {
    JSValue value = i == 0 ? JS_GetProxyTarget(ctx, argv[0]) : JS_GetProxyHandler(ctx, argv[0]);
    if (is_exception(value)) {
      JS_FreeValue(ctx, JS_GetException(ctx));
      value = JS_NULL;
    }
    JS_SetPropertyUint32(ctx, array, i, value);
  }
  return array;
}

/** native.traceHook() -> what belongs into Error.prepareStackTrace when the program has nothing there */
static JSValue native_trace_hook(JSContext *c, JSValue this_val, int argc, JSValue *argv) { return trace_hook(); }

// ---- text -------------------------------------------------------------------------------------------------------

/** native.encode(string) -> ArrayBuffer of its UTF-8, lone surrogates as U+FFFD */
static JSValue native_encode(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  size_t length;
  const char *text = JS_ToCStringLen2(ctx, &length, argv[0], false);
  if (text == NULL) return JS_EXCEPTION;
  for (size_t i = 0; i < length; i++) {
    if ((u8)text[i] == 0xed) {
      mend_surrogates((u8 *)text + i, length - i);
      break;
    }
  }
  JSValue buffer = JS_NewArrayBufferCopy(ctx, (const u8 *)text, length);
  JS_FreeCString(ctx, text);
  return buffer;
}

// How many of the bytes are one well-formed character; 0 when they are not. `*bad` is then how many one U+FFFD stands
// for ("maximal subpart" in the Encoding Standard's words).
static u32 well_formed(const u8 *at, size_t left, u32 *bad) {
  u8 lead = at[0];
  *bad = 1;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  u32 need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  u8 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  u8 high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (u32 i = 1; i < need; i++) {
    if (i >= left || at[i] < low || at[i] > high) {
      *bad = i;
      return 0;
    }
    low = 0x80;
    high = 0xbf;
  }
  return need;
}

/** native.decode(Uint8Array, fatal) -> string; U+FFFD for what is not UTF-8, or undefined if fatal */
static JSValue native_decode(JSContext *c, JSValue this_val, int argc, JSValue *argv) {
  size_t length;
  const u8 *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
  if (bytes == NULL) return JS_EXCEPTION;
  bool fatal = argc > 1 && JS_ToBool(ctx, argv[1]);
  size_t at = 0, replacements = 0;
  u32 bad;
  while (at < length) {
    u32 good = well_formed(bytes + at, length - at, &bad);
    if (good == 0) replacements++;
    at += good == 0 ? bad : good;
  }
  if (replacements == 0) return JS_NewStringLen(ctx, (const char *)bytes, length);
  if (fatal) return JS_UNDEFINED;
  u8 *mended = malloc(length + 2 * replacements);
  if (mended == NULL) return JS_ThrowOutOfMemory(ctx);
  size_t out = 0;
  for (at = 0; at < length;) {
    u32 good = well_formed(bytes + at, length - at, &bad);
    if (good == 0) {
      memcpy(mended + out, "\xef\xbf\xbd", 3);
      out += 3;
      at += bad;
    } else {
      memcpy(mended + out, bytes + at, good);
      out += good;
      at += good;
    }
  }
  JSValue string = JS_NewStringLen(ctx, (const char *)mended, out);
  free(mended);
  return string;
}

// -----------------------------------------------------------------------------------------------------------------

void add_functions(JSValue object, const NativeFunction *rows, int count) {
  for (int i = 0; i < count; i++)
    JS_SetPropertyStr(ctx, object, rows[i].name, JS_NewCFunction2(ctx, rows[i].function, rows[i].name, rows[i].length, 0, 0));
}

static const NativeFunction functions[] = {
    {"write", native_write, 2},
    {"read", native_read, 2},
    {"fileType", native_file_type, 1},
    {"sleep", native_sleep, 1},
    {"waitInput", native_wait_input, 2},
    {"memorySize", native_memory_size, 0},
    {"wallClock", native_wall_clock, 0},
    {"monotonic", native_monotonic, 0},
    {"nanoseconds", native_nanoseconds, 0},
    {"random", native_random, 1},
    {"exit", native_exit, 1},
    {"args", native_args, 0},
    {"env", native_env, 0},
    {"running", native_running, 0},
    {"forbid", native_forbid, 1},
    {"load", native_load, 1},
    {"enqueue", native_enqueue, 1},
    {"runJobs", native_run_jobs, 0},
    {"className", native_class_name, 1},
    {"classId", native_class_id, 1},
    {"promise", native_promise, 1},
    {"proxy", native_proxy, 1},
    {"traceHook", native_trace_hook, 0},
    {"encode", native_encode, 1},
    {"decode", native_decode, 2},
};

JSValue new_native(void) {
  JSValue native = JS_NewObject(ctx);
  ADD_FUNCTIONS(native, functions);
  add_file_functions(native);
  return native;
}
