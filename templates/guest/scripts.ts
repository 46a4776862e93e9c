// The scripts of the guest's core, templates/guest/<name>.ts: the one place that says their order. It imports nothing.

/**
 * "core" runs when the base is made. The others are kept as bytecode, in this order, until the core asks for them:
 * native.load counts from the first of them.
 */
export const scripts = ["core", "show", "world"] as const

/** The number by which native.load knows a script. */
export const loadNumber = (name: Exclude<(typeof scripts)[number], "core">): number => scripts.indexOf(name) - 1
