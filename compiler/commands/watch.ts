// `--watch`: build again when a file that the build read has changed.
//
// Folders are watched rather than files: editors save by renaming a new file over the old one, which a watched file
// would not see.
import { existsSync, type FSWatcher, statSync, watch } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout } from "node:timers/promises"

/** Changes that come closer together than this are one change: saving several files, or one in two steps. */
const settleMs = 60

/** What to look at after a build. */
export interface Watched {
  /** Absolute paths of files that the build read. */
  files: string[]
  /** Folders of which any file counts: where a failed build does not know what it would have read. */
  folders: string[]
}

/**
 * Call `build` now and after every change, one at a time, until `signal` aborts. `build` does not throw: it reports
 * what went wrong by itself and says what to watch. Changes during a build lead to one more build.
 */
export async function buildAndWatch(build: () => Promise<Watched>, signal: AbortSignal): Promise<void> {
  let watchers: FSWatcher[] = []
  const seen = new Map<string, number>()
  try {
    while (!signal.aborted) {
      const changed = deferred()
      signal.addEventListener("abort", changed.resolve, { once: true })
      const began = Date.now()
      const now = await build()
      for (const watcher of watchers) watcher.close()
      watchers = watchAll(now, changed.resolve)
      // Nobody watched what this build read for the first time while it read it. A folder changes when a file comes.
      if (changedSince(began, [...now.files, ...now.folders], seen)) changed.resolve()
      await changed.promise
      signal.removeEventListener("abort", changed.resolve)
      await setTimeout(settleMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}

/** Was one of the files or folders written after a moment (ms since 1970)? What is from the future counts once. */
function changedSince(moment: number, paths: readonly string[], seen: Map<string, number>): boolean {
  let changed = false
  for (const path of paths) {
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (written > moment && seen.get(path) !== written) changed = true
    seen.set(path, written)
  }
  return changed
}

function watchAll({ files, folders }: Watched, onChange: () => void): FSWatcher[] {
  const wanted = new Set(files)
  const anyOf = new Set(folders)
  const all = new Set([...files.map((file) => dirname(file)), ...folders])
  return [...all].filter(existsSync).map((folder) => {
    const watcher = watch(folder, (_event, name) => {
      // Temporary files of ours begin with a dot and end in .tmp; they are written beside the artifact.
      if (name === null || anyOf.has(folder) ? !name?.endsWith(".tmp") : wanted.has(join(folder, name))) onChange()
    })
    watcher.on("error", onChange) // the folder went away: the next build says so
    return watcher
  })
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}
