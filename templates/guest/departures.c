// Built-in functions that take the language's steps, in its order, where the engine's own do not.
#include "departures.h"

// ---- objects ----------------------------------------------------------------------------------------------------

/** CopyDataProperties, of `{...source}` and of patterns' rest: a string has properties, too. */
EXPORT i32 guest_copy_properties(JSContext *c, JSValue target, JSValue source, JSValue excluded, i32 set) {
  if (!is_string(source)) return engine_copy_properties(c, target, source, excluded, set);
  JSValue object = JS_ToObject(c, source);
  if (is_exception(object)) return -1;
  i32 status = engine_copy_properties(c, target, object, excluded, set);
  JS_FreeValue(c, object);
  return status;
}

/** Is the property, if it is there, as it is in a frozen (or sealed) object? -1 for an exception. */
static i32 is_fixed(JSContext *c, JSValue object, JSAtom name, bool frozen) {
  JSPropertyDescriptor property;
  i32 found = JS_GetOwnProperty(c, &property, object, name);
  if (found <= 0) return found < 0 ? -1 : 1;
  JS_FreeValue(c, property.value);
  JS_FreeValue(c, property.getter);
  JS_FreeValue(c, property.setter);
  return (property.flags & (frozen ? JS_PROP_C_W : JS_PROP_CONFIGURABLE)) == 0;
}

/** Object.isFrozen and isSealed ask first whether the object is extensible: a proxy sees the order. */
EXPORT JSValue guest_is_frozen(JSContext *c, JSValue this_val, i32 argc, JSValue *argv, i32 frozen) {
  if (!JS_IsProxy(argv[0])) return engine_is_frozen(c, this_val, argc, argv, frozen);
  i32 extensible = JS_IsExtensible(c, argv[0]);
  if (extensible != 0) return extensible < 0 ? JS_EXCEPTION : JS_FALSE;
  JSPropertyEnum *names;
  u32 count;
  if (JS_GetOwnPropertyNames(c, &names, &count, argv[0], JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK) != 0) return JS_EXCEPTION;
  i32 fixed = 1;
  for (u32 i = 0; i < count && fixed == 1; i++) fixed = is_fixed(c, argv[0], names[i].atom, frozen != 0);
  JS_FreePropertyEnum(c, names, count);
  return fixed < 0 ? JS_EXCEPTION : new_bool(fixed);
}

// ---- typed arrays -----------------------------------------------------------------------------------------------

/**
 * Can a program see when the `prototype` of this new target is asked for? Not of a function or class: there it is a
 * plain property.
 */
static bool shows_its_prototype_being_read(JSValue new_target) {
  if (!is_object(new_target)) return false;
  u32 class_id = JS_GetClassID(new_target);
  return class_id != CLASS_C_FUNCTION && class_id != CLASS_BYTECODE_FUNCTION;
}

/** The constructors: with an object to make it of, the new target's `prototype` is asked for before anything else. */
EXPORT JSValue guest_typed_array(JSContext *c, JSValue new_target, i32 argc, JSValue *argv, i32 class_id) {
  bool observable = is_object(argv[0]) && shows_its_prototype_being_read(new_target);
  if (!observable) return engine_typed_array(c, new_target, argc, argv, class_id);
  JSValue prototype = JS_GetPropertyStr(c, new_target, "prototype");
  if (is_exception(prototype)) return prototype;
  JSValue array = engine_typed_array(c, JS_UNDEFINED, argc, argv, class_id);
  if (is_object(array) && is_object(prototype)) JS_SetPrototype(c, array, prototype);
  JS_FreeValue(c, prototype);
  return array;
}

static bool share_memory(JSContext *c, JSValue one, JSValue other) {
  JSValue buffers[2] = {JS_GetTypedArrayBuffer(c, one, NULL, NULL, NULL), JS_GetTypedArrayBuffer(c, other, NULL, NULL, NULL)};
  if (is_exception(buffers[0]) || is_exception(buffers[1])) JS_FreeValue(c, JS_GetException(c));
  bool same = is_object(buffers[0]) && buffers[0] == buffers[1];
  JS_FreeValue(c, buffers[0]);
  JS_FreeValue(c, buffers[1]);
  return same;
}

static bool is_big_int(i32 type) { return type == ARRAY_BIG_INT64 || type == ARRAY_BIG_UINT64; }

/**
 * %TypedArray%.prototype.set: elements of another type over the same buffer are copied before any is written, and
 * BigInts and numbers do not mix when there are none, either.
 */
EXPORT JSValue guest_typed_array_set(JSContext *c, JSValue this_val, i32 argc, JSValue *argv) {
  i32 type = JS_GetTypedArrayType(this_val), source_type = JS_GetTypedArrayType(argv[0]);
  bool typed = type >= 0 && source_type >= 0 && type != source_type, mixed = is_big_int(type) != is_big_int(source_type);
  if (!typed || !(mixed || share_memory(c, this_val, argv[0])))
    return engine_typed_array_set(c, this_val, argc, argv);
  double offset = 0; // it may run a program that changes the elements
  if (argc > 1 && JS_ToFloat64(c, &offset, argv[1]) != 0) return JS_EXCEPTION;
  if (mixed && offset > -1) return JS_ThrowTypeError(c, "cannot mix BigInt and other types");
  JSValue copy = JS_NewTypedArray(c, 1, argv, source_type);
  if (is_exception(copy)) return copy;
  JSValue given[2] = {copy, JS_NewNumber(c, offset)};
  JSValue result = engine_typed_array_set(c, this_val, 2, given);
  JS_FreeValue(c, copy);
  return result;
}
