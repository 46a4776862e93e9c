// Paths, as programs give them, and where they lie: which preopen, which path in it.
import { kit, native } from "../guest/kit.ts"
import { ENOENT, failure, invalidValue } from "./fs-errors.ts"

/** Place of a path: the descriptor of a preopen and the path in it. */
export type Place = [folder: number, relative: string]

let roots: [fd: number, name: string][] | undefined

/** The preopens, longest name first. */
function preopens(): [fd: number, name: string][] {
  return (roots ??= native.files
    .preopens()
    .map(([fd, name]): [number, string] => [fd, clean(name)])
    .sort((a, b) => b[1].length - a[1].length))
}

/** The absolute path without "." and "..". */
export function clean(path: string): string {
  const out: string[] = []
  const base = path.startsWith("/") ? "" : `${(kit.world().process["cwd"] as () => string)()}/`
  for (const piece of `${base}${path}`.split("/")) {
    if (piece === "..") out.pop()
    else if (piece !== "" && piece !== ".") out.push(piece)
  }
  return `/${out.join("/")}`
}

/** Which preopen, and which path in it. */
export function locate(path: string): Place | undefined {
  if (path === "") return undefined
  const full = clean(path)
  for (const [fd, name] of preopens()) {
    if (full === name) return [fd, "."]
    const prefix = name === "/" ? "/" : `${name}/`
    // A slash at the end says that it has to be a folder; the host looks.
    if (full.startsWith(prefix)) return [fd, full.slice(prefix.length) + (/\/\.?$/.test(path) ? "/" : "")]
  }
  return undefined
}

/** The text of a path: a string, bytes or a file URL. */
export function pathOf(value: unknown, name = "path"): string {
  const text = value instanceof Uint8Array ? native.decode(value, false) : isURL(value) ? pathOfURL(value) : value
  if (typeof text !== "string")
    throw kit.world().wrongType(name, "of type string or an instance of Buffer or URL", value)
  if (text.includes("\0")) throw invalidValue(name, "must be a string, Uint8Array, or URL without null bytes", text)
  return text
}

const isURL = (value: unknown): value is URL =>
  typeof value === "object" && value !== null && "href" in value && "pathname" in value

function pathOfURL(url: URL): string {
  if (url.protocol !== "file:")
    throw kit.world().nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file")
  return decodeURIComponent(url.pathname)
}

/** A call that changes what lies at a path, or says why it cannot. */
export function change(call: (folder: number, path: string) => number, syscall: string, given: unknown): void {
  const path = pathOf(given)
  const at = locate(path)
  const status = at === undefined ? ENOENT : call(at[0], at[1])
  if (status < 0) throw failure(status, syscall, path)
}
