// process.stdin, process.stdout and process.stderr: event emitters with the calls that programs use.
import { encodingOf, unfinished, type BytesKit, type Encoding } from "./bytes.ts"
import { EventEmitter } from "./events.ts"
import type { Loop } from "./loop.ts"
import type { Native } from "./native.ts"
import { nodeError, wrongType } from "./nodeerror.ts"

type Callback = (...args: unknown[]) => unknown

/** A stream that is written to at once. */
export function makeOutput(native: Native, loop: Loop, bytes: BytesKit, fd: 1 | 2) {
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
      if (typeof encoding === "function") {
        done = encoding
        encoding = undefined
      }
      if (chunk === null) throw nodeError(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream")
      if (typeof chunk !== "string" && !ArrayBuffer.isView(chunk))
        throw wrongType("chunk", "of type string or an instance of Buffer, TypedArray, or DataView", chunk)
      const known = encoding === undefined ? "utf8" : encodingOf(encoding)
      if (known === undefined)
        throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${String(encoding)}`)
      if (typeof chunk === "string") native.write(fd, known === "utf8" ? chunk : bytes.encode(chunk, known))
      else native.write(fd, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (done !== undefined) loop.tick(done, [])
      return true
    }
    end(chunk?: unknown, encoding?: string | Callback, done?: Callback): this {
      if (typeof chunk === "function") [chunk, done] = [undefined, chunk as Callback]
      if (chunk != null) this.write(chunk, encoding)
      if (typeof encoding === "function") done = encoding
      if (done !== undefined) loop.tick(done, [])
      loop.tick(() => this.emit("finish"), [])
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
  Object.defineProperty(WriteStream, "name", { value: "WriteStream" })
  return new WriteStream()
}

/** Standard input: read when somebody listens and nothing else is to do. */
export function makeInput(native: Native, loop: Loop, bytes: BytesKit) {
  class ReadStream extends EventEmitter {
    readonly fd = 0
    readable = true
    readableEnded = false
    #encoding: Encoding | undefined
    #flowing: boolean | null = null
    #waiting = false
    #rest = new Uint8Array(0)
    #ready: (string | Uint8Array)[] = []
    get isTTY(): true | undefined {
      return native.fileType(0) === 2 ? true : undefined
    }
    get readableFlowing() {
      return this.#flowing
    }
    get readableEncoding() {
      return this.#encoding ?? null
    }
    setEncoding(name: string): this {
      const encoding = encodingOf(name)
      if (encoding === undefined) throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${name}`)
      this.#encoding = encoding
      return this
    }
    override on(event: string | symbol, listener: Callback): this {
      return this.#listening(event, super.on(event, listener))
    }
    override addListener(event: string | symbol, listener: Callback): this {
      return this.on(event, listener)
    }
    override once(event: string | symbol, listener: Callback): this {
      return this.#listening(event, super.once(event, listener))
    }
    /** Whoever listens in one of these ways wants input. */
    #listening(event: string | symbol, self: this): this {
      if (event === "data" && this.#flowing !== false) this.resume()
      if (event === "readable") this.#want()
      return self
    }
    resume(): this {
      if (!native.running()) native.forbid("reading standard input")
      this.#flowing = true
      loop.tick(() => this.#flush(), [])
      return this
    }
    pause(): this {
      this.#flowing = false
      return this
    }
    isPaused(): boolean {
      return this.#flowing === false
    }
    ref(): this {
      return this
    }
    unref(): this {
      return this
    }
    setRawMode(): this {
      return this
    }
    read(): string | Uint8Array | null {
      const chunk = this.#ready.shift()
      if (chunk === undefined && !this.readableEnded) this.#want()
      return chunk ?? null
    }
    pipe<T extends { write(chunk: unknown): unknown; end?(): unknown }>(target: T): T {
      this.on("data", (chunk) => target.write(chunk))
      if (target.end !== undefined && (target as { fd?: number }).fd === undefined) this.on("end", () => target.end!())
      return target
    }
    async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array> {
      while (!this.readableEnded || this.#ready.length > 0) {
        const chunk = this.#ready.shift()
        if (chunk !== undefined) yield chunk
        else {
          this.#want()
          await new Promise<void>((wake) => this.once("readable", () => wake()))
        }
      }
    }
    destroy(): this {
      this.#flowing = false
      this.readableEnded = true
      loop.tick(() => this.emit("close"), [])
      return this
    }
    #flush(): void {
      while (this.#flowing && this.#ready.length > 0) this.emit("data", this.#ready.shift())
      if (this.#flowing && !this.readableEnded) this.#want()
    }
    #want(): void {
      if (this.#waiting || this.readableEnded) return
      this.#waiting = true
      loop.input(0, () => this.#take())
    }
    #take(): void {
      this.#waiting = false
      if (this.readableEnded) return
      const buffer = new Uint8Array(65536)
      const count = native.read(0, buffer)
      if (count > 0) this.#push(buffer.slice(0, count))
      else this.#finish()
    }
    #push(chunk: Uint8Array): void {
      if (this.#encoding === "utf8" && (this.#rest.length > 0 || chunk.at(-1)! >= 0x80)) {
        const all = new Uint8Array(this.#rest.length + chunk.length)
        all.set(this.#rest)
        all.set(chunk, this.#rest.length)
        const left = unfinished(all)
        this.#rest = all.slice(all.length - left)
        chunk = all.subarray(0, all.length - left)
        if (chunk.length === 0) return this.#want()
      }
      this.#ready.push(this.#encoding === undefined ? bytes.own(chunk) : bytes.decode(chunk, this.#encoding))
      this.emit("readable")
      this.#flush()
    }
    #finish(): void {
      if (this.#rest.length > 0) {
        this.#ready.push(bytes.decode(this.#rest, "utf8"))
        this.#rest = new Uint8Array(0)
      }
      this.readableEnded = true
      this.readable = false
      this.emit("readable")
      this.#flush()
      loop.tick(() => {
        this.emit("end")
        this.emit("close")
      }, [])
    }
  }
  Object.defineProperty(ReadStream, "name", { value: "ReadStream" })
  return new ReadStream()
}
