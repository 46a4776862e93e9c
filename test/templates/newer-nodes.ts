// The guest prints what Node 20 prints. Where a newer Node prints something else, its change has a row here: then the
// rest of what it prints can be compared all the same.

interface Change {
  /** The first major version with the change. */
  since: number
  why: string
  /** The tests whose output has it; all of them when it is missing. */
  of?: string[]
  /** What the newer Node prints, and Node 20 instead. */
  from: RegExp
  to: string
}

const notCompared = "(newer Nodes read this otherwise)"

const changes: Change[] = [
  {
    since: 22,
    why: "what a buffer has by its prototype stands in brackets",
    from: /\[(byteLength|byteOffset|buffer)\]: /g,
    to: "$1: ",
  },
  { since: 22, why: "a class named after what it extends is enough", from: /^MySet\(1\) \{/gm, to: "MySet(1) [Set] {" },
  { since: 24, why: "symbols that are keys stand without brackets", from: /([{,]\s+)(Symbol\(.*?\)):/g, to: "$1[$2]:" },
  { since: 22, why: "an error's class is added to a name without `Error`", from: /^5 \[Error\]: /gm, to: "5: " },
  {
    since: 22,
    why: "what cannot be transferred is an argument of the wrong type",
    of: ["structuredClone"],
    from: /^TypeError ERR_INVALID_ARG_TYPE /gm,
    to: "TypeError ERR_INVALID_TRANSFER_OBJECT ",
  },
  {
    since: 24,
    why: "`^` is encoded in paths, spaces at the end of opaque paths are kept, hosts follow a later Unicode",
    of: ["URL parsing"],
    from: /^"(?:http:\/\/host\/a b.*|http:\/\/xn--a?|http:\/\/١\.com|http:\/\/ẞ|non-special:opaque {2}#x)" .*$/gm,
    to: notCompared,
  },
  { since: 24, why: "`^` is encoded in paths", of: ["random URLs"], from: /%5E/g, to: "^" },
  {
    since: 24,
    why: "spaces at the end of opaque paths are kept",
    of: ["URL setters"],
    from: /^data:x \?q .*$/gm,
    to: notCompared,
  },
  { since: 24, why: "null is a text", of: ["URLSearchParams"], from: /^\[\["null",""\]\] null=$/gm, to: "[] " },
]

/** Tests in whose scripts a newer Node warns of something. */
const warnings: { since: number; of: string }[] = [{ since: 24, of: "odd timeouts" }]

const major = Number.parseInt(process.versions.node)

/** What a test's script printed, in the guest or in the Node that runs the tests, as Node 20 prints it. */
export function asNode20(test: string, text: string): string {
  return changes
    .filter(({ since, of }) => major >= since && (of?.includes(test) ?? true))
    .reduce((changed, { from, to }) => changed.replace(from, to), text)
}

/** Whether this Node warns in a script of which Node 20 says nothing. */
export function onlyNewerNodesWarn(test: string): boolean {
  return warnings.some(({ since, of }) => major >= since && of === test)
}
