// What the C glue gives to the guest's own JavaScript. The app never sees it.

/** Functions of templates/guest/native.c. */
export interface Native {
  write(fd: number, data: string | Uint8Array): boolean
  read(fd: number, into: Uint8Array): number
  fileType(fd: number): number
  sleep(milliseconds: number): void
  /** Until `fd` can be read (true) or the time is over (false); -1 waits for ever. */
  waitInput(fd: number, milliseconds: number): boolean
  /** Bytes of linear memory. */
  memorySize(): number
  wallClock(): number
  monotonic(): number
  nanoseconds(): bigint
  random(into: Uint8Array): void
  exit(code: number): never
  args(): string[]
  env(): string[]
  running(): boolean
  /** Load one of the scripts that the core came with; its value, a function. */
  load(script: number): (kit: object) => unknown
  forbid(what: string, stack?: string): never
  enqueue(job: () => void): void
  runJobs(): void
  className(value: unknown): string | undefined
  classId(value: unknown): number
  promise(value: unknown): [state: 0 | 1 | 2, result: unknown] | undefined
  proxy(value: unknown): [target: object | null, handler: object | null] | undefined
  traceHook(): unknown
  encode(text: string): ArrayBuffer
  decode(bytes: Uint8Array, fatal: boolean): string | undefined
  files: NativeFiles
}

/** Functions of templates/guest/files.c. A negative number is a WASI errno. */
export interface NativeFiles {
  preopens(): [fd: number, name: string][]
  open(folder: number, path: string, lookup: number, oflags: number, fdflags: number, rights: number): number
  close(fd: number): number
  seek(fd: number, offset: number, whence: number): number
  writeSome(fd: number, bytes: Uint8Array): number
  stat(folder: number, path?: string, lookup?: number): number[] | number
  list(fd: number): [name: string, type: number][] | number
  mkdir(folder: number, path: string): number
  rmdir(folder: number, path: string): number
  unlink(folder: number, path: string): number
  rename(folder: number, path: string, toFolder: number, toPath: string): number
}
