// Every problem that freezing can end in, sorted by code. EB6xx; codes are never reused.

import { Problem } from "../problem.ts"

export function unreadableFunction(pointer: number, reason: string): Problem {
  return new Problem("EB601", `There is no readable function in the engine's memory at ${pointer}: ${reason}.`)
}

export function engineDiffers(what: string): Problem {
  return new Problem("EB602", `Functions cannot be frozen: ${what}.`, {
    hint: "This engine is not the one that frozen code is written for. Build with --freeze none, and report it.",
  })
}
