// The engine's exports that the guest uses, as C declarations. JSValue is a NaN box: tag in the high word.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
typedef u32 size_t;
typedef u64 JSValue;
typedef u32 JSAtom;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)

// What the builder and the host call.
#define EXPORT __attribute__((visibility("default")))

typedef struct JSRuntime JSRuntime;
typedef struct JSContext JSContext;

enum {
  TAG_BIG_INT = -9,
  TAG_SYMBOL = -8,
  TAG_STRING = -7,
  TAG_STRING_ROPE = -6,
  TAG_MODULE = -3,
  TAG_FUNCTION_BYTECODE = -2,
  TAG_OBJECT = -1,
  TAG_INT = 0,
  TAG_BOOL = 1,
  TAG_NULL = 2,
  TAG_UNDEFINED = 3,
  TAG_EXCEPTION = 6,
};

#define MAKE_VALUE(tag, bits) (((u64)(u32)(tag) << 32) | (u32)(bits))
#define JS_UNDEFINED MAKE_VALUE(TAG_UNDEFINED, 0)
#define JS_NULL MAKE_VALUE(TAG_NULL, 0)
#define JS_EXCEPTION MAKE_VALUE(TAG_EXCEPTION, 0)
#define JS_FALSE MAKE_VALUE(TAG_BOOL, 0)
#define JS_TRUE MAKE_VALUE(TAG_BOOL, 1)
#define TAG_OF(v) ((i32)((v) >> 32))
#define PTR_OF(v) ((void *)(u32)(v))

static inline bool is_exception(JSValue v) { return TAG_OF(v) == TAG_EXCEPTION; }
static inline bool is_object(JSValue v) { return TAG_OF(v) == TAG_OBJECT; }
static inline bool is_string(JSValue v) { return TAG_OF(v) == TAG_STRING || TAG_OF(v) == TAG_STRING_ROPE; }
static inline JSValue new_bool(bool b) { return b ? JS_TRUE : JS_FALSE; }
static inline JSValue new_int(i32 n) { return MAKE_VALUE(TAG_INT, n); }

typedef JSValue JSCFunction(JSContext *, JSValue this_val, int argc, JSValue *argv);
typedef JSValue JSJobFunc(JSContext *, int argc, JSValue *argv);
typedef JSValue JSClassCall(JSContext *, JSValue func, JSValue this_val, int argc, JSValue *argv, int flags);

typedef struct {
  void *(*js_calloc)(void *opaque, size_t count, size_t size);
  void *(*js_malloc)(void *opaque, size_t size);
  void (*js_free)(void *opaque, void *ptr);
  void *(*js_realloc)(void *opaque, void *ptr, size_t size);
  size_t (*js_malloc_usable_size)(const void *ptr);
} JSMallocFunctions;

typedef struct {
  const char *class_name;
  void *finalizer;
  void *gc_mark;
  JSClassCall *call;
  void *exotic;
} JSClassDef;

enum {
  JS_EVAL_FLAG_COMPILE_ONLY = 1 << 5,
  JS_WRITE_OBJ_BYTECODE = 1 << 0,
  JS_WRITE_OBJ_STRIP_SOURCE = 1 << 4,
  JS_WRITE_OBJ_STRIP_DEBUG = 1 << 5,
  JS_READ_OBJ_BYTECODE = 1 << 0,
  JS_PROP_CONFIGURABLE = 1,
  JS_PROP_C_W = 3,
  JS_PROP_C_W_E = 7,
  JS_GPN_STRING_MASK = 1,
  JS_GPN_SYMBOL_MASK = 2,
  CLASS_C_FUNCTION = 12,
  CLASS_BYTECODE_FUNCTION = 13,
  ARRAY_BIG_INT64 = 7,
  ARRAY_BIG_UINT64 = 8,
};

// libc, as far as the engine exports it.
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);
int snprintf(char *, size_t, const char *, ...);

typedef struct {
  bool is_enumerable;
  JSAtom atom;
} JSPropertyEnum;

typedef struct {
  i32 flags;
  JSValue value, getter, setter;
} JSPropertyDescriptor;

JSRuntime *JS_NewRuntime2(const JSMallocFunctions *, void *opaque);
void JS_SetMaxStackSize(JSRuntime *, size_t);
void JS_UpdateStackTop(JSRuntime *);
void JS_RunGC(JSRuntime *);
size_t JS_GetGCThreshold(JSRuntime *);
void JS_SetGCThreshold(JSRuntime *, size_t);
void JS_SetInterruptHandler(JSRuntime *, int (*)(JSRuntime *, void *), void *);
void JS_SetHostPromiseRejectionTracker(JSRuntime *,
                                       void (*)(JSContext *, JSValue promise, JSValue reason, bool handled, void *),
                                       void *);
JSContext *JS_NewContextRaw(JSRuntime *);
int JS_AddIntrinsicBaseObjects(JSContext *);
int JS_AddIntrinsicDate(JSContext *);
int JS_AddIntrinsicEval(JSContext *);
int JS_AddIntrinsicRegExp(JSContext *);
int JS_AddIntrinsicJSON(JSContext *);
int JS_AddIntrinsicProxy(JSContext *);
int JS_AddIntrinsicMapSet(JSContext *);
int JS_AddIntrinsicTypedArrays(JSContext *);
int JS_AddIntrinsicPromise(JSContext *);
int JS_AddIntrinsicWeakRef(JSContext *);
int JS_AddIntrinsicAToB(JSContext *);
int JS_AddIntrinsicDOMException(JSContext *);

JSValue JS_Eval(JSContext *, const char *, size_t, const char *file, int flags);
JSValue JS_EvalFunction(JSContext *, JSValue);
u8 *JS_WriteObject(JSContext *, size_t *, JSValue, int flags);
JSValue JS_ReadObject(JSContext *, const u8 *, size_t, int flags);
JSValue JS_Call(JSContext *, JSValue func, JSValue this_val, int argc, JSValue *argv);
JSValue JS_CallConstructor(JSContext *, JSValue func, int argc, JSValue *argv);
JSValue JS_Throw(JSContext *, JSValue);
JSValue JS_ThrowTypeError(JSContext *, const char *, ...);
JSValue JS_ThrowOutOfMemory(JSContext *);
JSValue JS_GetException(JSContext *);
void JS_SetUncatchableError(JSContext *, JSValue);
bool JS_IsError(JSValue);
void js_free(JSContext *, void *);
bool JS_IsFunction(JSContext *, JSValue);
JSValue JS_NewError(JSContext *);

JSValue JS_DupValue(JSContext *, JSValue);
void JS_FreeValue(JSContext *, JSValue);
JSValue JS_NewNumber(JSContext *, double);
JSValue JS_NewBigUint64(JSContext *, u64);
JSValue JS_NewStringLen(JSContext *, const char *, size_t);
JSValue JS_NewObject(JSContext *);
JSValue JS_NewObjectClass(JSContext *, int class_id);
JSValue JS_NewArray(JSContext *);
JSValue JS_NewArrayBufferCopy(JSContext *, const u8 *, size_t);
JSValue JS_NewCFunction2(JSContext *, JSCFunction *, const char *name, int length, int proto, int magic);
u32 JS_NewClassID(JSRuntime *, u32 *);
int JS_NewClass(JSRuntime *, u32, const JSClassDef *);
u32 JS_GetClassID(JSValue);
void *JS_GetAnyOpaque(JSValue, u32 *class_id);
JSAtom JS_GetClassName(JSRuntime *, u32);
JSValue JS_AtomToString(JSContext *, JSAtom);
JSAtom JS_DupAtom(JSContext *, JSAtom);
void JS_FreeAtom(JSContext *, JSAtom);
JSValue JS_GetGlobalObject(JSContext *);
JSValue JS_GetPropertyStr(JSContext *, JSValue, const char *);
JSValue JS_GetPropertyUint32(JSContext *, JSValue, u32);
int JS_SetPropertyStr(JSContext *, JSValue, const char *, JSValue);
int JS_SetPropertyUint32(JSContext *, JSValue, u32, JSValue);
int JS_DefinePropertyValueStr(JSContext *, JSValue, const char *, JSValue, int flags);
int JS_GetOwnPropertyNames(JSContext *, JSPropertyEnum **, u32 *count, JSValue, int flags);
int JS_GetOwnProperty(JSContext *, JSPropertyDescriptor *, JSValue, JSAtom);
void JS_FreePropertyEnum(JSContext *, JSPropertyEnum *, u32 count);
int JS_IsExtensible(JSContext *, JSValue);
int JS_SetPrototype(JSContext *, JSValue, JSValue prototype);
int JS_GetLength(JSContext *, JSValue, i64 *);
const char *JS_ToCStringLen2(JSContext *, size_t *, JSValue, bool cesu8);
void JS_FreeCString(JSContext *, const char *);
int JS_ToFloat64(JSContext *, double *, JSValue);
int JS_ToInt32(JSContext *, i32 *, JSValue);
int JS_ToInt64(JSContext *, i64 *, JSValue);
JSValue JS_ToString(JSContext *, JSValue);
JSValue JS_ToObject(JSContext *, JSValue);
int JS_ToBool(JSContext *, JSValue);
JSValue JS_NewTypedArray(JSContext *, int argc, JSValue *argv, int type);
int JS_GetTypedArrayType(JSValue);
JSValue JS_GetTypedArrayBuffer(JSContext *, JSValue, size_t *offset, size_t *length, size_t *element_size);
u8 *JS_GetUint8Array(JSContext *, size_t *, JSValue);
int JS_PromiseState(JSContext *, JSValue);
JSValue JS_PromiseResult(JSContext *, JSValue);
bool JS_IsPromise(JSValue);
bool JS_IsProxy(JSValue);
JSValue JS_GetProxyTarget(JSContext *, JSValue);
JSValue JS_GetProxyHandler(JSContext *, JSValue);
int JS_EnqueueJob(JSContext *, JSJobFunc *, int argc, JSValue *argv);
bool JS_IsJobPending(JSRuntime *);
int JS_ExecutePendingJob(JSRuntime *, JSContext **);
JSValue JS_JSONStringify(JSContext *, JSValue, JSValue replacer, JSValue space);
