// The basic URL parser of the URL Standard: the states and their names are the standard's.
import { parseHost } from "./host.ts"

/** A URL record. */
export interface Record {
  scheme: string
  username: string
  password: string
  host: string | null
  port: number | null
  /** A list, or one string when the path is opaque. */
  path: string[] | string
  query: string | null
  fragment: string | null
}

/** Text to and from UTF-8. */
export interface Coder {
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
}

/** Where a parser that is given a state must stop. */
export type Override = "scheme start" | "host" | "hostname" | "port" | "path start" | "query" | "fragment"

export const specialPorts: { [scheme: string]: number | null } = {
  "ftp:": 21,
  "file:": null,
  "http:": 80,
  "https:": 443,
  "ws:": 80,
  "wss:": 443,
}

const c0 = /[^\x20-\x7e]/
const fragmentSet = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/
const querySet = /[^\x21\x24-\x3b\x3d\x3f-\x7e]/
const specialQuerySet = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/
const pathSet = /[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e]/
const userinfoSet = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/

const windowsLetter = /^[A-Za-z][:|]$/
const startsWithWindowsLetter = /^[A-Za-z][:|](?:[/\\?#]|$)/
const singleDot = /^(?:\.|%2e)$/i
const doubleDot = /^(?:\.|%2e)(?:\.|%2e)$/i

export const isSpecial = (url: Record) => Object.hasOwn(specialPorts, url.scheme)

/** Make the parser. */
export function makeParser(coder: Coder) {
  function percentEncode(text: string, set: RegExp): string {
    let out = ""
    for (const character of text) {
      if (!set.test(character)) out += character
      else
        for (const byte of coder.encode(character)) out += `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`
    }
    return out
  }

  function percentDecode(text: string): string {
    if (!text.includes("%")) return text
    const bytes = coder.encode(text)
    const out: number[] = []
    for (let at = 0; at < bytes.length; at++) {
      const hex = bytes[at] === 0x25 ? String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0) : ""
      if (/^[0-9a-f]{2}$/i.test(hex)) {
        out.push(Number.parseInt(hex, 16))
        at += 2
      } else out.push(bytes[at]!)
    }
    return coder.decode(Uint8Array.from(out))
  }

  function shorten(url: Record): void {
    const path = url.path as string[]
    if (url.scheme === "file:" && path.length === 1 && /^[A-Za-z]:$/.test(path[0]!)) return
    path.pop()
  }

  const hostOf = (text: string, url: Record) =>
    parseHost(text, !isSpecial(url), percentDecode, (opaque) => percentEncode(opaque, c0))

  /** Parse; undefined is failure. With an override the record is changed in place, and failure leaves it half changed as the standard has it. */
  function parse(input: string, base?: Record, given?: Record, override?: Override): Record | undefined {
    const url: Record = given ?? {
      scheme: "",
      username: "",
      password: "",
      host: null,
      port: null,
      path: [],
      query: null,
      fragment: null,
    }
    if (given === undefined) input = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "")
    const text = Array.from(input.replace(/[\t\n\r]/g, ""))
    let state: string = override ?? "scheme start"
    let buffer = ""
    let atSeen = false
    let inBrackets = false
    let passwordSeen = false
    const failure = undefined

    for (let at = 0; ; at++) {
      const c = text[at] // undefined is the end
      const rest = (count: number) => text.slice(at + 1, at + 1 + count).join("")
      switch (state) {
        case "scheme start":
          if (c !== undefined && /[A-Za-z]/.test(c)) {
            buffer += c.toLowerCase()
            state = "scheme"
          } else if (override === undefined) {
            state = "no scheme"
            at--
          } else return failure
          break
        case "scheme":
          if (c !== undefined && /[A-Za-z0-9+\-.]/.test(c)) buffer += c.toLowerCase()
          else if (c === ":") {
            const scheme = `${buffer}:`
            if (override !== undefined) {
              if (isSpecial(url) !== Object.hasOwn(specialPorts, scheme)) return url
              if ((url.username !== "" || url.password !== "" || url.port !== null) && scheme === "file:") return url
              if (url.scheme === "file:" && (url.host === "" || url.host === null)) return url
            }
            url.scheme = scheme
            if (override !== undefined) {
              if (url.port === specialPorts[scheme]) url.port = null
              return url
            }
            buffer = ""
            if (scheme === "file:") state = "file"
            else if (isSpecial(url) && base?.scheme === scheme) state = "special relative or authority"
            else if (isSpecial(url)) state = "special authority slashes"
            else if (rest(1) === "/") {
              state = "path or authority"
              at++
            } else {
              url.path = ""
              state = "opaque path"
            }
          } else if (override === undefined) {
            buffer = ""
            state = "no scheme"
            at = -1
          } else return failure
          break
        case "no scheme":
          if (base === undefined || (typeof base.path === "string" && c !== "#")) return failure
          if (typeof base.path === "string") {
            Object.assign(url, { scheme: base.scheme, path: base.path, query: base.query, fragment: "" })
            state = "fragment"
          } else {
            state = base.scheme === "file:" ? "file" : "relative"
            at--
          }
          break
        case "special relative or authority":
          if (c === "/" && rest(1) === "/") {
            state = "special authority ignore slashes"
            at++
          } else {
            state = "relative"
            at--
          }
          break
        case "path or authority":
          if (c === "/") state = "authority"
          else {
            state = "path"
            at--
          }
          break
        case "relative":
          url.scheme = base!.scheme
          if (c === "/") state = "relative slash"
          else if (isSpecial(url) && c === "\\") state = "relative slash"
          else {
            const { username, password, host, port, path, query } = base!
            Object.assign(url, { username, password, host, port, path: [...(path as string[])], query })
            if (c === "?") {
              url.query = ""
              state = "query"
            } else if (c === "#") {
              url.fragment = ""
              state = "fragment"
            } else if (c !== undefined) {
              url.query = null
              shorten(url)
              state = "path"
              at--
            }
          }
          break
        case "relative slash":
          if (isSpecial(url) && (c === "/" || c === "\\")) state = "special authority ignore slashes"
          else if (c === "/") state = "authority"
          else {
            const { username, password, host, port } = base!
            Object.assign(url, { username, password, host, port })
            state = "path"
            at--
          }
          break
        case "special authority slashes":
          state = "special authority ignore slashes"
          if (c === "/" && rest(1) === "/") at++
          else at--
          break
        case "special authority ignore slashes":
          if (c !== "/" && c !== "\\") {
            state = "authority"
            at--
          }
          break
        case "authority":
          if (c === "@") {
            if (atSeen) buffer = `%40${buffer}`
            atSeen = true
            for (const character of buffer) {
              if (character === ":" && !passwordSeen) {
                passwordSeen = true
                continue
              }
              const encoded = percentEncode(character, userinfoSet)
              if (passwordSeen) url.password += encoded
              else url.username += encoded
            }
            buffer = ""
          } else if (c === undefined || c === "/" || c === "?" || c === "#" || (isSpecial(url) && c === "\\")) {
            if (atSeen && buffer === "") return failure
            at -= Array.from(buffer).length + 1
            buffer = ""
            state = "host"
          } else buffer += c
          break
        case "host":
        case "hostname":
          if (override !== undefined && url.scheme === "file:") {
            at--
            state = "file host"
          } else if (c === ":" && !inBrackets) {
            if (buffer === "" || override === "hostname") return failure
            const host = hostOf(buffer, url)
            if (host === undefined) return failure
            url.host = host
            buffer = ""
            state = "port"
          } else if (c === undefined || c === "/" || c === "?" || c === "#" || (isSpecial(url) && c === "\\")) {
            at--
            if (isSpecial(url) && buffer === "") return failure
            if (
              override !== undefined &&
              buffer === "" &&
              (url.username !== "" || url.password !== "" || url.port !== null)
            )
              return failure
            const host = hostOf(buffer, url)
            if (host === undefined) return failure
            url.host = host
            buffer = ""
            state = "path start"
            if (override !== undefined) return url
          } else {
            if (c === "[") inBrackets = true
            if (c === "]") inBrackets = false
            buffer += c
          }
          break
        case "port":
          if (c !== undefined && /[0-9]/.test(c)) buffer += c
          else if (
            c === undefined ||
            c === "/" ||
            c === "?" ||
            c === "#" ||
            (isSpecial(url) && c === "\\") ||
            override !== undefined
          ) {
            if (buffer !== "") {
              const port = Number(buffer)
              if (port > 65535) return failure
              url.port = port === specialPorts[url.scheme] ? null : port
              buffer = ""
              if (override !== undefined) return url
            }
            if (override !== undefined) return failure
            state = "path start"
            at--
          } else return failure
          break
        case "file":
          url.scheme = "file:"
          url.host = ""
          if (c === "/" || c === "\\") state = "file slash"
          else if (base?.scheme === "file:") {
            url.host = base.host
            url.path = [...(base.path as string[])]
            url.query = base.query
            if (c === "?") {
              url.query = ""
              state = "query"
            } else if (c === "#") {
              url.fragment = ""
              state = "fragment"
            } else if (c !== undefined) {
              url.query = null
              if (!startsWithWindowsLetter.test(text.slice(at, at + 3).join(""))) shorten(url)
              else url.path = []
              state = "path"
              at--
            }
          } else {
            state = "path"
            at--
          }
          break
        case "file slash":
          if (c === "/" || c === "\\") state = "file host"
          else {
            if (base?.scheme === "file:") {
              url.host = base.host
              const first = (base.path as string[])[0]
              if (
                !startsWithWindowsLetter.test(text.slice(at, at + 3).join("")) &&
                first !== undefined &&
                /^[A-Za-z]:$/.test(first)
              )
                (url.path as string[]).push(first)
            }
            state = "path"
            at--
          }
          break
        case "file host":
          if (c === undefined || c === "/" || c === "\\" || c === "?" || c === "#") {
            at--
            if (override === undefined && windowsLetter.test(buffer)) state = "path"
            else if (buffer === "") {
              url.host = ""
              if (override !== undefined) return url
              state = "path start"
            } else {
              const host = hostOf(buffer, url)
              if (host === undefined) return failure
              url.host = host === "localhost" ? "" : host
              if (override !== undefined) return url
              buffer = ""
              state = "path start"
            }
          } else buffer += c
          break
        case "path start":
          if (isSpecial(url)) {
            state = "path"
            if (c !== "/" && c !== "\\") at--
          } else if (override === undefined && c === "?") {
            url.query = ""
            state = "query"
          } else if (override === undefined && c === "#") {
            url.fragment = ""
            state = "fragment"
          } else if (c !== undefined) {
            state = "path"
            if (c !== "/") at--
          } else if (override !== undefined && url.host === null) (url.path as string[]).push("")
          break
        case "path": {
          const slash = c === "/" || (isSpecial(url) && c === "\\")
          if (c === undefined || slash || (override === undefined && (c === "?" || c === "#"))) {
            const path = url.path as string[]
            if (doubleDot.test(buffer)) {
              shorten(url)
              if (!slash) path.push("")
            } else if (singleDot.test(buffer)) {
              if (!slash) path.push("")
            } else {
              if (url.scheme === "file:" && path.length === 0 && windowsLetter.test(buffer)) buffer = `${buffer[0]}:`
              path.push(buffer)
            }
            buffer = ""
            if (c === "?") {
              url.query = ""
              state = "query"
            } else if (c === "#") {
              url.fragment = ""
              state = "fragment"
            }
          } else buffer += percentEncode(c, pathSet)
          break
        }
        case "opaque path":
          if (c === "?") {
            url.query = ""
            state = "query"
          } else if (c === "#") {
            url.fragment = ""
            state = "fragment"
          } else if (c !== undefined) url.path = `${url.path as string}${percentEncode(c, c0)}`
          break
        case "query":
          if (c === undefined || (override === undefined && c === "#")) {
            url.query += percentEncode(buffer, isSpecial(url) ? specialQuerySet : querySet)
            buffer = ""
            if (c === "#") {
              url.fragment = ""
              state = "fragment"
            }
          } else buffer += c
          break
        case "fragment":
          if (c !== undefined) {
            url.fragment += percentEncode(text.slice(at).join(""), fragmentSet)
            at = text.length
          }
          break
      }
      if (at >= text.length) break
    }
    return url
  }

  return { parse, percentEncode, percentDecode, userinfoSet }
}

/** The URL serializer. */
export function serialize(url: Record, withFragment = true): string {
  let output = url.scheme
  if (url.host !== null) {
    output += "//"
    if (url.username !== "" || url.password !== "") {
      output += url.username
      if (url.password !== "") output += `:${url.password}`
      output += "@"
    }
    output += url.host
    if (url.port !== null) output += `:${url.port}`
  } else if (typeof url.path !== "string" && url.path.length > 1 && url.path[0] === "") output += "/."
  output += serializePath(url)
  if (url.query !== null) output += `?${url.query}`
  if (withFragment && url.fragment !== null) output += `#${url.fragment}`
  return output
}

/** The path, serialised. */
export function serializePath(url: Record): string {
  return typeof url.path === "string" ? url.path : url.path.map((piece) => `/${piece}`).join("")
}
