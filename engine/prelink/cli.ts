// What `npm run build` calls: make the base and write it to dist/.
import { renameSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { buildGuest } from "./guest.ts"
import { readEnginePackage } from "../package.ts"
import { prelink } from "./prelink.ts"

export async function prelinkCommand(): Promise<void> {
  const root = resolve(import.meta.dirname, "..")
  const guest = await buildGuest(root)
  const made = prelink(readEnginePackage(), guest)
  const path = join(root, "dist/base.wasm")
  writeFileSync(`${path}.${process.pid}`, made.wasm)
  renameSync(`${path}.${process.pid}`, path)
  const library = made.libraryCode.map(({ name, bytes }) => `${name} ${bytes}`).join(", ")
  console.log(
    `dist/base.wasm  ${made.wasm.length} bytes: data ${made.dataBytes} in ${made.segments} segments, ${library}, ${made.pages} pages`,
  )
}
