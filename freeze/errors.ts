// Every problem that freezing can end in. EB6xx; codes are never reused.

/** A problem that a user can see: code, message, where, and what to do about it. */
export interface FreezeProblem extends Error {
  code: string
  at?: string
  hint?: string
}

function problem(code: string, message: string, at?: string, hint?: string): FreezeProblem {
  return Object.assign(new Error(message), { code, at, hint })
}

export function unreadableFunction(pointer: number, reason: string): FreezeProblem {
  return problem("EB601", `there is no readable function in the engine's memory at ${pointer}: ${reason}`)
}

export function engineDiffers(what: string): FreezeProblem {
  const hint = "This engine is not the one that frozen code is written for. Build with --freeze none, and report it."
  return problem("EB602", `functions cannot be frozen: ${what}`, undefined, hint)
}
