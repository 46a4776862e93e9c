// node:os: what a WASI command can say of its machine, which is little.
import { kit, native, useKit, type Kit } from "../guest/kit.ts"

/** Bytes that a 32-bit memory can have. */
const memoryLimit = 2 ** 32

export function start(given: Kit): void {
  useKit(given)
  given.modules.set("os", {
    EOL: "\n",
    arch: () => "wasm32",
    availableParallelism: () => 1,
    constants: { signals: {}, errno: {} },
    cpus: () => [],
    devNull: "/dev/null",
    endianness: () => "LE",
    freemem: () => memoryLimit - native.memorySize(),
    homedir: () => "/",
    hostname: () => "localhost",
    loadavg: () => [0, 0, 0],
    machine: () => "wasm32",
    networkInterfaces: () => ({}),
    platform: () => "wasi",
    release: () => "",
    tmpdir: () => "/tmp",
    totalmem: () => memoryLimit,
    type: () => "WASI",
    uptime: () => (kit.world().process as { uptime?(): number })["uptime"]?.() ?? 0,
    userInfo: () => ({ uid: 0, gid: 0, username: "", homedir: "/", shell: null }),
    version: () => "",
  })
}
