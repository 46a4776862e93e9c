// process.stdin: read when somebody listens and nothing else is to do.
import { decode, own } from "./bytetext.ts"
import { EventEmitter } from "./emitter.ts"
import { encodingOf, unfinished } from "./encodings.ts"
import { joined } from "./joined.ts"
import { native, type Encoding } from "./kit.ts"
import { input, tick } from "./loop.ts"
import { named } from "./named.ts"
import { nodeError } from "./nodeerror.ts"

type Callback = (...args: unknown[]) => unknown

/** Standard input. The class is made with it: most programs read nothing. */
export function makeInput() {
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
      tick(() => this.#flush(), [])
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
      tick(() => this.emit("close"), [])
      return this
    }
    #flush(): void {
      while (this.#flowing && this.#ready.length > 0) this.emit("data", this.#ready.shift())
      if (this.#flowing && !this.readableEnded) this.#want()
    }
    #want(): void {
      if (this.#waiting || this.readableEnded) return
      this.#waiting = true
      input(0, () => this.#take())
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
        const all = joined([this.#rest, chunk])
        const left = unfinished(all)
        this.#rest = all.slice(all.length - left)
        chunk = all.subarray(0, all.length - left)
        if (chunk.length === 0) return this.#want()
      }
      this.#ready.push(this.#encoding === undefined ? own(chunk) : decode(chunk, this.#encoding))
      this.emit("readable")
      this.#flush()
    }
    #finish(): void {
      if (this.#rest.length > 0) {
        this.#ready.push(decode(this.#rest, "utf8"))
        this.#rest = new Uint8Array(0)
      }
      this.readableEnded = true
      this.readable = false
      this.emit("readable")
      this.#flush()
      tick(() => {
        this.emit("end")
        this.emit("close")
      }, [])
    }
  }
  named("ReadStream", ReadStream as never)
  return new ReadStream()
}
