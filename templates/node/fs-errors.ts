// Errors of file calls in Node's shape, from WASI's errno.
import { kit } from "../guest/kit.ts"
import { errnos } from "./fs-errno.ts"

// WASI's, as the natives return them.
export const EEXIST = -20
export const EISDIR = -31
export const ENOENT = -44
export const ENOSYS = -52
export const ENOTDIR = -54

/** "ENOENT: no such file or directory, open 'x'", with what programs look at. */
export function failure(errno: number, syscall: string, path?: string, dest?: string): Error {
  const [code, number, words] = errnos[-errno] ?? ["UNKNOWN", 4094, "unknown error"]
  const places = path === undefined ? "" : dest === undefined ? ` '${path}'` : ` '${path}' -> '${dest}'`
  const error = new Error(`${code}: ${words}, ${syscall}${places}`) as Error & Record<string, unknown>
  error["errno"] = -number
  error["code"] = code
  error["syscall"] = syscall
  if (path !== undefined) error["path"] = path
  if (dest !== undefined) error["dest"] = dest
  return error
}

/** WASI's errno of an error that `failure` made; undefined for others. */
export function errnoOf(error: unknown): number | undefined {
  const errno = Object.keys(errnos).find((key) => errnos[Number(key)]![0] === (error as { code?: string }).code)
  return errno === undefined ? undefined : -Number(errno)
}

/** ERR_INVALID_ARG_VALUE: "The argument 'flags' is invalid. Received 'q'". */
export function invalidValue(name: string, what: string, value: unknown): Error {
  const received = kit.show().inspect(value)
  return kit
    .world()
    .nodeError(TypeError, "ERR_INVALID_ARG_VALUE", `The argument '${name}' ${what}. Received ${received}`)
}
