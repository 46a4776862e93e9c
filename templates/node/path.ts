// node:path, POSIX.
import { kit, useKit, type Kit } from "../guest/kit.ts"

interface Parsed {
  root: string
  dir: string
  base: string
  ext: string
  name: string
}

export function start(given: Kit): void {
  useKit(given)
  path.posix = path
  given.modules.set("path", path)
  given.modules.set("path/posix", path)
}

function check(value: unknown, name: string): string {
  if (typeof value !== "string") throw kit.world().wrongType(name, "of type string", value)
  return value
}

/** "." and ".." taken out; ".." above the start stays when the path is relative. */
function fold(path: string, isAbsolute: boolean): string {
  const out: string[] = []
  for (const piece of path.split("/")) {
    if (piece === "" || piece === ".") continue
    if (piece !== "..") out.push(piece)
    else if (out.length > 0 && out.at(-1) !== "..") out.pop()
    else if (!isAbsolute) out.push("..")
  }
  return out.join("/")
}

function extOf(base: string): string {
  const at = base.lastIndexOf(".")
  if (at <= 0 || base === "..") return ""
  return base.slice(at)
}

const path = {
  sep: "/",
  delimiter: ":",
  resolve(...parts: string[]): string {
    let resolved = ""
    for (let at = parts.length - 1; at >= -1 && !resolved.startsWith("/"); at--) {
      const part = at >= 0 ? check(parts[at], `paths[${at}]`) : (kit.world().process["cwd"] as () => string)()
      if (part !== "") resolved = resolved === "" ? part : `${part}/${resolved}`
    }
    const isAbsolute = resolved.startsWith("/")
    const folded = fold(resolved, isAbsolute)
    return isAbsolute ? `/${folded}` : folded || "."
  },
  normalize(given: string): string {
    if (check(given, "path") === "") return "."
    const isAbsolute = given.startsWith("/")
    let folded = fold(given, isAbsolute)
    if (folded === "") {
      if (isAbsolute) return "/"
      return given.endsWith("/") ? "./" : "."
    }
    if (given.endsWith("/")) folded += "/"
    return isAbsolute ? `/${folded}` : folded
  },
  isAbsolute: (given: string): boolean => check(given, "path").startsWith("/"),
  join(...parts: string[]): string {
    const joined = parts.filter((part) => check(part, "path") !== "").join("/")
    return joined === "" ? "." : path.normalize(joined)
  },
  relative(from: string, to: string): string {
    check(from, "from")
    check(to, "to")
    if (from === to) return ""
    const a = path.resolve(from).split("/").filter(Boolean)
    const b = path.resolve(to).split("/").filter(Boolean)
    let common = 0
    while (common < a.length && common < b.length && a[common] === b[common]) common++
    return [...a.slice(common).map(() => ".."), ...b.slice(common)].join("/")
  },
  toNamespacedPath: (given: string): string => given,
  dirname(given: string): string {
    if (check(given, "path") === "") return "."
    const end = /\/*$/.exec(given.slice(1))!.index + 1 // trailing slashes are not part of the name
    const at = given.lastIndexOf("/", end - 1)
    if (at < 0) return "."
    if (at === 0) return "/"
    // POSIX lets exactly two leading slashes mean something of their own.
    return at === 1 && given[0] === "/" ? "//" : given.slice(0, at)
  },
  basename(given: string, suffix?: string): string {
    if (suffix !== undefined) check(suffix, "suffix")
    if (suffix !== undefined && suffix === given) return ""
    const base = check(given, "path").replace(/\/+$/, "").split("/").at(-1)!
    if (suffix !== undefined && suffix !== "" && base !== suffix && base.endsWith(suffix))
      return base.slice(0, -suffix.length)
    return base
  },
  extname: (given: string): string => extOf(path.basename(check(given, "path"))),
  format(parts: Partial<Parsed>): string {
    if (typeof parts !== "object" || parts === null) throw kit.world().wrongType("pathObject", "of type object", parts)
    const dir = parts.dir || parts.root
    const ext = parts.ext ? (parts.ext.startsWith(".") ? parts.ext : `.${parts.ext}`) : ""
    const base = parts.base || `${parts.name ?? ""}${ext}`
    if (!dir) return base
    return dir === parts.root ? `${dir}${base}` : `${dir}/${base}`
  },
  parse(given: string): Parsed {
    check(given, "path")
    const root = given.startsWith("/") ? "/" : ""
    const base = path.basename(given)
    const ext = extOf(base)
    const trimmed = given.replace(/\/+$/, "")
    const at = trimmed.lastIndexOf("/")
    const dir = base === "" ? root : at < 0 ? "" : at === 0 ? "/" : trimmed.slice(0, at)
    return { root, dir, base, ext, name: ext === "" ? base : base.slice(0, -ext.length) }
  },
  posix: null as unknown,
}
