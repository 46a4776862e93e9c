// TextEncoder of the Encoding Standard (section 7.2), and the part that exposes it with TextDecoder (textdecoder.ts).
import { customInspect } from "../guest/inspection.ts"
import { kit, native, useKit, type Kit } from "../guest/kit.ts"
import { TextDecoder } from "./textdecoder.ts"
import { exposeInterface } from "./webidl.ts"

export function start(given: Kit): void {
  useKit(given)
  exposeInterface("TextEncoder", TextEncoder)
  exposeInterface("TextDecoder", TextDecoder)
}

class TextEncoder {
  get encoding(): string {
    return "utf-8"
  }
  encode(input: unknown = ""): Uint8Array {
    return utf8(`${input as string}`)
  }
  encodeInto(source: string, target: Uint8Array): { read: number; written: number } {
    if (native.className(target) !== "Uint8Array")
      throw kit.world().wrongType("dest", "an instance of Uint8Array", target)
    return encodeInto(`${source}`, target)
  }
  [customInspect](depth: number, options: object): string {
    return depth < 0 ? "[Object]" : kit.show().inspect({ encoding: "utf-8" }, options)
  }
}

const utf8 = (text: string) => new Uint8Array(native.encode(text))

/** What surely fits goes in one piece, the rest a character at a time until one does not fit. */
function encodeInto(source: string, target: Uint8Array): { read: number; written: number } {
  const sure = surelyFits(source, target.length)
  const first = utf8(source.slice(0, sure))
  target.set(first)
  let read = sure
  let written = first.length
  for (const character of source.slice(sure)) {
    const piece = utf8(character)
    if (written + piece.length > target.length) break
    target.set(piece, written)
    written += piece.length
    read += character.length
  }
  return { read, written }
}

/** A code unit is at most three bytes. Few are not worth a piece of their own; a pair of surrogates is not torn. */
function surelyFits(source: string, room: number): number {
  const sure = Math.min(source.length, Math.floor(room / 3))
  if (sure <= 16) return 0
  return /[\ud800-\udbff]/.test(source[sure - 1]!) ? sure - 1 : sure
}
