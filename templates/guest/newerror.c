// Where an error's trace begins: as in V8 behind the function that `new` was applied to, so that the constructor of a
// class of errors, and those of the classes that it extends, are not in it. An error whose new target is a function
// that is not running has no frames.
#include "departures.h"

enum { BACKTRACE_SKIPS_FIRST = 1 };

static u32 current_frame_offset, frame_function_offset, frame_previous_offset;

/** The constructor that runs innermost: its frame, and its new target. */
static u8 *error_frame;
static JSValue error_target = JS_UNDEFINED;

EXPORT void guest_set_frame_layout(u32 current_frame, u32 function, u32 previous) {
  current_frame_offset = current_frame;
  frame_function_offset = function;
  frame_previous_offset = previous;
}

static u8 **current_frame(void) { return (u8 **)((u8 *)rt + current_frame_offset); }

/** Error and its kinds. */
EXPORT JSValue guest_error_constructor(JSContext *c, JSValue new_target, i32 argc, JSValue *argv, i32 kind) {
  u8 *frame = error_frame;
  JSValue target = error_target;
  error_frame = *current_frame();
  error_target = new_target;
  JSValue error = engine_error_constructor(c, new_target, argc, argv, kind);
  error_frame = frame;
  error_target = target;
  return error;
}

static u8 *frame_of(JSValue function) {
  u8 *frame = *current_frame();
  while (frame != NULL && *(JSValue *)(frame + frame_function_offset) != function)
    frame = *(u8 **)(frame + frame_previous_offset);
  return frame;
}

EXPORT void guest_backtrace(JSContext *c, JSValue error, JSValue filter, const char *file, i32 line, i32 column,
                            i32 flags) {
  u8 *frame = *current_frame();
  bool derived = flags == BACKTRACE_SKIPS_FIRST && frame == error_frame && JS_IsFunction(c, error_target) &&
                 !JS_IsProxy(error_target);
  if (derived) *current_frame() = frame_of(error_target);
  engine_backtrace(c, error, filter, file, line, column, flags);
  if (derived) *current_frame() = frame;
}
