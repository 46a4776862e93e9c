// The runtime's malloc functions while we build: what is freed is zeroed, so that garbage does not end up in the
// snapshot.
//
// Before the snapshot guest_seal() puts plain functions in their place, because zeroing costs time at run time.
#include "guest.h"

size_t js_malloc_usable_size_rt(JSRuntime *, const void *);
void *js_malloc_rt(JSRuntime *, size_t);
void js_free_rt(JSRuntime *, void *);

u32 blocks_taken;

// The engine does not export malloc_usable_size. Its malloc keeps the size of a block, with flags in the low bits, in
// the word before it (checked in guest_init).
static size_t usable_size(const void *block) {
  if (block == NULL) return 0;
  return (((const u32 *)block)[-1] & ~7u) - 4;
}

static void *plain_calloc(void *opaque, size_t count, size_t size) { return calloc(count, size); }
static void *plain_malloc(void *opaque, size_t size) { return malloc(size); }
static void plain_free(void *opaque, void *block) { free(block); }
static void *plain_realloc(void *opaque, void *block, size_t size) { return realloc(block, size); }

static void *building_calloc(void *opaque, size_t count, size_t size) {
  blocks_taken++;
  return calloc(count, size);
}

static void *building_malloc(void *opaque, size_t size) {
  blocks_taken++;
  return malloc(size);
}

static void building_free(void *opaque, void *block) {
  if (block == NULL) return;
  memset(block, 0, usable_size(block));
  free(block);
}

static void *building_realloc(void *opaque, void *block, size_t size) {
  if (block == NULL) return building_malloc(opaque, size);
  if (size == 0) {
    building_free(opaque, block);
    return NULL;
  }
  size_t old = usable_size(block);
  if (size <= old && size >= old / 2) return block;
  void *moved = building_malloc(opaque, size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old < size ? old : size);
  building_free(opaque, block);
  return moved;
}

const JSMallocFunctions building_malloc_functions = {
    building_calloc, building_malloc, building_free, building_realloc, usable_size,
};
static const JSMallocFunctions plain_malloc_functions = {
    plain_calloc, plain_malloc, plain_free, plain_realloc, usable_size,
};

// Is usable_size right? A block's bytes must end where the next header may begin, for all the sizes that matter.
EXPORT bool guest_check_malloc(void) {
  for (size_t size = 1; size < 5000; size += 37) {
    u8 *block = malloc(size);
    size_t usable = block == NULL ? 0 : usable_size(block);
    bool right = usable >= size && usable < size + 32;
    free(block);
    if (!right) return false;
  }
  return true;
}

// Freed blocks inside the engine's arenas never reach building_free. Take every free block of each size until the
// engine asks for a new arena, zero them, give them back.
static void zero_arenas(void) {
  enum { MOST = 1 << 16 };
  void **taken = malloc(MOST * sizeof(void *));
  if (taken == NULL) return;
  for (size_t size = 1; size < 600; size += 8) {
    u32 count = 0;
    u32 before = blocks_taken;
    while (count < MOST) {
      void *block = js_malloc_rt(rt, size);
      if (block == NULL) break;
      taken[count++] = block;
      if (blocks_taken != before) break;
    }
    for (u32 i = 0; i < count; i++) memset(taken[i], 0, js_malloc_usable_size_rt(rt, taken[i]));
    // Last first: the free list keeps its order, and the arena that was added for us becomes free as a whole.
    while (count > 0) js_free_rt(rt, taken[--count]);
  }
  memset(taken, 0, MOST * sizeof(void *));
  free(taken);
}

/**
 * Last call before the snapshot of an artifact: collect garbage, zero what is free, and give the runtime its plain
 * malloc functions. Returns 0, or 1 when the runtime does not hold our functions where it should.
 */
EXPORT i32 guest_seal(void) {
  JS_RunGC(rt);
  zero_arenas();
  u8 *at = (u8 *)rt;
  for (u32 offset = 0; offset < 64; offset += 4) {
    if (memcmp(at + offset, &building_malloc_functions, sizeof(JSMallocFunctions)) == 0) {
      memcpy(at + offset, &plain_malloc_functions, sizeof(JSMallocFunctions));
      return 0;
    }
  }
  return 1;
}

/** Undo guest_seal: a base that is snapshotted sealed is built on again. */
EXPORT i32 guest_unseal(void) {
  u8 *at = (u8 *)rt;
  for (u32 offset = 0; offset < 64; offset += 4) {
    if (memcmp(at + offset, &plain_malloc_functions, sizeof(JSMallocFunctions)) == 0) {
      memcpy(at + offset, &building_malloc_functions, sizeof(JSMallocFunctions));
      return 0;
    }
  }
  return 1;
}
