// What the experiments found, number by number. A later experiment may use an earlier one's findings; it must never use
// abi.ts, or a wrong number there could confirm itself.
import type { Abi } from "../abi.ts"

/** A number that was found, or why it was not. */
export type Finding = { value: number } | { reason: string }

export interface Notebook {
  readonly findings: Map<string, Finding>
  /** Why series of experiments came to an early end. */
  readonly failures: string[]
  /** Do one experiment and write down what it found, or why it did not. */
  note<G extends keyof Abi>(group: G, field: keyof Abi[G] & string, find: () => number): void
  /** Do an experiment that finds several numbers of a group. */
  noteAll<G extends keyof Abi, F extends keyof Abi[G] & string>(
    group: G,
    fields: readonly F[],
    find: () => readonly number[],
  ): void
  /** Do a series of experiments. When even their preparation fails, what they look for stays unfound. */
  attempt(series: () => void): void
  /** A number that was found; throws when it was not, which fails the experiment that asks. */
  get<G extends keyof Abi>(group: G, field: keyof Abi[G] & string): number
}

export function openNotebook(): Notebook {
  const findings = new Map<string, Finding>()
  const notebook: Notebook = {
    findings,
    failures: [],
    note: (group, field, find) => notebook.noteAll(group, [field], () => [find()]),
    noteAll(group, fields, find) {
      let values: readonly number[] | undefined
      let reason = "not found"
      try {
        values = find()
      } catch (error) {
        // Wrong numbers lead experiments astray in every way; whatever happens, they have not found what they looked
        // for.
        reason = (error as Error).message
      }
      fields.forEach((field, i) => {
        const value = values?.[i]
        findings.set(`${group}.${field}`, value === undefined ? { reason } : { value })
      })
    },
    attempt(series) {
      try {
        series()
      } catch (error) {
        notebook.failures.push((error as Error).message)
      }
    },
    get(group, field) {
      const finding = findings.get(`${group}.${field}`)
      if (finding !== undefined && "value" in finding) return finding.value
      throw new Error(`needs ${group}.${field}, which was not found`)
    },
  }
  return notebook
}
