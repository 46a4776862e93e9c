/**
 * Is a function of the program's a class? A class alone has a prototype that cannot be exchanged; its text is gone at
 * run time.
 */
export function isClass(f: object): boolean {
  return Object.getOwnPropertyDescriptor(f, "prototype")?.writable === false
}
