// The guest's life: made once when the base is prelinked, given an app when an artifact is built, started when it runs.
// docs/guest-interface.md says who calls what when.
#include "guest.h"

JSRuntime *rt;
JSContext *ctx;
bool running;

/** The core's functions by name: main, runAtBuild, uncaught, rejection, loadParts, describe. */
static JSValue core = JS_UNDEFINED;
static JSValue app = JS_UNDEFINED;
static bool app_is_module;
static char *error_text;

/** Filled in by the builder: byte offset of the state of Math.random in JSContext; 0 leaves it alone. */
static u32 random_state_offset;

static JSValue call_core(const char *name, int argc, JSValue *argv) {
  JSValue function = JS_GetPropertyStr(ctx, core, name);
  if (is_exception(function)) return function;
  JSValue result = JS_Call(ctx, function, core, argc, argv);
  JS_FreeValue(ctx, function);
  return result;
}

static void on_rejection(JSContext *c, JSValue promise, JSValue reason, bool handled, void *opaque) {
  JSValue argv[3] = {promise, reason, new_bool(handled)};
  JSValue result = call_core("rejection", 3, argv);
  if (is_exception(result)) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, result);
}

/**
 * Polls of the interrupt handler, 10,000 ticks apart, that a top level may take at build time: a minute or so of
 * interpreting.
 */
enum { BUILD_POLLS_MAX = 300000 };
static u32 build_polls;

static int on_interrupt(JSRuntime *r, void *opaque) { return !running && ++build_polls > BUILD_POLLS_MAX; }

// ---- the engine's own six imports -------------------------------------------------------------------------------

EXPORT i32 host_interrupt(void) { return 0; }
EXPORT void host_promise_rejection(i32 promise, i32 reason, i32 handled) {}
EXPORT i32 host_module_normalize(i32 base, i32 name) { return 0; }
EXPORT i32 host_module_load(i32 name, i32 out) { return 0; }
EXPORT i32 host_call(i32 a, i32 b, i32 c, i32 d, i32 e) { return 0; }
/** WASI preview1 knows no time zone: local time is UTC. */
EXPORT i32 host_get_timezone_offset(i32 low, i32 high) { return 0; }

// ---- building ---------------------------------------------------------------------------------------------------

/** Create runtime and context. Returns 0, or the number of the step that failed. */
EXPORT i32 guest_init(void) {
  rt = JS_NewRuntime2(&building_malloc_functions, NULL);
  if (rt == NULL) return 1;
  ctx = JS_NewContextRaw(rt);
  if (ctx == NULL) return 2;
  if (JS_AddIntrinsicBaseObjects(ctx) || JS_AddIntrinsicDate(ctx) || JS_AddIntrinsicEval(ctx) ||
      JS_AddIntrinsicRegExp(ctx) || JS_AddIntrinsicJSON(ctx) || JS_AddIntrinsicProxy(ctx) ||
      JS_AddIntrinsicMapSet(ctx) || JS_AddIntrinsicTypedArrays(ctx) || JS_AddIntrinsicPromise(ctx) ||
      JS_AddIntrinsicWeakRef(ctx) || JS_AddIntrinsicAToB(ctx) || JS_AddIntrinsicDOMException(ctx))
    return 3;
  JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
  JS_SetInterruptHandler(rt, on_interrupt, NULL);
  if (!install_trace()) return 4;
  return 0;
}

/** Limit of the engine's shadow stack in bytes. */
EXPORT void guest_set_stack_size(size_t bytes) { JS_SetMaxStackSize(rt, bytes); }

EXPORT void guest_set_layout(u32 random_state) { random_state_offset = random_state; }

/** Compile, forget the text, run. `debug` keeps file name and line table. The text is zeroed. */
static JSValue evaluate(char *text, size_t length, const char *name, int strip) {
  JSValue code = JS_Eval(ctx, text, length, name, JS_EVAL_FLAG_COMPILE_ONLY);
  memset(text, 0, length);
  if (is_exception(code)) return code;
  if (strip != 0) {
    // The engine's own way to forget: write the bytecode without it, read it back.
    size_t size;
    u8 *bytes = JS_WriteObject(ctx, &size, code, JS_WRITE_OBJ_BYTECODE | strip);
    JS_FreeValue(ctx, code);
    if (bytes == NULL) return JS_EXCEPTION;
    code = JS_ReadObject(ctx, bytes, size, JS_READ_OBJ_BYTECODE);
    js_free(ctx, bytes);
    if (is_exception(code)) return code;
  }
  return JS_EvalFunction(ctx, code);
}

enum { SCRIPTS_MAX = 4 };
static struct {
  u8 *bytes;
  size_t size;
} scripts[SCRIPTS_MAX];

/** The value of a script that guest_eval_core has put aside. */
JSValue load_script(u32 index) {
  if (index >= SCRIPTS_MAX || scripts[index].bytes == NULL) return JS_ThrowTypeError(ctx, "there is no script %d", index);
  JSValue code = JS_ReadObject(ctx, scripts[index].bytes, scripts[index].size, JS_READ_OBJ_BYTECODE);
  js_free(ctx, scripts[index].bytes); // the core asks once
  scripts[index].bytes = NULL;
  return is_exception(code) ? code : JS_EvalFunction(ctx, code);
}

// Compiled, but kept as bytes: a third of what it takes when it is alive.
static bool put_aside(u32 index, char *text, size_t length) {
  JSValue code = JS_Eval(ctx, text, length, "edgebox:core", JS_EVAL_FLAG_COMPILE_ONLY);
  if (is_exception(code)) return false;
  int flags = JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG;
  scripts[index].bytes = JS_WriteObject(ctx, &scripts[index].size, code, flags);
  JS_FreeValue(ctx, code);
  return scripts[index].bytes != NULL;
}

/**
 * The core: scripts separated by NUL. The first is run now; its completion value is a function of `native` that returns
 * the core's functions. The others are put aside for native.load(0), native.load(1), …
 */
EXPORT i32 guest_eval_core(char *text, size_t length) {
  size_t first = strlen(text);
  for (u32 index = 0, at = first + 1; at < length; index++) {
    size_t size = strlen(text + at);
    bool done = index < SCRIPTS_MAX && put_aside(index, text + at, size);
    memset(text + at, 0, size);
    if (!done) {
      keep_error(JS_GetException(ctx));
      return 1;
    }
    at += size + 1;
  }
  JSValue make = evaluate(text, first, "edgebox:core", JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG);
  if (!is_exception(make)) {
    JSValue native = new_native();
    core = JS_Call(ctx, make, JS_UNDEFINED, 1, &native);
    JS_FreeValue(ctx, native);
    JS_FreeValue(ctx, make);
    if (!is_exception(core)) return 0;
  }
  core = JS_UNDEFINED;
  keep_error(JS_GetException(ctx));
  return 1;
}

/** Parts: a script whose completion value is a function that the core calls with `native` and its own insides. */
EXPORT i32 guest_eval_part(char *text, size_t length, const char *name) {
  JSValue part = evaluate(text, length, name, JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG);
  if (!is_exception(part)) {
    JSValue result = call_core("loadParts", 1, &part);
    JS_FreeValue(ctx, part);
    JS_FreeValue(ctx, result);
    if (!is_exception(result)) return 0;
  }
  keep_error(JS_GetException(ctx));
  return 1;
}

enum { FLAG_MODULE = 1, FLAG_KEEP_SOURCE = 2 };

/**
 * The app: a script whose completion value is a function of `require`. Kept for `_start`; see guest_app_function.
 * FLAG_MODULE: its entry is an ES module.
 */
EXPORT i32 guest_compile_app(char *text, size_t length, const char *name, u32 flags) {
  JS_FreeValue(ctx, app);
  app_is_module = (flags & FLAG_MODULE) != 0;
  app = evaluate(text, length, name, flags & FLAG_KEEP_SOURCE ? 0 : JS_WRITE_OBJ_STRIP_SOURCE);
  if (!is_exception(app) && JS_IsFunction(ctx, app)) return 0;
  if (!is_exception(app)) JS_ThrowTypeError(ctx, "the bundle is not a function");
  app = JS_UNDEFINED;
  keep_error(JS_GetException(ctx));
  return 1;
}

/** For the builder: where the runtime and the context lie. */
EXPORT JSRuntime *guest_runtime(void) { return rt; }
EXPORT JSContext *guest_context(void) { return ctx; }

/** The app's outermost function as a JSValue (an object); the builder borrows it. */
EXPORT JSValue guest_app_function(void) { return app; }

/** `--snapshot app`: run the top level now, until nothing is left to do. Afterwards `_start` calls what it left. */
EXPORT i32 guest_run_app_now(void) {
  JSValue argv[2] = {app, new_bool(app_is_module)};
  JSValue result = call_core("runAtBuild", 2, argv);
  if (is_exception(result)) {
    JSValue error = JS_GetException(ctx);
    if (error_text == NULL) keep_error(error);
    else JS_FreeValue(ctx, error);
    return 1;
  }
  JS_FreeValue(ctx, app);
  app = JS_UNDEFINED;
  JS_FreeValue(ctx, result);
  return error_text != NULL;
}

/**
 * The last problem as JSON {name, message, stack, fileName, lineNumber, columnNumber}, NUL-terminated; 0 if there is
 * none.
 */
EXPORT const char *guest_error(void) { return error_text; }

EXPORT void guest_clear_error(void) {
  if (error_text != NULL) {
    memset(error_text, 0, strlen(error_text));
    free(error_text);
  }
  error_text = NULL;
}

void keep_error(JSValue error) {
  guest_clear_error();
  JSValue text = is_object(core) ? call_core("describe", 1, &error) : JS_ToString(ctx, error);
  if (is_exception(text)) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    text = JS_NewStringLen(ctx, "{}", 2);
  }
  size_t length;
  const char *bytes = JS_ToCStringLen2(ctx, &length, text, false);
  JS_FreeValue(ctx, text);
  JS_FreeValue(ctx, error);
  if (bytes == NULL) return;
  error_text = malloc(length + 1);
  if (error_text != NULL) memcpy(error_text, bytes, length + 1);
  JS_FreeCString(ctx, bytes);
}

JSValue forbid(const char *what) { return forbid_at(what, JS_UNDEFINED); }

JSValue forbid_at(const char *what, JSValue stack) {
  JSValue error = JS_NewError(ctx);
  if (is_string(stack)) JS_SetPropertyStr(ctx, error, "stack", JS_DupValue(ctx, stack));
  JS_SetPropertyStr(ctx, error, "message", JS_NewStringLen(ctx, what, strlen(what)));
  JS_SetPropertyStr(ctx, error, "forbidden", JS_NewStringLen(ctx, what, strlen(what)));
  // The first one counts: a program that catches its way around would still bake the answer in.
  if (error_text == NULL) keep_error(JS_DupValue(ctx, error));
  JS_SetUncatchableError(ctx, error);
  return JS_Throw(ctx, error);
}

/** For the builder's imports: something that may not happen at build time was just asked for. Fills guest_error(). */
EXPORT void guest_forbid(const char *what) {
  forbid(what);
  JS_FreeValue(ctx, JS_GetException(ctx));
}

// ---- running ----------------------------------------------------------------------------------------------------

// xorshift64* needs a state that is not 0.
static void reseed(void) {
  if (random_state_offset == 0) return;
  u64 *state = (u64 *)((u8 *)ctx + random_state_offset);
  u64 seed;
  if (wasi_random_get((u8 *)&seed, sizeof(seed)) != 0) wasi_clock_time_get(0, 1, &seed);
  *state = seed == 0 ? 1 : seed;
}

static void say(const char *text) { write_all(2, (const u8 *)text, strlen(text)); }

/** The core itself failed: most likely there is no memory left. Say what can be said without it. */
static void say_last_words(void) {
  JSValue error = JS_GetException(ctx);
  JSValue message = is_object(error) ? JS_GetPropertyStr(ctx, error, "message") : JS_UNDEFINED;
  const char *text = is_string(message) ? JS_ToCStringLen2(ctx, NULL, message, false) : NULL;
  say("Uncaught ");
  say(text != NULL ? text : "error, and no memory left to print it");
  say("\n");
}

/** The WASI command's entry. */
EXPORT void _start(void) {
  running = true;
  reseed();
  JSValue argv[2] = {app, new_bool(app_is_module)};
  JSValue result = call_core("main", 2, argv);
  i32 code = 1;
  if (is_exception(result)) say_last_words();
  else JS_ToInt32(ctx, &code, result);
  if (code != 0) wasi_proc_exit(code);
}
