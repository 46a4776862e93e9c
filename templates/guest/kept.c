// What a WeakRef has shown, or was made of, is kept until the job ends (AddToKeptObjects and ClearKeptObjects of the
// language). As in V8 that is when no job waits any more.
#include "departures.h"

/** A hash table of values by their bits; 0, which is the number 0, is a free place. */
static JSValue *kept;
static u32 kept_count, kept_places;

static JSValue *place_of(JSValue *table, u32 places, JSValue value) {
  u32 at = (u32)value * 2654435761u;
  while (table[at & (places - 1)] != 0 && table[at & (places - 1)] != value) at++;
  return &table[at & (places - 1)];
}

static bool grow(void) {
  enum { FIRST_PLACES = 16 };
  u32 places = kept_places == 0 ? FIRST_PLACES : kept_places * 2;
  JSValue *grown = calloc(places, sizeof(JSValue));
  if (grown == NULL) return false;
  for (u32 i = 0; i < kept_places; i++)
    if (kept[i] != 0) *place_of(grown, places, kept[i]) = kept[i];
  free(kept);
  kept = grown;
  kept_places = places;
  return true;
}

static void keep(JSContext *c, JSValue value) {
  if (!is_object(value) && TAG_OF(value) != TAG_SYMBOL) return;
  if (kept_count * 2 >= kept_places && !grow()) return;
  JSValue *place = place_of(kept, kept_places, value);
  if (*place != 0) return;
  *place = JS_DupValue(c, value);
  kept_count++;
}

bool release_kept(void) {
  if (kept == NULL) return false;
  JSValue *released = kept;
  u32 places = kept_places;
  kept = NULL;
  kept_count = kept_places = 0;
  for (u32 i = 0; i < places; i++)
    if (released[i] != 0) JS_FreeValue(ctx, released[i]);
  if (!running) memset(released, 0, places * sizeof(JSValue));
  free(released);
  return true;
}

EXPORT JSValue guest_weak_ref(JSContext *c, JSValue new_target, i32 argc, JSValue *argv) {
  JSValue result = engine_weak_ref(c, new_target, argc, argv);
  if (!is_exception(result)) keep(c, argv[0]);
  return result;
}

EXPORT JSValue guest_deref(JSContext *c, JSValue this_val, i32 argc, JSValue *argv) {
  JSValue result = engine_deref(c, this_val, argc, argv);
  keep(c, result);
  return result;
}
