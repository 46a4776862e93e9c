// What kind of file is it, and what does our own compiler say about it?
//
// The walk goes over section headers only; the engine validates the rest. Artifacts of edgeboxc carry a custom section
// "edgebox" with a JSON text:
//
//     {"version": 1, "engine": "quickjs-wasi 3.6.2", "stackBudget": {"address": 66624}}
//
// `stackBudget.address` is where in memory the guest keeps an i32: the bytes of native stack that it may use. It holds
// a value that fits any host; a host that knows better writes its own before it calls `_start`.
import { isProblem } from "../problem.ts"
import { Reader } from "../wasm/bytes.ts"
import { header, readBounds, SectionId } from "../wasm/sections.ts"
import * as problems from "./errors.ts"
import { decode } from "../wasi/utf8.ts"

/** The contents of the custom section "edgebox". Unknown fields are for other readers. */
export interface Artifact {
  version: 1
  engine?: string
  stackBudget?: { address: number }
}

/** The custom section's name. */
export const artifactSection = "edgebox"
/** The section is a few hundred bytes; more is not ours. */
const maxSectionBytes = 65_536

/** Refuse what is no core module, and find the artifact's section. `path` is for messages. Throws Problems. */
export function readArtifact(bytes: Uint8Array, path: string): Artifact | undefined {
  checkHeader(bytes, path)
  const reader = new Reader(bytes)
  reader.take(header.length)
  let found: Artifact | undefined
  while (!reader.done) {
    const id = reader.peek()
    const section = unlessMalformed(() => readBounds(reader))
    if (section === undefined) throw problems.truncatedModule(path, sectionName(id))
    if (id === SectionId.Custom && found === undefined) {
      found = ownSection(bytes.subarray(section.offset, section.end), path)
    }
  }
  return found
}

/** What `read` returns, or undefined where the bytes end too early, or say something that cannot be. */
function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isProblem(error)) return undefined
    throw error
  }
}

function sectionName(id: number): string {
  const name = Object.keys(SectionId).find((name) => SectionId[name as keyof typeof SectionId] === id)
  return name === undefined ? `section ${id}` : `its ${name.replace(/(?!^)[A-Z]/, " $&").toLowerCase()} section`
}

function checkHeader(bytes: Uint8Array, path: string): void {
  if (bytes.length === 0) throw problems.emptyModule(path)
  const matches = (length: number) => bytes.subarray(0, length).every((byte, i) => byte === header[i])
  if (!matches(4)) throw problems.notWasm(path, looksLike(bytes))
  if (bytes.length < header.length) {
    throw matches(header.length)
      ? problems.truncatedModule(path, "its header")
      : problems.notWasm(path, looksLike(bytes))
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
  // A component has layer 1 in the upper half of the version field.
  if (version >>> 16 === 1) throw problems.component(path)
  if (version !== 1) throw problems.unknownVersion(path, version)
}

/** What a file that is no wasm is instead, as far as one can tell. */
function looksLike(bytes: Uint8Array): string {
  const start = bytes.subarray(0, 512)
  if (start.some((byte) => byte < 9)) return "it does not begin with wasm's magic number"
  const text = new TextDecoder().decode(start)
  if (/^\s*\(\s*(module|component)/.test(text)) return "it is the text format; assemble it first (wat2wasm)"
  if (/^\s*</.test(text)) return "it looks like HTML, perhaps a failed download"
  return "it is a text file"
}

/** The artifact's description, if this custom section is it. */
function ownSection(section: Uint8Array, path: string): Artifact | undefined {
  const reader = new Reader(section)
  const name = unlessMalformed(() => reader.take(reader.u32()))
  if (name?.length !== artifactSection.length || Buffer.from(name).toString("latin1") !== artifactSection)
    return undefined
  return parseArtifact(reader.take(reader.left), path)
}

/** The same of a module that has been compiled already. */
export function artifactOf(module: WebAssembly.Module, path: string): Artifact | undefined {
  const [body] = WebAssembly.Module.customSections(module, artifactSection)
  return body && parseArtifact(new Uint8Array(body), path)
}

function parseArtifact(body: Uint8Array, path: string): Artifact {
  const bad = (why: string) => problems.badArtifactSection(path, why)
  if (body.length > maxSectionBytes) throw bad(`it has ${body.length} bytes`)
  let parsed: unknown
  try {
    parsed = JSON.parse(decode(body) ?? "")
  } catch {
    throw bad("it is not JSON")
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw bad("it is not a JSON object")
  const { version, engine, stackBudget } = parsed as Record<string, unknown>
  if (version !== 1) throw bad(`its version is ${JSON.stringify(version) ?? "missing"}, this edgebox reads version 1`)
  if (engine !== undefined && typeof engine !== "string") throw bad('"engine" is not a string')
  if (stackBudget === undefined) return { version, engine }
  const address = (stackBudget as { address?: unknown } | null)?.address
  if (!Number.isInteger(address) || (address as number) < 0) throw bad('"stackBudget.address" is not an address')
  return { version, engine, stackBudget: { address: address as number } }
}

/** Tell the guest how many bytes of native stack it has. Throws a Problem if the address lies outside memory. */
export function writeStackBudget(artifact: Artifact, memory: WebAssembly.Memory, bytes: number, path: string): void {
  const address = artifact.stackBudget?.address
  if (address === undefined) return
  if (address + 4 > memory.buffer.byteLength) {
    throw problems.badArtifactSection(path, `"stackBudget.address" ${address} lies outside the memory`)
  }
  new DataView(memory.buffer).setInt32(address, Math.max(0, Math.min(bytes, 0x7fff_ffff)), true)
}
