// Functions of the engine that give way to ours (engine/edit/replaced.ts): everything that called `engine_x` calls
// `guest_x`, which may still call it.
#pragma once
#include "guest.h"

JSValue engine_number_text(JSContext *, double number, i32 radix, i32 digits, i32 flags);
i32 engine_copy_properties(JSContext *, JSValue target, JSValue source, JSValue excluded, i32 set);
JSValue engine_is_frozen(JSContext *, JSValue this_val, i32 argc, JSValue *argv, i32 frozen);
JSValue engine_typed_array(JSContext *, JSValue new_target, i32 argc, JSValue *argv, i32 class_id);
JSValue engine_typed_array_set(JSContext *, JSValue this_val, i32 argc, JSValue *argv);
JSValue engine_weak_ref(JSContext *, JSValue new_target, i32 argc, JSValue *argv);
JSValue engine_deref(JSContext *, JSValue this_val, i32 argc, JSValue *argv);
JSValue engine_error_constructor(JSContext *, JSValue new_target, i32 argc, JSValue *argv, i32 kind);
void engine_backtrace(JSContext *, JSValue error, JSValue filter, const char *file, i32 line, i32 column, i32 flags);
