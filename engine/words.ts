// Words of EdgeBox's own in the guest's memory.

/** In the memory below the engine's data that its first stack occupied. Addresses in bytes. */
export const words = {
  /**
   * Bytes of native stack that the guest may use. Hosts that know better than the default write here before `_start`.
   */
  nativeStackLimit: 1024,
  /** Bytes of native stack in use by functions that count their own frames. */
  nativeStackUsed: 1028,
  /** Where the shadow stack begins; it grows downwards. */
  shadowStackBase: 1032,
  /** Table slot of the hook that frozen code has for shapes (engine/edit/shapehook.ts); 0 while there is none. */
  shapeHook: 1036,
  /** 256 words: where frozen code finds its caches by shape (freeze/helpers/cache.ts). */
  shapeCaches: 2048,
} as const
