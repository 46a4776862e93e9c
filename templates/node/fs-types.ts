// WASI's file types, which a folder's entries have as well.
export const BLOCK = 1
export const CHARACTER = 2
export const FOLDER = 3
export const FILE = 4
export const DATAGRAM = 5
export const STREAM = 6
export const LINK = 7
