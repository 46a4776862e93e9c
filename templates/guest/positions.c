// Positions of functions that mix files.
//
// Line tables of functions are rewritten to the original positions when the app is built. The bundle's outermost
// function holds code of many files, but the engine gives a function one file name. So for such functions there is a
// table from pc to file, line and column, and every call of the engine's find_line_num comes here first
// (engine/prelink/prelink.ts redirects it). The engine reads the function's file name right after the call: it is
// exchanged here.
#include "guest.h"

/** The engine's own: line of a pc, and the column through `column`. Both count from 1. */
i32 engine_find_line_num(const void *bytecode, u32 pc, i32 *column);

/** From this pc on. Sorted by pc. */
typedef struct {
  u32 pc;
  JSAtom file;
  i32 line, column;
} Row;

typedef struct {
  u8 *bytecode;
  const Row *rows;
  u32 count;
} MixedFunction;

enum { MIXED_MAX = 8 };
static MixedFunction mixed[MIXED_MAX];
static u32 mixed_count;
static u32 filename_offset;

/**
 * Give a function its table. `rows`, allocated with malloc, and one reference to each atom in it become the guest's.
 * False when there is no room.
 */
EXPORT bool guest_add_mixed_function(u8 *bytecode, const Row *rows, u32 count, u32 file_name_offset) {
  if (mixed_count == MIXED_MAX) return false;
  filename_offset = file_name_offset;
  mixed[mixed_count++] = (MixedFunction){bytecode, rows, count};
  return true;
}

static const Row *find_row(const MixedFunction *function, u32 pc) {
  u32 low = 0, high = function->count;
  while (low < high) {
    u32 middle = (low + high) / 2;
    if (function->rows[middle].pc > pc) high = middle;
    else low = middle + 1;
  }
  return low == 0 ? NULL : &function->rows[low - 1];
}

EXPORT i32 guest_find_line_num(u8 *bytecode, u32 pc, i32 *column) {
  for (u32 i = 0; i < mixed_count; i++) {
    if (mixed[i].bytecode != bytecode) continue;
    const Row *row = find_row(&mixed[i], pc);
    if (row == NULL) break;
    JSAtom *file = (JSAtom *)(bytecode + filename_offset);
    if (*file != row->file) {
      JS_FreeAtom(ctx, *file);
      *file = JS_DupAtom(ctx, row->file);
    }
    *column = row->column;
    return row->line;
  }
  return engine_find_line_num(bytecode, pc, column);
}
