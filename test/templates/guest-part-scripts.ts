// Scripts over the web globals and built-in modules, for guest-parts.test.ts.

const attempt =
  "const attempt = (f) => { try { console.log(f()) } catch (e) { console.log(e.name, e.code, e.name === 'DOMException' ? e.code : '') } };"

/** Strings for new URL, alone and against a few bases. */
const urls = [
  "http://example.com",
  "HTTP://EXAMPLE.COM:80/../a/./b/%2e%2E/c?q#f",
  "https://user:p%40ss@host:8080/p?a=b&c#d",
  "http://a b/",
  "http://exa%20mple/",
  "http://[::1]/",
  "http://[1:2:3:4:5:6:7:8]/",
  "http://[::ffff:1.2.3.4]",
  "http://[1::2::3]",
  "http://[:::]",
  "http://[1:2:3:4:5:6:7:8:9]",
  "http://1.2.3.4",
  "http://0x7f.1",
  "http://017700000001",
  "http://256.1.1.1",
  "http://1.2.3.4.5",
  "http://4294967295",
  "http://4294967296",
  "http://1.2.3",
  "http://0x",
  "http://1.2.3.4.",
  "http://foo.0x4",
  "http://foo.09",
  "http://09",
  "file:///C:/x/../..",
  "file:c:\\\\foo\\\\bar",
  "file://localhost/x",
  "file://host/p",
  "file:///C|/a",
  "file:/a",
  "file:a",
  "file:",
  "file://",
  "file:///..",
  "//host/path",
  "/abs",
  "rel/path",
  "../up",
  "?q",
  "#h",
  "",
  " ",
  "  http://trim.me  ",
  "http:\\\\\\\\host\\\\path",
  "http:/host",
  "http:host",
  "http:",
  "http://",
  "http://?",
  "http://@/",
  "http://user@/",
  "http://:80/",
  "http://host:",
  "http://host:99999",
  "http://host:0",
  "http://host:080/",
  "http://host:8a",
  "mailto:a@b.c",
  "data:text/plain,hi there?x#y",
  "javascript:alert(1)",
  "about:blank",
  "blob:https://a.com/uuid",
  "blob:x",
  "foo://bar/baz",
  "foo://b%20ar",
  "foo://b ar/",
  "foo:/a/../b",
  "foo:a/../b",
  "foo:",
  "foo:///p",
  "foo:////p",
  "foo:/.//p",
  "foo://h:80/",
  "ws://h:80/",
  "wss://h:443/x",
  "ftp://h:21",
  "ftp://h:22",
  "http://ex\\u0000ample",
  "http://ex^ample",
  "http://ex|ample",
  "http://ex<ample",
  'http://host/a b\\"<>`{}^|\\\\',
  "http://host/?a b\\\"<>'`",
  'http://host/#a b\\"<>`',
  "foo://host/?'",
  "http://host/\\u{1f600}?\\u00e9#\\u4e2d",
  "http://us er:p:a:ss@h/",
  "http://a@b@c/",
  "http://host/%zz%4",
  "http://host/\\ud800",
  "ht\\ntp://ho\\tst/",
  "http://\\u00fcber.de",
  "http://xn--ber-goa.de",
  "http://B\\u00fccher.example",
  "http://fa\\u00df.de",
  "http://\\u03c3\\u03c2.gr",
  "http://\\u65e5\\u672c.jp",
  "http://\\uff21\\uff22.com",
  "http://a\\u3002b",
  "http://a\\u00adb.com",
  "http://\\u200bx.com",
  "http://xn--a",
  "http://xn--",
  "http://xn--zz\\u00fc",
  "http://a..b",
  "http://.a",
  "http://a.",
  "http://-a-",
  "http://a_b",
  "http://%41",
  "http://%c3%bc.de",
  "http://a%2fb",
  "http://\\u{1f4a9}.la",
  "http://\\u0661.com",
  "http://\\u05d0\\u05d1",
  "http://\\u0627\\u0628a.com",
  "http://\\u2126.com",
  "http://I\\u0307.com",
  "http://\\u0130.com",
  "http://\\u2100",
  "http://\\ufdfa",
  "http://\\u1e9e",
  "http://\\ufb01x",
  "http://\\u00b2",
  "http://example.com/././foo",
  "http://h/a/%2e./b",
  "http://h/..;/",
  "http://h/a/b/../..",
  "http://h//a//../b",
  "non-special:opaque ",
  "non-special:opaque  #x",
  "http://h:65535",
  "http://h:65536",
  "http://h:1/2",
  "x://h?q#f",
  "x:?q#f",
  "1x://h",
  "x+y.z-1://h",
  "http://user:@h",
  "http://:p@h",
  "http://h\\\\@x",
  "https:\\\\/\\\\/h",
  "///x",
  "\\\\\\\\x",
  "http:///x",
  "http:////x///y",
]
const bases = ["undefined", '"http://base.com/a/b?q#f"', '"file:///C:/x/y"', '"foo:opaque"', '"foo://h/a/b"']

export const partScripts: Record<string, string> = {
  "URL parsing": `
    for (const base of [${bases.join(", ")}]) for (const u of [${urls.map((u) => `"${u}"`).join(", ")}]) {
      try { const x = new URL(u, base); console.log(JSON.stringify(u), base, x.href, x.origin, x.protocol, x.username, x.password, x.host, x.hostname, x.port, x.pathname, x.search, x.hash) }
      catch (e) { console.log(JSON.stringify(u), base, e.name, e.code, e.message, e.input === u, e.base) }
    }`,
  "URL setters": `
    const values = ["", "x", "http", "https:", "file", "foo", "a:b", "user name", "h:81", "h:x", "h:", "[::1]:9", "1.2.3", "80", "443", "8080abc", "abc", "65536", "-1", "/p q", "p?q#r", "../x", "?a=b c'", "#f g", "ü", "a@b", "a/b", "\\\\\\\\x", "//x"]
    for (const start of ["http://u:p@host:8080/path?q#f", "https://h", "file:///C:/a", "mailto:x", "foo://h/p", "foo:/p", "data:x ?q"]) for (const key of ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]) for (const value of values) {
      // Node 20 deviates from the standard here.
      if ((key === "port" && /^[h[]/.test(value)) || (start === "foo:/p" && key.startsWith("host"))) continue
     
      const u = new URL(start); try { u[key] = value } catch (e) { console.log(e.code) } console.log(start, key, JSON.stringify(value), u.href)
    }`,
  "URL and its search parameters": `
    const u = new URL("http://h/?a=1&b=2&a=3"); const p = u.searchParams; console.log(p === u.searchParams, [...p], p.getAll("a"), p.size)
    p.append("c d", "e&f=ü+ "); console.log(u.href); p.delete("a"); console.log(u.search); p.set("b", "x"); p.sort(); console.log(u.href); u.search = "?z=9"; console.log([...p]); u.href = "http://k/?n=1"; console.log(p.toString()); p.delete("n"); console.log(u.href)
    const empty = new URL("http://h/?"); console.log(empty.href, empty.search); empty.searchParams.append("", ""); console.log(empty.href)
    console.log(URL.canParse("x:"), URL.canParse("x"), URL.canParse("x", "http://h"), JSON.stringify({ u }), String(u), Object.keys(u), u instanceof URL, Object.prototype.toString.call(u), typeof URL.prototype.href === "undefined")`.replace(
    ', typeof URL.prototype.href === "undefined"',
    "",
  ),
  URLSearchParams: `
    const show = (...a) => { try { const p = new URLSearchParams(...a); console.log(JSON.stringify([...p]), p.toString()) } catch (e) { console.log(e.name, e.code, e.message) } }
    show(); show(""); show("?a=1&b"); show("??a=1"); show("a=b=c&=x&y=&&z"); show("a+b=%20+%2B&%zz=%4"); show("ü=%C3%BC&x=%ff"); show({ a: 1, b: "x y" }); show([["a", 1], ["a", 2]]); show(new Map([["k", "v"]])); show([["a"]]); show([1]); show(5); show(null); show(undefined); show(new URLSearchParams("q=1")); show({ [Symbol.iterator]: undefined, a: 1 }); show("a=\\ud800")
    const p = new URLSearchParams("b=2&a=1&b=3&ä=~*-._!'()"); console.log(p.has("b"), p.has("b", "3"), p.has("b", "9"), p.get("none"), String(p)); p.delete("b", "3"); console.log(String(p)); p.sort(); console.log([...p.keys()], [...p.values()], p); p.forEach(function (v, k, o) { console.log(v, k, o === p, this.x) }, { x: 1 })
    for (const [k] of p) { p.delete(k); console.log(k) } console.log(p, new URLSearchParams(), Object.prototype.toString.call(p.entries())); try { p.append("x") } catch (e) { console.log(e.code, e.message) } try { p.get() } catch (e) { console.log(e.code, e.message) }
    console.log(new URLSearchParams("a=" + "x".repeat(80) + "&b=1"))`,
  "URL as it is printed": `console.log(new URL("https://u:p@h:81/p?q=1&r=2#f"), [new URL("x:y")], { a: { b: { u: new URL("http://h") } } })`,
  "TextEncoder and TextDecoder": `${attempt}
    const e = new TextEncoder(); console.log(e.encoding, e.encode("aé€😀"), e.encode(), e.encode(undefined), e.encode(null), e.encode("\\ud800x\\udc00"))
    for (const [s, n] of [["héllo", 3], ["héllo", 2], ["😀", 3], ["😀", 4], ["", 0], ["abc", 10], ["a".repeat(100), 50], ["é".repeat(100), 51]]) { const b = new Uint8Array(n); const r = e.encodeInto(s, b); console.log(r.read, r.written, String([...b])) }
    const d = (label, bytes, o, s) => attempt(() => JSON.stringify(new TextDecoder(label, o).decode(new Uint8Array(bytes), s)))
    for (const o of [{}, { fatal: true }, { ignoreBOM: true }]) { d("utf-8", [0xef, 0xbb, 0xbf, 0x61], o); d("utf-8", [0xff, 0x61], o); d("utf-8", [0xe2, 0x82], o); d("utf-8", [0xe2, 0x82, 0x41], o); d("utf-8", [0xf0, 0x9f, 0x98, 0x80], o); d("utf-8", [0xed, 0xa0, 0x80], o); d("utf-8", [0xc0, 0x80], o); d("utf-8", [0xf5, 0x80, 0x80, 0x80], o); d("utf-8", [0xf4, 0x90, 0x80, 0x80], o); d("utf-8", [0xf0, 0x80, 0x80, 0x80], o); d("utf-16le", [0x61, 0, 0x3d, 0xd8, 0, 0xde], o); d("utf-16le", [0x61, 0, 0x3d], o); d("utf-16le", [0, 0xd8, 0x61, 0], o); d("utf-16be", [0, 0x61, 0xfe, 0xff], o); d("utf-16le", [0xff, 0xfe, 0x61, 0], o) }
    for (const l of ["utf8", "UTF-8", " utf-8 ", "unicode-1-1-utf-8", "utf-16", "ucs-2", "latin1", "ascii", "windows-1252", "iso-8859-1"]) attempt(() => new TextDecoder(l).encoding)
    attempt(() => new TextDecoder("nope")); attempt(() => new TextDecoder("utf-8", 5) && "ok")
    const s = new TextDecoder(); console.log([[0xf0], [0x9f, 0x98], [0x80, 0x41], [0xe2, 0x82]].map((c) => JSON.stringify(s.decode(new Uint8Array(c), { stream: true }))).join(), JSON.stringify(s.decode()), JSON.stringify(s.decode(new Uint8Array([0x42]))))
    const t = new TextDecoder(); console.log(JSON.stringify([[0xef], [0xbb], [0xbf, 0x61]].map((c) => t.decode(new Uint8Array(c), { stream: true })) + t.decode()))
    const f = new TextDecoder("utf-8", { fatal: true }); attempt(() => f.decode(new Uint8Array([0xff]))); attempt(() => f.decode(new Uint8Array([0x61])))
    console.log(new TextDecoder().decode(new Uint16Array([0x6161, 0x6262])), new TextDecoder().decode(new DataView(new Uint8Array([1, 0x62, 0x63]).buffer, 1, 2)), new TextDecoder().decode(new Uint8Array([0x64]).buffer), JSON.stringify(new TextDecoder().decode()), Object.prototype.toString.call(e), Object.prototype.toString.call(s)); attempt(() => new TextDecoder().decode("x"))`,
  "random bytes decode alike": `
    let seed = 12345; const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
    for (let i = 0; i < 400; i++) { const bytes = Uint8Array.from({ length: random(12) }, () => [0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0x9f, 0xa0, 0x8f, 0x90][random(16)]); let streamed = ""; const d = new TextDecoder(); for (const b of bytes) streamed += d.decode(new Uint8Array([b]), { stream: true }); streamed += d.decode(); console.log(JSON.stringify(new TextDecoder().decode(bytes)), JSON.stringify(streamed)) }`,
  Headers: `
    const show = (init) => { try { console.log(JSON.stringify([...new Headers(init)])) } catch (e) { console.log(e.name) } }
    show(); show({}); show({ B: "1", a: 2 }); show([["x", "1"], ["X", "2"]]); show(new Headers({ q: "r" })); show(new Map([["m", "n"]])); show([["x"]]); show([["a", "b", "c"]]); show({ "bad name": 1 }); show({ "": 1 }); show({ a: "line\\nfeed" }); show({ a: "  trim\\t" }); show({ a: "\\u0100" }); show(null); show(5); show([["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["a", "z"]])
    const h = new Headers({ A: "1" }); h.append("a", "2"); h.append("b", "x"); console.log(h.get("A"), h.get("none"), h.has("B"), h.has("c")); h.set("A", "9"); h.delete("b"); console.log([...h], [...h.keys()], [...h.values()], h.getSetCookie()); h.append("set-cookie", "q"); h.append("set-cookie", "r"); console.log(h.getSetCookie(), h.get("set-cookie")); h.forEach((v, k, o) => console.log(k, v, o === h)); console.log(Object.prototype.toString.call(h), typeof h[Symbol.iterator])
    const printed = new Headers([["X-B", "1"], ["Set-Cookie", "a=b"]]); printed.append("x-b", "2"); printed.append("set-cookie", "c=d"); printed.set("aa", "1"); console.log(printed, new Headers())
    try { h.get("bad name") } catch (e) { console.log(e.name) } try { h.append("x") } catch (e) { console.log(e.name) }`,
  structuredClone: `${attempt}
    for (const v of [1, "s", null, undefined, true, 1n, -0, NaN, [1, , 3], { a: { b: [1] } }, new Date(5), /x/gi, new Map([[{ k: 1 }, new Set([1])]]), new Uint8Array([1, 2]), new ArrayBuffer(3), new DataView(new ArrayBuffer(4), 1, 2), Object(1), Object("s"), Object(false), Object(2n), Object.create(null), new (class Foo { x = 1; get y() { return 2 } })]) attempt(() => structuredClone(v))
    const c = structuredClone({ e: new RangeError("m", { cause: 1 }), f: Object.assign(new Error("p"), { name: "Own", extra: 1 }) }); console.log(c.e instanceof RangeError, c.e.message, c.f.name, c.f.extra, Object.keys(c.e), c.e.cause)
    const o = { n: 1 }; o.self = o; o.twin = [o, o]; const k = structuredClone(o); console.log(k.self === k, k.twin[0] === k, k !== o)
    for (const v of [() => {}, Symbol("s"), { f() {} }, new WeakMap(), Promise.resolve(), new Proxy({}, {}), Object.defineProperty({}, "g", { get() { throw new RangeError("from getter") }, enumerable: true })]) attempt(() => structuredClone(v))
    const b = new ArrayBuffer(8); const m = structuredClone({ b, v: new Uint8Array(b, 2, 3) }, { transfer: [b] }); console.log(b.byteLength, m.b.byteLength, m.v.byteOffset, m.v.length, m.v.buffer === m.b); attempt(() => structuredClone(1, { transfer: [1] })); attempt(() => structuredClone())
    const shared = new Uint8Array(4); const two = structuredClone([shared, shared, new Uint16Array(shared.buffer)]); console.log(two[0] === two[1], two[0].buffer === two[2].buffer); console.log(Object.keys(structuredClone(Object.assign([1], { x: 1 }))), structuredClone({ [Symbol("s")]: 1, v: 1 }))`,
  "atob and btoa": `${attempt} for (const s of ["", "a", "ab", "abc", "abcd", "\\xff\\x00", "é"]) attempt(() => btoa(s)); for (const s of ["", "YQ==", "YQ", "YWI=", " Y W I = ", "YWJj", "Y", "YQ=", "YQ===", "Y=Q=", "Y*==", "YR==", "\\u0100", "/+8=", "_-8="]) attempt(() => JSON.stringify(atob(s))); attempt(() => btoa(null)); attempt(() => btoa("\\u0100"))`,
  crypto: `${attempt}
    console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID()); const a = new Uint32Array(4); console.log(crypto.getRandomValues(a) === a, a.some((n) => n !== 0), crypto.getRandomValues(new Uint8Array(65536)).length, crypto.getRandomValues(new BigInt64Array(1)).length)
    const name = (f) => { try { f(); console.log("ok") } catch (e) { console.log(e.name, e instanceof DOMException) } }; name(() => crypto.getRandomValues(new Uint8Array(65537))); name(() => crypto.getRandomValues(new Float32Array(1))); name(() => crypto.getRandomValues([])); name(() => crypto.getRandomValues(new DataView(new ArrayBuffer(1)))); console.log(Object.prototype.toString.call(crypto)); try { new Crypto() } catch (e) { console.log(e.name) }`,
  performance: `const before = Date.now() - 1000; const a = performance.now(); const day = performance.timeOrigin + performance.now(); console.log(typeof a, a >= 0, performance.now() >= a, before < day && day < Date.now() + 1000, Object.keys(performance.toJSON()).includes("timeOrigin")); performance.mark("m"); performance.mark("n"); const x = performance.measure("d", "m", "n"); console.log(x.name, x.entryType, x.duration >= 0, performance.getEntriesByType("mark").length, performance.getEntriesByName("d").length); performance.clearMarks("m"); console.log(performance.getEntriesByType("mark").length); try { performance.measure("q", "none") } catch (e) { console.log(e.name) }`,
  "events and abort signals": `
    const t = new EventTarget(); const seen = []; t.addEventListener("x", (e) => seen.push(["a", e.type, e.target === t, e.eventPhase])); t.addEventListener("x", { handleEvent(e) { seen.push(["b", this !== undefined]); e.preventDefault() } }); t.addEventListener("x", () => seen.push("once"), { once: true }); console.log(t.dispatchEvent(new Event("x", { cancelable: true })), t.dispatchEvent(new Event("x")), seen)
    const f = () => console.log("never"); t.addEventListener("y", f); t.removeEventListener("y", f); t.dispatchEvent(new Event("y")); t.addEventListener("z", (e) => { console.log("z1"); e.stopImmediatePropagation() }); t.addEventListener("z", () => console.log("never")); t.dispatchEvent(new Event("z"))
    const c = new AbortController(); console.log(c.signal.aborted, c.signal.reason); c.signal.onabort = (e) => console.log("onabort", e.type); c.signal.addEventListener("abort", () => console.log("abort")); c.abort(); c.abort("again"); console.log(c.signal.aborted, c.signal.reason.name, c.signal.reason instanceof DOMException, c.signal.reason.message); try { c.signal.throwIfAborted() } catch (e) { console.log(e.name, e.code) }
    console.log(new AbortController(), AbortSignal.abort(), [c], { a: { b: { c: new AbortController() } } }, { a: { b: { c: { d: c } } } });
    const r = AbortSignal.abort("why"); console.log(r.aborted, r.reason); const any = AbortSignal.any([new AbortController().signal, r]); console.log(any.aborted, any.reason); const d = new AbortController(); const dep = AbortSignal.any([d.signal]); dep.addEventListener("abort", () => console.log("dependent", dep.reason)); d.abort(5); AbortSignal.timeout(2).addEventListener("abort", (e) => console.log(e.target.reason.name)); setTimeout(() => {}, 30)
    const e = new CustomEvent("c", { detail: { a: 1 } }); console.log(e.type, e.detail, e.bubbles, e.defaultPrevented, e instanceof Event, Object.prototype.toString.call(e)); try { new AbortSignal() } catch (x) { console.log(x.name) } try { new Event() } catch (x) { console.log(x.name, x.code) }`,
  DOMException: `const e = new DOMException("m", "AbortError"); console.log(e.name, e.message, e.code, e instanceof Error, DOMException.ABORT_ERR, new DOMException().name, new DOMException("x").code, new DOMException("x", "Unknown").code, String(e), Object.prototype.toString.call(e))`,
  path: `
    const path = require("path"); const parts = ["", "/", ".", "..", "/a", "a", "a/", "/a/", "/a/b", "a/b/..", "../a", "//a", "///a//b///", "./a", "a/./b", "a/../..", "a/../../b", ".a", "a.", "a.b", "a.b.c", ".a.b", "..a", "a/.b", "a/b.c/", "/a.b/c", "a//b", "/a/../../..", " ", "a b/c.d"]
    for (const p of parts) console.log(JSON.stringify([p, path.normalize(p), path.dirname(p), path.basename(p), path.extname(p), path.isAbsolute(p), path.parse(p), path.format(path.parse(p)), path.join(p, "x"), path.join("x", p), path.join("/r", p, ".."), path.resolve("/base", p), path.resolve("/base", p, "/abs"), /\\/$/.test(p) ? "" : [path.basename(p, ".b"), path.basename(p, "b")]]))
    for (const a of parts) for (const b of parts) console.log(path.relative("/q/" + a, "/q/" + b), path.relative("/" + a, "/x" + b), path.join(a, b))
    console.log(path.sep, path.delimiter, path.posix === path, path.join(), path.resolve("/"), path.basename("a.html", ".html"), path.basename(".html", ".html"), path.format({ name: "n", ext: "e" }), path.format({ dir: "/d", base: "b" }), path.format({ root: "/", name: "f", ext: ".t" }), path.format({ root: "/", dir: "/", base: "x" })); for (const f of ["join", "resolve", "dirname", "basename", "extname", "normalize", "isAbsolute", "parse", "format"]) try { path[f](5) } catch (e) { console.log(e.code, e.message) }`,
  events: `
    const EventEmitter = require("events"); const { once, on, errorMonitor } = EventEmitter; const e = new EventEmitter(); console.log(EventEmitter === EventEmitter.EventEmitter, EventEmitter.defaultMaxListeners, e.getMaxListeners(), e.emit("nothing"))
    e.on("newListener", (n, l) => console.log("new", n, typeof l)); e.on("removeListener", (n) => console.log("removed", n)); const f = (...a) => console.log("f", a); e.on("x", f); e.prependListener("x", () => console.log("first")); e.once("x", () => console.log("once")); console.log(e.emit("x", 1, 2), e.emit("x"), e.listenerCount("x"), e.rawListeners("x").length, e.eventNames()); e.off("x", f); e.removeAllListeners("x"); console.log(e.listeners("x"))
    try { e.emit("error", new TypeError("t")) } catch (x) { console.log(x.message) } try { e.emit("error", "str") } catch (x) { console.log(x.code, x.message, x.context) } try { e.emit("error", { a: 1 }) } catch (x) { console.log(x.code, x.message) } try { e.emit("error") } catch (x) { console.log(x.code, x.message) } try { e.on("x", 5) } catch (x) { console.log(x.code, x.message) } try { e.setMaxListeners(-1) } catch (x) { console.log(x.code, x.message) }
    e.on(errorMonitor, (x) => console.log("monitor", x.message)); e.on("error", (x) => console.log("error", x.message)); e.emit("error", new Error("E")); const order = []; const g = new EventEmitter(); g.on("a", () => { order.push(1); g.on("a", () => order.push("late")); g.removeAllListeners("a") }); g.on("a", () => order.push(2)); g.emit("a"); console.log(order)
    class Sub extends EventEmitter { constructor() { super(); this.v = 1 } } const s = new Sub(); s.on("q", function () { console.log(this === s, this.v) }); s.emit("q"); console.log(Object.keys(new EventEmitter()).filter((k) => !k.startsWith("_"))); function Old() { EventEmitter.call(this) } Object.setPrototypeOf(Old.prototype, EventEmitter.prototype); const o = new Old(); o.on("z", () => console.log("old")); o.emit("z")
    once(g, "later").then((v) => console.log("once", v)); once(g, "bad").catch((x) => console.log("rejected", x.message)); setTimeout(() => { g.emit("later", 1, 2); g.emit("error", new Error("no")) }, 1); (async () => { const h = new EventEmitter(); setTimeout(() => { h.emit("v", 1); h.emit("v", 2) }, 2); let n = 0; for await (const v of on(h, "v")) { console.log("for await", v); if (++n === 2) break } console.log(h.listenerCount("v")) })()
    const c = new EventEmitter({ captureRejections: true }); c.on("k", async () => { throw new Error("async") }); c.on("error", (x) => console.log("captured", x.message)); c.emit("k")`,
  util: `
    const util = require("util"); console.log(util.format("%s:%d", "a", 1), util.inspect({ a: { b: { c: {} } } }, { depth: 0 }), util.inspect("x", { colors: true }), util.inspect([1, { a: "s", b: null, c: undefined, d: Symbol("q"), e: /r/, f: new Date(0), g() {} }], { colors: true }), util.inspect({ b: 1, a: 2 }, { sorted: true }), util.inspect({ get a() { return { x: 1 } }, get b() { return 1 }, set c(v) {} }, { getters: true }), util.inspect(Array(5).fill(1), { maxArrayLength: 2 }), util.inspect("abcdef", { maxStringLength: 3 }), util.inspect({ a: 1, b: [1, 2] }, { compact: false }), util.inspect({ a: 1, b: [1, { c: 2 }] }, { compact: true }), util.inspect({ a: 1, b: { c: [1, 2, 3] } }, { breakLength: 10 }), util.inspect([1, 2], true), util.inspect({ a: 123456.789, b: 1000n }, { numericSeparator: true }), util.inspect(new Proxy({ a: 1 }, {}), { showProxy: true }), util.inspect(new Map([["a", 1]]), { showHidden: true }))
    console.log(util.isDeepStrictEqual({ a: [1, new Map([[1, { b: 2 }]])] }, { a: [1, new Map([[1, { b: 2 }]])] }), util.isDeepStrictEqual([1], ["1"]), util.isDeepStrictEqual(NaN, NaN), util.isDeepStrictEqual(0, -0), util.isDeepStrictEqual(new Set([{ a: 1 }]), new Set([{ a: 1 }])), util.isDeepStrictEqual({ a: undefined }, {}), util.isDeepStrictEqual([1, , 2], [1, undefined, 2]), util.isDeepStrictEqual(new Date(1), new Date(1)), util.isDeepStrictEqual(/a/g, /a/i), util.isDeepStrictEqual(new Error("a"), new Error("b")), util.isDeepStrictEqual(Object(1), Object(1)), util.isDeepStrictEqual(new Uint8Array([1]), new Uint8Array([1])), util.isDeepStrictEqual({}, Object.create(null)))
    util.promisify((a, cb) => cb(null, a * 2))(21).then((v) => console.log("promisified", v)); util.promisify((cb) => cb(new Error("p")))().catch((e) => console.log(e.message)); util.promisify(setTimeout)(1, "timer").then(console.log); util.callbackify(async (x) => x + 1)(1, (e, v) => console.log("callbackified", e, v)); util.callbackify(async () => { throw null })((e) => console.log(e.code, e.reason)); const f = Object.assign(() => {}, { [util.promisify.custom]: () => "custom" }); console.log(util.promisify(f)(), util.promisify(setTimeout) === setTimeout[util.promisify.custom]); try { util.promisify(1) } catch (e) { console.log(e.code, e.message) }
    for (const [k, v] of Object.entries({ isDate: new Date(), isRegExp: /x/, isMap: new Map(), isSet: new Set(), isPromise: Promise.resolve(), isProxy: new Proxy({}, {}), isAsyncFunction: async () => {}, isGeneratorFunction: function* () {}, isGeneratorObject: (function* () {})(), isTypedArray: new Int8Array(), isUint8Array: new Uint8Array(), isArrayBuffer: new ArrayBuffer(1), isAnyArrayBuffer: new ArrayBuffer(1), isNativeError: new TypeError(), isBoxedPrimitive: Object(1), isNumberObject: Object(1), isSymbolObject: Object(Symbol()), isWeakMap: new WeakMap(), isDataView: new DataView(new ArrayBuffer(1)), isArgumentsObject: (function () { return arguments })(), isMapIterator: new Map().keys(), isSetIterator: new Set().values(), isArrayBufferView: new Uint8Array() })) console.log(k, util.types[k](v), util.types[k]({}), util.types[k](1))
    function A() {} function B() {} util.inherits(A, B); console.log(new A() instanceof B, A.super_ === B, util.stripVTControlCharacters("\\x1b[31mred\\x1b[0m"), util.toUSVString("a\\ud800"), typeof util.TextEncoder, typeof util.TextDecoder, util.inspect.custom, util.inspect.defaultOptions.depth, util.isArray([]), util.inspect.colors.red, util.inspect.styles.number); const old = util.deprecate((x) => x, "", ""); console.log(typeof old)`,
  assert: `
    const assert = require("assert"); const attempt = (f) => { try { f(); console.log("ok") } catch (e) { console.log(e.name, e.code, e.generatedMessage, e.operator, e.message.split("\\n")[0]) } }
    attempt(() => assert(1)); attempt(() => assert(0, "m")); attempt(() => assert.ok(true)); attempt(() => assert.equal(1, "1")); attempt(() => assert.equal(1, 2)); attempt(() => assert.notEqual(1, 1)); attempt(() => assert.strictEqual(1, "1")); attempt(() => assert.strictEqual(NaN, NaN)); attempt(() => assert.notStrictEqual(1, 1)); attempt(() => assert.deepEqual({ a: 1 }, { a: "1" })); attempt(() => assert.deepStrictEqual({ a: 1 }, { a: "1" })); attempt(() => assert.deepStrictEqual([1, [2]], [1, [2]])); attempt(() => assert.notDeepStrictEqual({ a: 1 }, { a: 1 })); attempt(() => assert.throws(() => { throw new TypeError("x") })); attempt(() => assert.throws(() => {})); attempt(() => assert.throws(() => { throw new TypeError("abc") }, TypeError)); attempt(() => assert.throws(() => { throw new TypeError("abc") }, /b/)); attempt(() => assert.throws(() => { throw new TypeError("abc") }, { name: "TypeError", message: "abc" })); attempt(() => assert.throws(() => { throw new TypeError("abc") }, { message: "zzz" })); attempt(() => assert.throws(() => { throw new TypeError("abc") }, RangeError)); attempt(() => assert.throws(() => { throw new Error("q") }, (e) => e.message === "q")); attempt(() => assert.doesNotThrow(() => {})); attempt(() => assert.doesNotThrow(() => { throw new Error("q") })); attempt(() => assert.fail()); attempt(() => assert.fail("boom")); attempt(() => assert.ifError(null)); attempt(() => assert.ifError(new Error("i"))); attempt(() => assert.match("abc", /b/)); attempt(() => assert.match("abc", /z/)); attempt(() => assert.doesNotMatch("abc", /z/)); attempt(() => assert.strictEqual(1, 2, new RangeError("own"))); attempt(() => assert.strictEqual(1, 2, "message")); attempt(() => assert.strict.equal(1, "1")); attempt(() => require("assert/strict").deepEqual([1], ["1"]))
    assert.rejects(Promise.reject(new Error("r"))).then(() => console.log("rejects ok")); assert.rejects(async () => 1).catch((e) => console.log(e.message)); assert.doesNotReject(async () => 1).then(() => console.log("ok")); try { assert.strictEqual("a".repeat(5), "b") } catch (e) { console.log(e.message, e.actual, e.expected) } console.log(new assert.AssertionError({ actual: 1, expected: 2, operator: "strictEqual" }).message)
    for (const [a, b] of [[new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])], [new Set([1, "1"]), new Set(["1", 1])], [[1, 2, 3], [1, 2]], [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }], [null, undefined], ["", 0], [new Date(0), new Date(1)], [/a/, /a/], [Object(1), Object(2)], [(() => { const o = {}; o.o = o; return o })(), (() => { const o = {}; o.o = o; return o })()]]) { attempt(() => assert.deepEqual(a, b)); attempt(() => assert.deepStrictEqual(a, b)) }`,
  url: `
    const url = require("url"); const attempt = (f) => { try { console.log(f()) } catch (e) { console.log(e.name, e.code) } }
    for (const u of ["file:///a/b%20c", "file:///ü", "http://x", "file://host/x", "file:///a%2fb", "file:///", "x"]) attempt(() => url.fileURLToPath(u)); for (const p of ["/a b", "/a#b?c%d", "/ü", "/a/../b", "/a/", "/x\\\\y", "/n\\nl"]) attempt(() => url.pathToFileURL(p).href); attempt(() => url.fileURLToPath(5)); console.log(url.URL === URL, url.domainToASCII("español.com"), url.domainToASCII("xn--iñvalid.com"), url.domainToUnicode("xn--espaol-zwa.com"), url.format(new URL("http://u:p@測試/?q#h"), { auth: false, fragment: false, unicode: true, search: false })); const o = url.urlToHttpOptions(new URL("https://a:b@[::1]:8/x?y#z")); console.log(o.hostname, o.port, o.path, o.auth, o.protocol)`,
  "timers, console, process, os": `
    const t = require("timers"); const p = require("timers/promises"); console.log(t.setTimeout === setTimeout, t.promises === p, require("console") === console || require("console").log === console.log, require("process") === process, require("os").EOL === "\\n")
    p.setTimeout(2, "v").then((v) => { console.log(v); return p.setImmediate("i") }).then(console.log); const c = new AbortController(); p.setTimeout(1000, null, { signal: c.signal }).catch((e) => console.log(e.name, e.code)); c.abort()`,
}
