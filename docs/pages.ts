// The pages of documentation that are written from the source: which, and what they should say.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { format, resolveConfig } from "prettier"
import { withOptions } from "./optionrows.ts"
import { problemsPage, readProblems } from "./problems.ts"

export interface Page {
  /** From the root of the repository. */
  file: string
  text: string
}

export async function makePages(root: string): Promise<Page[]> {
  const pages: Page[] = [
    { file: "docs/errors.md", text: problemsPage(readProblems(root), textOf(root, "docs/errors.md")) },
    { file: "README.md", text: withOptions(textOf(root, "README.md")) },
  ]
  return Promise.all(pages.map((page) => formatted(root, page)))
}

async function formatted(root: string, { file, text }: Page): Promise<Page> {
  const filepath = join(root, file)
  return { file, text: await format(text, { ...(await resolveConfig(filepath)), filepath }) }
}

/** What stands there now; nothing when it is not there. */
export function textOf(root: string, file: string): string {
  try {
    return readFileSync(join(root, file), "utf8")
  } catch {
    return ""
  }
}
