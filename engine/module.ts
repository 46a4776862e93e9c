// A module taken apart as far as editing and linking need it: types, imports, bodies and table, with the sections kept.
import { parseCode, writeBody } from "../wasm/body.ts"
import { parseData, type DataSegment } from "../wasm/data.ts"
import { parseFunctions } from "../wasm/definitions.ts"
import { parseTypes, type FuncType } from "../wasm/deftypes.ts"
import { parseElements } from "../wasm/elem.ts"
import { parseExports, parseImports, writeExport, type Export, type Import } from "../wasm/externs.ts"
import {
  findSection,
  makeSection,
  readSections,
  replaceSection,
  SectionId,
  writeModule,
  type Section,
} from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"
import { Writer } from "../wasm/bytes.ts"

/** A parsed module. Function indices count imports first, as everywhere in WebAssembly. */
export interface ModuleParts {
  sections: Section[]
  types: FuncType[]
  imports: Import[]
  /** How many functions are imported. */
  importedFunctions: number
  /** Type index of each defined function. */
  functionTypes: number[]
  /** Bodies of the defined functions, in order. */
  bodies: Uint8Array[]
  exports: Export[]
  data: DataSegment[]
  /** Functions that element segments put into a table. */
  tableFunctions: number[]
  typeOf(functionIndex: number): number
}

/** Take a module apart. Throws wizer's EB300/EB301 when it is no module. */
export function parseModule(bytes: Uint8Array): ModuleParts {
  const sections = readSections(bytes)
  const section = (id: number) => findSection(sections, id)
  const imports = parseImports(section(SectionId.Import))
  const functionImports = imports.filter((i) => i.kind === "func")
  const functionTypes = parseFunctions(section(SectionId.Function))
  const elements = parseElements(section(SectionId.Element))
  return {
    sections,
    types: parseTypes(section(SectionId.Type)).map((type) => {
      if (type.kind !== "func") throw new Error("a module with GC types cannot be linked")
      return type
    }),
    imports,
    importedFunctions: functionImports.length,
    functionTypes,
    bodies: parseCode(section(SectionId.Code)),
    exports: parseExports(section(SectionId.Export)),
    data: parseData(section(SectionId.Data)),
    tableFunctions: elements.flatMap((e) => e.items.flatMap((item) => item.functions)),
    typeOf(index) {
      const imported = functionImports[index]
      const type = imported ? imported.type : functionTypes[index - functionImports.length]
      if (type === undefined) throw new Error(`function ${index} does not exist`)
      return type
    },
  }
}

/** Index of an exported function. Throws a plain Error when there is none of this name. */
export function exportedFunction(module: ModuleParts, name: string): number {
  const found = module.exports.find((e) => e.kind === "func" && e.name === name)
  if (!found) throw new Error(`the module does not export the function ${name}`)
  return found.index
}

/** Body of a defined function. */
export function bodyOf(module: ModuleParts, index: number): Uint8Array {
  const body = module.bodies[index - module.importedFunctions]
  if (body === undefined) throw new Error(`function ${index} is not defined in the module`)
  return body
}

/** Give a defined function another body. */
export function setBody(module: ModuleParts, index: number, body: Uint8Array): void {
  bodyOf(module, index)
  module.bodies[index - module.importedFunctions] = body
}

/** A function's type as text: "i32,i64->i32". */
export function typeText(module: ModuleParts, index: number): string {
  const type = module.types[module.typeOf(index)]
  return type ? `${type.params}->${type.results}` : "nothing"
}

/** Write a module whose functions and exports were edited in place; functions may have been added. All else stays. */
export function writeParts(module: ModuleParts): Uint8Array {
  const vectors: [number, Uint8Array[]][] = [
    [SectionId.Function, module.functionTypes.map((type) => new Writer().u32(type).finish())],
    [SectionId.Export, module.exports.map(writeExport)],
    [SectionId.Code, module.bodies.map(writeBody)],
  ]
  let { sections } = module
  for (const [id, entries] of vectors) sections = replaceSection(sections, makeSection(id, writeVector(entries)))
  return writeModule(sections)
}
