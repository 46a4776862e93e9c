// process.stdout and process.stderr: event emitters that are written to at once.
import { encode } from "./bytetext.ts"
import { EventEmitter } from "./emitter.ts"
import { encodingOf } from "./encodings.ts"
import { native } from "./kit.ts"
import { tick } from "./loop.ts"
import { named } from "./named.ts"
import { nodeError, wrongType } from "./nodeerror.ts"

type Callback = (...args: unknown[]) => unknown

/**
 * A stream that writes to `fd`. Its class is made with it: methods know their descriptor, also when they are taken off.
 */
export function makeOutput(fd: 1 | 2) {
  class WriteStream extends EventEmitter {
    readonly fd: number = fd
    writable = true
    get isTTY(): true | undefined {
      return native.fileType(fd) === 2 ? true : undefined
    }
    get columns(): number | undefined {
      return this.isTTY ? 80 : undefined
    }
    get rows(): number | undefined {
      return this.isTTY ? 24 : undefined
    }
    write(chunk: unknown, encoding?: string | Callback, done?: Callback): boolean {
      if (typeof encoding === "function") [encoding, done] = [undefined, encoding]
      writeChunk(fd, chunk, encoding)
      if (done !== undefined) tick(done, [])
      return true
    }
    end(chunk?: unknown, encoding?: string | Callback, done?: Callback): this {
      if (typeof chunk === "function") [chunk, done] = [undefined, chunk as Callback]
      if (chunk != null) this.write(chunk, encoding)
      if (typeof encoding === "function") done = encoding
      if (done !== undefined) tick(done, [])
      tick(() => this.emit("finish"), [])
      return this
    }
    cork() {}
    uncork() {}
    getColorDepth() {
      return 1
    }
    hasColors() {
      return false
    }
  }
  named("WriteStream", WriteStream as never)
  return new WriteStream()
}

function writeChunk(fd: number, chunk: unknown, encoding: string | undefined): void {
  if (chunk === null) throw nodeError(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream")
  if (typeof chunk !== "string" && !ArrayBuffer.isView(chunk))
    throw wrongType("chunk", "of type string or an instance of Buffer, TypedArray, or DataView", chunk)
  const known = encoding === undefined ? "utf8" : encodingOf(encoding)
  if (known === undefined) throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${String(encoding)}`)
  if (typeof chunk === "string") native.write(fd, known === "utf8" ? chunk : encode(chunk, known))
  else native.write(fd, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
}
