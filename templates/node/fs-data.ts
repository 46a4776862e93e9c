// What goes in and out of files: options, text and bytes.
import { encodingOf } from "../guest/encodings.ts"
import { kit } from "../guest/kit.ts"
import { invalidValue } from "./fs-errors.ts"

export interface Options {
  encoding?: string | null
  flag?: string
  mode?: number
  recursive?: boolean
  withFileTypes?: boolean
  force?: boolean
  throwIfNoEntry?: boolean
  bigint?: boolean
}

/** Options, or the encoding alone. */
export type Given = Options | string | null | undefined

export const optionsOf = (given: Given): Options => (typeof given === "string" ? { encoding: given } : (given ?? {}))

/** What a file holds, as the options ask for it. */
export function textOf(data: Uint8Array, options: Options): string | Uint8Array {
  const { bytes } = kit.world()
  if (options.encoding == null || options.encoding === "buffer") return bytes.own(data)
  const encoding = encodingOf(options.encoding)
  if (encoding === undefined) throw invalidValue("encoding", "is invalid encoding", options.encoding)
  return bytes.decode(data, encoding)
}

/** What is to be written. */
export function bytesOf(data: unknown, options: Options): Uint8Array {
  const { bytes, wrongType } = kit.world()
  if (typeof data === "string") return bytes.encode(data, encodingOf(options.encoding ?? "utf8") ?? "utf8")
  if (ArrayBuffer.isView(data)) return viewOf(data)
  throw wrongType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data)
}

/** The bytes behind any view. */
export const viewOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)

export function checkFd(fd: unknown): number {
  if (typeof fd !== "number") throw kit.world().wrongType("fd", "of type number", fd)
  return fd
}
