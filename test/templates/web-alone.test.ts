// Parts of templates/web alone, in Node: random inputs do what they do with Node's own globals, and each state of the
// URL parser can be called for itself.
import { expect, test } from "vitest"
import { useKit, type Kit } from "../../templates/guest/kit.ts"
import { URLSearchParams as Params } from "../../templates/web/searchparams.ts"
import { TextDecoder as Decoder } from "../../templates/web/textdecoder.ts"
import { host, port } from "../../templates/web/urlauthority.ts"
import { parse, parseFrom } from "../../templates/web/urlparser.ts"
import { pathStart } from "../../templates/web/urlpath.ts"
import { emptyRecord, serialize, type UrlRecord } from "../../templates/web/urlrecord.ts"
import type { Parser } from "../../templates/web/urlstate.ts"
import { randomFrom } from "../random.ts"
import { asNode20 } from "./newer-nodes.ts"

useKit({
  native: {
    encode: (text: string) => new TextEncoder().encode(text).buffer,
    decode(bytes: Uint8Array, fatal: boolean) {
      try {
        return new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes)
      } catch {
        return undefined
      }
    },
    className: () => "Object",
  },
  world: () => ({ nodeError: (type: ErrorConstructor, _code: string, message: string) => new type(message) }),
} as unknown as Kit)

const seed = Number(process.env["SEED"] ?? 9)
const random = randomFrom(seed)
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const many = (most: number, make: () => string) => Array.from({ length: Math.floor(random() * most) }, make).join("")

// Hosts are ASCII: what becomes of others depends on the version of Unicode that Node has.
const specialSchemes = ["http:", "HTTPS:", "ws:", "http:", "", "", ""]
const otherSchemes = ["file:", "foo:", "mailto:", "a+b-c.9:", "1x:", ":", ""]
const slashes = ["", "/", "//", "//", "//", "///", "\\", "\\\\", "/\\"]
const users = ["", "", "", "u@", "u:p@", ":p@", "u:@", "@", "a@b@", "a:b:c@", "ü x@"]
const hosts =
  "|h|example.com|EXAMPLE.COM|localhost|1.2.3.4|0x7f.1|017700000001|1.2.3|256.1.1.1|1.2.3.4.|0x|4294967296|[::1]|[1:2:3:4:5:6:7:8]|[::ffff:1.2.3.4]|[1::2::3]|[:::]|[::1.2.3]|[12345::]|[1:2:3:4:5:6:7::]|[::|a%41|a b|a<b|a_b|.."
const ports = ["", "", "", ":", ":80", ":443", ":0", ":65535", ":65536", ":8a", ":080"]
const segments = ["", "a", "b", "...", "ü", "%zz", "{x}", '"<>`', "^|", "😀", "\t"]
// Node 20 has faults where these are in URLs that are not special.
const dotSegments = [".", "..", "%2e", ".%2E"]
const queries = ["", "", "?", "?a=b&c", "? \"<>'`{}", "?ü", "??", "?#"]
const fragments = ["", "", "#", "#f", '# "<>`{}', "#ü", "##"]

function randomUrl(isSpecial: boolean): string {
  const authority = pick(users) + pick(hosts.split("|")) + pick(ports)
  const path = many(
    5,
    () => pick(["/", "/", "/", "\\", ""]) + pick(isSpecial && random() < 0.3 ? dotSegments : segments),
  )
  return (
    pick(isSpecial ? specialSchemes : otherSchemes) + pick(slashes) + authority + path + pick(queries) + pick(fragments)
  )
}

const href = (url: UrlRecord | undefined) => (url === undefined ? "failure" : serialize(url))

function nodeHref(input: string, base?: string): string {
  try {
    return new URL(input, base).href
  } catch {
    return "failure"
  }
}

test(`URLs are parsed as Node parses them (seed ${seed})`, () => {
  for (let i = 0; i < 20_000; i++) {
    const isSpecial = random() < 0.6
    const input = randomUrl(isSpecial)
    const base = random() < 0.5 ? undefined : randomUrl(isSpecial)
    const baseRecord = base === undefined ? undefined : parse(base)
    // Node 20 resolves against an opaque path, which the standard refuses, and takes a segment like "u:p" for a drive.
    if (typeof baseRecord?.path === "string" || baseRecord?.path[0]?.[1] === ":") continue
    const ours = base !== undefined && baseRecord === undefined ? "failure" : href(parse(input, baseRecord))
    const [one, other] = [ours, nodeHref(input, base)].map((url) => asNode20("random URLs", url))
    expect([input, base, one]).toEqual([input, base, other])
  }
})

test(`search parameters are read and written as Node does it (seed ${seed})`, () => {
  const words = ["a", "b", "=", "&", "+", "%20", "%zz", "%C3%BC", "%ff", " ", "~*-._!'()", "?", "\n"]
  for (let i = 0; i < 2000; i++) {
    const query = many(12, () => pick(words))
    const [ours, theirs] = [new Params(query), new URLSearchParams(query)]
    for (const params of [ours, theirs]) {
      params.append(query, "x y")
      params.set("a", query)
      params.delete("b", "")
      params.sort()
    }
    expect([query, ours.toString(), ...ours.entries()]).toEqual([query, theirs.toString(), ...theirs])
  }
})

test(`bytes are decoded as Node decodes them, whole and in pieces (seed ${seed})`, () => {
  const values = [
    0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xff, 0xfe, 0xef, 0xbb, 0xbf, 0xd8, 0,
  ]
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 20) }, () => pick(values))
    const cut = Math.floor(random() * bytes.length)
    const [label, options] = [pick(["utf-8", "utf-16le", "utf-16be"]), { ignoreBOM: random() < 0.5 }]
    const decode = (decoder: Pick<TextDecoder, "decode">) => [
      // In which of the pieces a replacement character stands is not the same, together they are.
      decoder.decode(bytes.subarray(0, cut), { stream: true }) + decoder.decode(bytes.subarray(cut)),
      decoder.decode(bytes),
    ]
    const [ours, theirs] = [new Decoder(label, options), new TextDecoder(label, options)].map(decode)
    expect([label, [...bytes], ours]).toEqual([label, [...bytes], theirs])
  }
})

/** A parser in the middle of its work. */
function parserAt(text: string, given: Partial<Parser>): Parser {
  const flags = { isOverride: false, atSignSeen: false, insideBrackets: false, passwordTokenSeen: false }
  const common = { text: [...text], at: 0, state: host, url: { ...emptyRecord(), scheme: "http:" }, base: undefined }
  return { ...common, ...flags, buffer: "", ...given }
}

test("a state of the URL parser can be called alone", () => {
  const atColon = parserAt(":80", { buffer: "EXAMPLE.com" })
  expect(host(atColon, ":")).toBe(undefined)
  expect([atColon.state, atColon.url.host, atColon.buffer]).toEqual([port, "example.com", ""])

  const inBrackets = parserAt("::1", { insideBrackets: true, buffer: "[" })
  host(inBrackets, ":")
  expect([inBrackets.state, inBrackets.buffer]).toEqual([host, "[:"])

  const afterPort = parserAt("/", { state: port, buffer: "80" })
  expect(port(afterPort, "/")).toBe(undefined)
  expect([afterPort.state, afterPort.at, afterPort.url.port]).toEqual([pathStart, -1, null])

  expect(port(parserAt("x", { state: port, buffer: "80" }), "x")).toBe("failure")
  expect(port(parserAt("", { state: port, buffer: "65536" }), undefined)).toBe("failure")
})

test("a setter's part is parsed into the URL that is there", () => {
  const url = parse("http://u@h:81/p?q#f")!
  expect(parseFrom("host", "other:82", url)).toBe(true)
  expect(parseFrom("path start", "a/../b c", url)).toBe(true)
  expect(parseFrom("scheme start", "mailto:", url)).toBe(true)
  expect(parseFrom("port", "x", url)).toBe(false)
  expect(serialize(url)).toBe("http://u@other:82/p/b%20c?q#f")
})
