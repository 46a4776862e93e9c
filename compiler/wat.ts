// Frozen code as text, through binaryen.
import { firstFrozen } from "../freeze/helpers/signatures.ts"

/** The whole library. */
export async function libraryText(library: Uint8Array): Promise<string> {
  const { default: binaryen } = await import("binaryen")
  const module = binaryen.readBinary(library)
  try {
    return module.emitText()
  } finally {
    module.dispose()
  }
}

/**
 * The text of the frozen functions at positions `first` to `last` among a library's frozen functions (kernels count).
 */
export async function watOf(library: Uint8Array, first: number, last: number): Promise<string> {
  const { default: binaryen } = await import("binaryen")
  const module = binaryen.readBinary(library)
  try {
    const texts: string[] = []
    for (let index = first; index <= last; index++) {
      const name = binaryen.getFunctionInfo(module.getFunctionByIndex(definedBefore + index)).name
      texts.push(functionText(module.emitText(), name))
    }
    return texts.join("\n")
  } finally {
    module.dispose()
  }
}

/** binaryen's list of functions begins with the imports, as the index space does. */
const definedBefore = firstFrozen

/** From `(func $name` to the line that closes it; every function starts at an indent of one. */
function functionText(text: string, name: string): string {
  const start = text.indexOf(`\n (func $${name} `)
  if (start < 0) throw new Error(`the library's text has no function ${name}`)
  const end = text.indexOf("\n )\n", start)
  return text.slice(start + 1, end + 3)
}
