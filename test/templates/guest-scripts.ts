// Programs that the guest and Node must run alike: same output, same exit code. Compared by guest-run.test.ts.
//
// None depends on how long something takes. What is sure of timers: of two, the one that is due first and was set first
// fires first. One that must not fire yet is set for a minute, and taken back by what must come before it.

/** Name -> script. `stdin` is what it reads. */
export const scripts: Record<string, string> = {
  "ticks, microtasks, timers": `
    const minute = setTimeout(() => console.log("timeout of a minute"), 60000)
    setTimeout(() => console.log("timeout 0"), 0)
    setTimeout(() => console.log("timeout 5"), 5)
    setTimeout(() => { console.log("timeout 10"); clearTimeout(minute) }, 10)
    process.nextTick(() => console.log("tick"))
    Promise.resolve().then(() => console.log("micro")).then(() => process.nextTick(() => console.log("tick from micro")))
    queueMicrotask(() => console.log("queued"))
    process.nextTick((a, b) => console.log("tick args", a, b), 1, 2)
    console.log("sync")`,
  "between timers ticks and microtasks run": `
    setTimeout(() => { console.log("a"); process.nextTick(() => console.log("a tick")); Promise.resolve().then(() => console.log("a micro")) }, 1)
    setTimeout(() => console.log("b"), 1)`,
  "immediates in immediates wait a turn": `
    setImmediate(() => {
      console.log(1); const minute = setTimeout(() => console.log("never"), 60000)
      setImmediate(() => { console.log(3); clearTimeout(minute); setTimeout(() => console.log("t"), 1) })
    })
    setImmediate(() => console.log(2))`,
  "an interval stops itself": `let n = 0; const t = setInterval(() => { console.log(++n); if (n === 3) clearInterval(t) }, 2)`,
  "an interval cleared before it fires": `const t = setInterval(() => console.log("never"), 1); clearInterval(t); console.log("done")`,
  "timers with arguments, by number, as strings": `
    setTimeout((...a) => console.log(a), 1, "x", 2)
    const t = setTimeout(() => console.log("never"), 1); clearTimeout(+t); const u = setTimeout(() => console.log("never"), 1); clearTimeout(String(+u))
    console.log(typeof t, t.hasRef(), t.unref() === t, t.hasRef(), t.constructor.name)`,
  "an unreferenced timer keeps nothing alive": `setTimeout(() => console.log("never"), 60000).unref(); setTimeout(() => console.log("ref"), 1)`,
  "a huge timeout is 1 ms, with a warning": `setTimeout(() => console.log("now"), 2 ** 31)`,
  "odd timeouts": `
    const set = (ms) => setTimeout((x) => console.log("fired", x), ms, String(ms)); const minute = set("60000")
    for (const ms of [0, -1, NaN, "1", undefined, null, 1.9]) set(ms)
    setTimeout(() => clearTimeout(minute), 2)`,
  "clearing nonsense": `clearTimeout(); clearTimeout(null); clearTimeout({}); clearTimeout(12345); console.log("ok")`,
  "setTimeout of no function": `try { setTimeout("code") } catch (e) { console.log(e.name, e.code, e.message) }`,
  "queueMicrotask of no function": `try { queueMicrotask(1) } catch (e) { console.log(e.name, e.code, e.message) }`,
  "an uncaught error": `console.log("before"); throw new TypeError("boom")`,
  "an uncaught error with properties and a cause": `throw Object.assign(new Error("outer", { cause: new RangeError("inner") }), { code: "E_X" })`,
  "an error in a timer": `setTimeout(() => { throw new Error("in timer") }, 1); setTimeout(() => console.log("never"), 50)`,
  "an error in a microtask": `queueMicrotask(() => { throw new Error("in microtask") }); setTimeout(() => console.log("never"), 10)`,
  "an error in a tick": `process.nextTick(() => { throw new Error("in tick") }); setTimeout(() => console.log("never"), 10)`,
  "an unhandled rejection": `Promise.reject(new Error("rejected")); setTimeout(() => console.log("never"), 10)`,
  "an unhandled rejection of a string": `Promise.reject("text"); setTimeout(() => console.log("never"), 10)`,
  "an async function that throws": `(async () => { await 1; throw new Error("async") })()`,
  "a rejection handled in time": `const p = Promise.reject(new Error("x")); p.catch(() => console.log("handled"))`,
  "a rejection handled in a tick": `const p = Promise.reject(new Error("x")); process.nextTick(() => p.catch(() => console.log("handled")))`,
  "a rejection handled too late": `const p = Promise.reject(new Error("x")); setTimeout(() => p.catch(() => console.log("late")), 1)`,
  "unhandledRejection listener": `process.on("unhandledRejection", (r, p) => console.log("caught", r.message, p instanceof Promise)); Promise.reject(new Error("x")); setTimeout(() => console.log("alive"), 1)`,
  "rejectionHandled listener": `process.on("unhandledRejection", () => console.log("unhandled")); process.on("rejectionHandled", () => console.log("handled")); const p = Promise.reject(1); setTimeout(() => p.catch(() => {}), 1)`,
  "uncaughtException listener": `process.on("uncaughtException", (e, origin) => console.log("caught", e.message, origin)); setTimeout(() => console.log("alive"), 5); throw new Error("x")`,
  "uncaughtException listener of a rejection": `process.on("uncaughtExceptionMonitor", (e, origin) => console.log("monitor", e.message, origin)); process.once("uncaughtException", (e, origin) => console.log(e.message, origin)); Promise.reject(new Error("z")); setTimeout(() => console.log("alive"), 1)`,
  "exit listener": `process.on("exit", (code) => { console.log("exit", code, process.exitCode); setTimeout(() => console.log("never"), 0) }); console.log("end")`,
  "exit listener after an error": `process.on("exit", (code) => console.log("exit", code)); throw new Error("x")`,
  "exit listener sets the code": `process.on("exit", () => { process.exitCode = 9 })`,
  "beforeExit may go on": `let n = 0; process.on("beforeExit", (c) => { console.log("before", c, n); if (n++ < 2) setTimeout(() => console.log("more"), 1) })`,
  "process.exit stops at once": `console.log("a"); process.on("exit", (c) => console.log("exit", c)); try { process.exit(3) } finally { console.log("never") }`,
  "process.exit in a promise": `Promise.resolve().then(() => process.exit(4)); setTimeout(() => console.log("never"), 5)`,
  "process.exit without a code": `process.exitCode = 6; process.exit()`,
  "process.exitCode": `process.exitCode = 5; setTimeout(() => console.log("still runs"), 1)`,
  "process.exitCode as a string": `process.exitCode = "7"`,
  "process.exitCode wraps": `process.exit(256 + 11)`,
  "process.exitCode refuses": `for (const c of [1.5, "x", {}, true, Symbol("s")]) try { process.exitCode = c; console.log("took", String(c)) } catch (e) { console.log(e.name, e.code, e.message) }`,
  "process.exit refuses": `try { process.exit("abc") } catch (e) { console.log(e.code) }`,
  "an uncaught error after an exit code was chosen": `process.exitCode = 5; process.on("exit", (c) => console.log("exit", c, process.exitCode)); throw new Error("x")`,
  "an unhandled rejection after an exit code was chosen": `process.exitCode = 5; Promise.reject(new Error("x"))`,
  "an uncaught error, and a listener that chooses the code": `process.on("exit", () => { process.exitCode = 9 }); throw new Error("x")`,
  "an error in an exit listener": `process.on("exit", () => { throw new TypeError("in exit") }); console.log("end")`,
  "an error in an uncaughtException listener": `process.on("exit", (c) => console.log("exit", c)); process.on("uncaughtException", () => { throw new RangeError("again") }); throw new Error("first")`,
  "throwing a string": `throw "text"`,
  "throwing null": `throw null`,
  "throwing undefined": `throw undefined`,
  "throwing an object": `throw { a: 1, b: [1, 2] }`,
  "nextTick of no function": `try { process.nextTick(1) } catch (e) { console.log(e.code, e.message) }`,
  "stdout.write": `console.log(process.stdout.write("a"), process.stdout.write("b\\n", "utf8", () => console.log("written"))); process.stdout.write(new Uint8Array([104, 105, 10])); try { process.stdout.write(5) } catch (e) { console.log(e.code, e.message) }; console.log(process.stdout.fd, process.stderr.fd, process.stdin.fd)`,
  "stdout.write in encodings": `process.stdout.write("68690a", "hex"); process.stdout.write("aGkK", "base64")`,
  "lone surrogates": `console.log("a\\ud800b", ["\\udc00"])`,
  "console group": `console.group("one"); console.log("two\\nlines"); console.group(); console.log({ a: 1, b: "x".repeat(70), c: 2 }); console.groupEnd(); console.log("back"); console.groupEnd(); console.groupEnd(); console.log("out")`,
  "console count and assert": `console.count(); console.count("a"); console.count(); console.countReset(); console.count(); console.assert(true, "no"); console.assert(false, "yes %s", 1); console.assert(false); console.assert(false, { a: 1 })`,
  "console dir": `console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir("x"); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: null })`,
  "console methods": `console.info("i"); console.debug("d"); console.log(); console.log(""); console.log("%s"); console.dirxml({ a: 1 }, [2]); const { log } = console; log("detached"); console.log(typeof console.table, console.log.name, console.info.name)`,
  "console table": `console.table([{ a: 1, b: "x" }, { a: 2, c: true }]); console.table([[1, 2], [3, 4]]); console.table(5); console.table([1, "two", { x: 1 }]); console.table(new Map([["k", 1], ["l", { a: 2 }]])); console.table(new Set([1, "b"])); console.table({ r1: { c: 1 }, r2: { c: 2 } }); console.table([{ a: 1, b: 2 }], ["b"]); console.table([]); console.table([{ a: { b: { c: 1 } } , wide: "日本" }])`,
  "Error.stack and its kin": `
    class MyError extends Error { constructor(m) { super(m); this.name = "MyError" } }
    const first = (e) => String(e.stack).split("\\n")[0]
    console.log(first(new Error("a")), first(new MyError("b")), first(Object.assign(new Error("c"), { name: "N" })), first(new Error("")))
    const e = new Error("old"); e.message = "new"; console.log(first(e)); e.message = "newer"; console.log(first(e))
    const o = {}; Error.captureStackTrace(o); console.log(first(o), Object.keys(o))
    class Cap extends Error { constructor(m) { super(m); Error.captureStackTrace(this, Cap); this.name = "Cap" } }
    console.log(first(new Cap("m")), Object.keys(new Cap("m")))
    const s = new Error("s"); s.stack = "mine"; console.log(s.stack, Object.keys(s), JSON.stringify(s))
    console.log(typeof Error.captureStackTrace, Error.stackTraceLimit)
    Error.prepareStackTrace = (err, sites) => [err.message, Array.isArray(sites), typeof sites[0].getLineNumber()]
    console.log(new Error("prepared").stack); Error.prepareStackTrace = undefined; console.log(first(new Error("again")))
    Error.stackTraceLimit = 0; console.log(new Error("none").stack); Error.stackTraceLimit = 10
    function deep(n) { if (n === 0) throw new Error("deep"); deep(n - 1) }
    try { deep(20) } catch (e) { console.log(e.stack.split("\\n").length, e.stack.split("\\n")[1].trim().split(" ").slice(0, 2)) }
    try { null.x } catch (e) { console.log(e instanceof TypeError, /\\n {4}at /.test(e.stack)) }
    try { (function r() { r() })() } catch (e) { console.log(e.name, e.message, /\\n {4}at r /.test(e.stack)) }`,
  "process is an event emitter": `
    process.once("custom", (x) => console.log("custom", x)); console.log(process.emit("custom", 1), process.emit("custom", 2), process.listenerCount("custom"))
    const f = () => {}; process.on("z", f); console.log(process.listeners("z").length); process.off("z", f); console.log(process.eventNames().includes("z"))`,
  "hrtime and uptime": `const a = process.hrtime(), b = process.hrtime.bigint(); console.log(a.length, typeof b, process.hrtime(a).every((n) => n >= 0), process.hrtime.bigint() >= b, process.uptime() >= 0, typeof process.memoryUsage().heapUsed, process.memoryUsage.rss() > 0)`,
  "process.env": `process.env.A = 1; process.env.B = undefined; console.log(process.env.A, process.env.B, "A" in process.env, Object.keys(process.env).includes("A"), delete process.env.A, process.env.A, "A" in process.env); try { process.env[Symbol("x")] = 1 } catch (e) { console.log(e.name) }`,
  globals: `console.log(typeof globalThis.global, global === globalThis, Object.keys(globalThis).filter((k) => ["console", "process", "setTimeout", "queueMicrotask"].includes(k)).sort(), typeof atob, btoa("hi"), atob("aGk="), typeof require)`,
  "top-level await finishes": `(async () => { await new Promise((r) => setTimeout(r, 5)); console.log("after") })()`,
  "emitWarning goes to listeners": `process.on("warning", (w) => console.log(w.name, w.message, w.code)); process.emitWarning("careful", "MyWarning", "W1"); process.emitWarning(new Error("as error"))`,
  "stdin as text": `process.stdin.setEncoding("utf8"); let all = ""; process.stdin.on("data", (d) => (all += d)); process.stdin.on("end", () => console.log("end", JSON.stringify(all)))`,
  "stdin as bytes": `let all = ""; let n = 0; process.stdin.on("data", (d) => { all += d; n += d.length }); process.stdin.on("end", () => console.log(n, JSON.stringify(all)))`,
  "stdin by for await": `(async () => { let all = ""; for await (const chunk of process.stdin) all += chunk; console.log(JSON.stringify(all)) })()`,
  "stdin by readable": `process.stdin.setEncoding("utf8"); process.stdin.on("readable", () => { let c; while ((c = process.stdin.read()) !== null) console.log("got", JSON.stringify(c)) }); process.stdin.on("end", () => console.log("end"))`,
  "stdin once": `process.stdin.setEncoding("utf8"); process.stdin.once("data", (d) => { console.log("got", JSON.stringify(d)); process.stdin.pause() })`,
  "stdin by addListener": `process.stdin.setEncoding("utf8"); let all = ""; process.stdin.addListener("data", (d) => (all += d)); process.stdin.once("end", () => console.log(JSON.stringify(all)))`,
  "stdin once readable": `process.stdin.setEncoding("utf8"); process.stdin.once("readable", () => console.log(JSON.stringify(process.stdin.read())))`,
  "stdin by prependListener": `process.stdin.setEncoding("utf8"); process.stdin.prependListener("data", (d) => console.log(d.length)); process.stdin.prependOnceListener("data", () => console.log("first"))`,
  "stdin is not read by those who do not ask": `console.log("done")`,
}

/** Scripts in which the first line of standard error is compared as well. */
export const sameStderr = [
  "an uncaught error",
  "an error in a timer",
  "an error in a microtask",
  "an error in a tick",
  "an unhandled rejection",
  "an async function that throws",
  "an error in an exit listener",
  "an error in an uncaughtException listener",
]
