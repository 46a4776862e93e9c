// integer loop: shifts, xor, wrapping multiplication by hand
function hash(count) {
  let h = 0x811c9dc5 | 0
  for (let i = 0; i < count; i++) {
    h ^= i & 0xff
    h = (h + (h << 1) + (h << 4) + (h << 7) + (h << 8) + (h << 24)) | 0
  }
  return h >>> 0
}
globalThis.run = () => hash(1000000)
