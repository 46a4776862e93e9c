// Stack traces that name original files: every function's file name and line table is rewritten from the bundle's
// source map.
//
// The engine keeps for each function one file name, where it begins, and a table from pc to line and column. A function
// whose code comes from one file gets that file's name and a table of original positions: nothing is added to the
// artifact. A function that mixes files (the bundle's outermost one) keeps its table and gets another one from pc to
// file, line and column, which the guest looks at when a trace is made (templates/guest/positions.c).
import { eachMapping, TraceMap, type EncodedSourceMap } from "@jridgewell/trace-mapping"
import { JSFunctionBytecode as B, tags } from "../engine/abi.ts"
import type { JSValue, LiveEngine, Pointer } from "../engine/live.ts"
import { decodeLines, encodeLines, type LineEntry } from "../freeze/read/lines.ts"
import { bytecodeOf } from "../freeze/read/reader.ts"
import type { Bundle } from "./bundle/bundle.ts"

/** A place in an original file. Lines and columns count from 1, columns in UTF-16 units as Node counts them. */
export interface Place {
  file: string
  line: number
  column: number
}

type Lookup = (line: number, column: number) => Place | undefined

/** The original place of a position in the bundle (from 1; columns in UTF-8 bytes, as the engine counts them). */
export function originalPlace(bundle: Bundle, line: number, column: number): Place | undefined {
  return lookup(bundle)(line, column)
}

/** Rewrite the file names and line tables of the app's functions. */
export function placeApp(live: LiveEngine, app: JSValue, bundle: Bundle, bundleName: string): void {
  const find = lookup(bundle)
  const root = bytecodeOf(live, app)
  if (root === undefined) throw new Error("the app's outermost function is no bytecode function")
  const context = live.view().getUint32(root + B.realm, true)
  const atoms = new Map<string, number>()
  const atomOf = (name: string): number => {
    let atom = atoms.get(name)
    if (atom === undefined) {
      atom = live.withString(name, (pointer, length) => live.call("JS_NewAtomLen", context, pointer, length))
      atoms.set(name, atom)
    }
    return atom
  }
  const work = { live, context, find, atomOf, bundleName }
  for (const pointer of functionsBelow(live, root)) placeFunction(work, pointer, pointer === root)
}

/** Every function bytecode that is reachable through constant pools, the root included. */
export function functionsBelow(live: LiveEngine, root: Pointer): Pointer[] {
  const view = live.view()
  const found = [root]
  for (let i = 0; i < found.length; i++) {
    const pointer = found[i] as Pointer
    const pool = view.getUint32(pointer + B.cpool, true)
    for (let left = view.getInt32(pointer + B.cpool_count, true); left > 0; left--) {
      const at = pool + 8 * (left - 1)
      if (view.getInt32(at + 4, true) === tags.JS_TAG_FUNCTION_BYTECODE) found.push(view.getUint32(at, true))
    }
  }
  return found
}

/** Bytes of bytecode and line tables of a function and all below it. */
export function bytecodeBytes(live: LiveEngine, app: JSValue): number {
  const root = bytecodeOf(live, app)
  if (root === undefined) return 0
  const view = live.view()
  const size = (p: Pointer) => view.getInt32(p + B.byte_code_len, true) + view.getInt32(p + B.pc2line_len, true)
  return functionsBelow(live, root).reduce((sum, pointer) => sum + size(pointer), 0)
}

interface Work {
  live: LiveEngine
  context: Pointer
  find: Lookup
  atomOf: (name: string) => number
  bundleName: string
}

function placeFunction(work: Work, pointer: Pointer, isOutermost: boolean): void {
  const { live, find } = work
  const view = live.view()
  const table = view.getUint32(pointer + B.pc2line_buf, true)
  const length = view.getInt32(pointer + B.pc2line_len, true)
  const start = { line: view.getInt32(pointer + B.line_num, true), column: view.getInt32(pointer + B.col_num, true) }
  const entries = table === 0 ? [] : decodeLines(live.bytes().slice(table, table + length), start)
  const places = [{ offset: 0, ...start }, ...entries].map((entry) => find(entry.line, entry.column))
  const files = new Set(places.filter((p) => p !== undefined).map((p) => p.file))
  const [file] = files
  if (file === undefined) return hide(work, pointer)
  if (files.size === 1 && !isOutermost) rewriteTable(work, pointer, file, entries, places)
  else addMixedTable(work, pointer, entries, places)
}

/**
 * A function of the bundler's own: without lines, so that traces leave it out (templates/guest/trace.c). Its file is
 * the bundle, as it was compiled.
 */
function hide(work: Work, pointer: Pointer): void {
  setTable(work, pointer, new Uint8Array())
  work.live.view().setInt32(pointer + B.line_num, 0, true)
}

/** One file: its name, and a table of its positions. What has no original keeps the place of what comes before it. */
function rewriteTable(
  work: Work,
  pointer: Pointer,
  file: string,
  entries: readonly LineEntry[],
  places: readonly (Place | undefined)[],
): void {
  const { live } = work
  const first = places.find((place) => place !== undefined) as Place
  const start = places[0] ?? first
  let last = start
  const moved = entries.map(({ offset }, i) => {
    last = places[i + 1] ?? last
    return { offset, line: last.line, column: last.column }
  })
  setFile(work, pointer, file)
  const view = live.view()
  view.setInt32(pointer + B.line_num, start.line, true)
  view.setInt32(pointer + B.col_num, start.column, true)
  setTable(work, pointer, encodeLines(moved, start))
}

function setTable({ live, context }: Work, pointer: Pointer, bytes: Uint8Array): void {
  let at = live.view().getUint32(pointer + B.pc2line_buf, true)
  const oldLength = live.view().getInt32(pointer + B.pc2line_len, true)
  if (at === 0 && bytes.length === 0) return
  if (bytes.length > oldLength) {
    at = live.call("js_realloc", context, at, bytes.length)
    if (at === 0) throw new Error("the engine has no memory for a line table")
    live.view().setUint32(pointer + B.pc2line_buf, at, true)
  } else {
    live.bytes().fill(0, at + bytes.length, at + oldLength)
  }
  live.bytes().set(bytes, at)
  live.view().setInt32(pointer + B.pc2line_len, bytes.length, true)
}

/**
 * Several files: rows of (pc, file name, line, column), 16 bytes each. What has no original is the bundler's own: line
 * 0.
 */
function addMixedTable(
  work: Work,
  pointer: Pointer,
  entries: readonly LineEntry[],
  places: readonly (Place | undefined)[],
): void {
  const { live, atomOf, bundleName } = work
  const offsets = [0, ...entries.map(({ offset }) => offset)]
  const rows = offsets.map((offset, i) => ({ offset, place: places[i] ?? { file: bundleName, line: 0, column: 0 } }))
  for (const { place } of rows) atomOf(place.file)
  const table = live.malloc(16 * rows.length)
  const view = live.view()
  rows.forEach(({ offset, place }, i) => {
    view.setUint32(table + 16 * i, offset, true)
    view.setUint32(table + 16 * i + 4, atomOf(place.file), true)
    view.setInt32(table + 16 * i + 8, place.line, true)
    view.setInt32(table + 16 * i + 12, place.column, true)
  })
  if (live.call("guest_add_mixed_function", pointer, table, rows.length, B.filename) === 0) live.free(table)
}

/** Exchange the function's file name. The atom gets a reference for each function that has it. */
function setFile({ live, context, atomOf }: Work, pointer: Pointer, name: string): void {
  const atom = atomOf(name)
  live.call("JS_DupAtom", context, atom)
  live.call("JS_FreeAtom", context, live.view().getUint32(pointer + B.filename, true))
  live.view().setUint32(pointer + B.filename, atom, true)
}

const lookups = new WeakMap<Bundle, Lookup>()

/** Positions of the bundle -> original places, by binary search in each line's mappings. */
function lookup(bundle: Bundle): Lookup {
  const known = lookups.get(bundle)
  if (known) return known
  const lines: { columns: number[]; places: (Place | undefined)[] }[] = []
  eachMapping(new TraceMap(bundle.map as EncodedSourceMap), (mapping) => {
    const line = (lines[mapping.generatedLine] ??= { columns: [], places: [] })
    line.columns.push(mapping.generatedColumn + 1)
    line.places.push(
      mapping.source === null
        ? undefined
        : { file: mapping.source, line: mapping.originalLine, column: mapping.originalColumn + 1 },
    )
  })
  const units = columnUnits(bundle.code)
  const find: Lookup = (line, column) => {
    const mappings = lines[line]
    if (mappings === undefined) return undefined
    const wanted = units(line, column)
    let low = 0
    let high = mappings.columns.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((mappings.columns[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    return mappings.places[low - 1]
  }
  lookups.set(bundle, find)
  return find
}

/**
 * The engine counts columns in UTF-8 bytes, source maps in UTF-16 units. They differ on lines with other than ASCII.
 */
function columnUnits(code: string): (line: number, column: number) => number {
  if (/^[\0-\x7f]*$/.test(code)) return (_line, column) => column
  const lines = code.split("\n")
  return (line, column) => {
    const text = lines[line - 1] ?? ""
    let bytes = 0
    for (let unit = 0; unit < text.length; unit++) {
      if (bytes >= column - 1) return unit + 1
      const code = text.charCodeAt(unit)
      const surrogate = code >= 0xd800 && code <= 0xdfff
      bytes += code < 0x80 ? 1 : code < 0x800 || surrogate ? 2 : 3 // a pair is 4 bytes, 2 a half
    }
    return column - bytes + text.length
  }
}
