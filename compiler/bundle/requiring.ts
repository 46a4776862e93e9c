// esbuild's own helpers, where they differ from Node:
//
//   require() of an ES module    its namespace, the same each time; with a default export one that says __esModule, too
//   import of a CommonJS module  one namespace for each module
//   module, require              have in Node what tools look at: cache, resolve, parent, children, loaded, filename …
//
// Each is exchanged for one of as many lines, so that no line moves. The third costs room, and is there when an app
// says more than `module.exports`, `typeof module` and `require.main === module`.
import { placeOf } from "./meta.ts"

/** The text of a helper as esbuild 0.28 writes it -> ours. A minified bundle is minified after this. */
const toCommonJS = [
  `var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);`,
  `var __toCommonJS = (mod) => { var own = (name) => __getOwnPropNames(mod).includes(name); if (own("module.exports")) return mod["module.exports"]; if (!own("default") || own("__esModule")) return mod; var made = __namespaces.get(mod); if (made === void 0) __namespaces.set(mod, made = __defProp({}, "__esModule", { value: true, enumerable: true })); return __copyProps(made, mod); }, __namespaces = /* @__PURE__ */ new WeakMap();`,
] as const

const toESM = [
  `var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(`,
  `var __toESM = (mod, isNodeMode, target, known = __imported[isNodeMode || !mod || !mod.__esModule ? 1 : 0]) => known.has(mod) ? __copyProps(known.get(mod), mod) : (target = mod != null ? __create(__getProtoOf(mod)) : {}, known.set(mod, target), __copyProps(`,
] as const

const commonJS = [
  `      return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;`,
  `      return __edgebox_load(cb, __getOwnPropNames(cb)[0]);`,
] as const

/** What an app says of `module` and `require` that needs nothing more than `exports`. */
const plain = [
  /\bmodule\d*\.exports\b/g,
  /\btypeof module\d*\b/g,
  /\b__edgebox_main\s*[!=]==?\s*module\d*\b/g,
  /\bmodule\d*\s*[!=]==?\s*__edgebox_main\b/g,
  /\(exports\d*, module\d*\) \{/g,
  /^\s*module\d*;$/gm,
  /(?<=[.\w$"'`-])module\b|\bmodule(?=["'`-]|:)|\bmodule\d* && (?=module)/g,
]

/** Does an app look at more of `module` or `require` than what they are for? Too often yes does no harm. */
function looks(code: string): boolean {
  if (!/\bmodule\d*\b|\brequire\d*\.|\b__edgebox_(?:main|resolve_0+)\b/.test(code)) return false
  const rest = plain.reduce((text, pattern) => text.replace(pattern, ""), code)
  return /\bmodule\d*\b|\brequire\d*\.cache\b|\b__edgebox_(?:main|resolve_0+)\b/.test(rest)
}

/** The bundle with our helpers, and what they need in front of it: declarations on one line. */
export function withHelpers(
  code: string,
  { entry, files, builtins }: { entry: string; files: readonly string[]; builtins: readonly string[] },
): { code: string; prelude: string } {
  const replaced = [toCommonJS, toESM].reduce((text, [theirs, ours]) => text.replace(theirs, () => ours), code)
  const imported = replaced.includes(toESM[1]) ? "var __imported = [new Map(), new Map()]; " : ""
  const concerned = code.includes(commonJS[0]) || code.includes("__edgebox_resolve_")
  if (!concerned || !looks(code)) return { code: replaced, prelude: imported }
  return {
    code: replaced.replace(commonJS[0], () => commonJS[1]),
    prelude: imported + modules(placeOf(entry), files.map(placeOf), builtins),
  }
}

/** Node's `module` and `require`, as far as a bundle knows them. */
const modules = (main: string, files: readonly string[], builtins: readonly string[]) => oneLine`
  var __edgebox_builtin = require, __edgebox_cache = { __proto__: null }, __edgebox_known = { __proto__: null }, __edgebox_running;
  var __edgebox_files = new Set(${JSON.stringify(files)}), __edgebox_builtins = new Set(${JSON.stringify(builtins)});
  var __edgebox_Module = class {
    static { Object.defineProperty(this, "name", { value: "Module" }); }
    #parent;
    constructor(file, parent) {
      this.id = parent === null && file === ${JSON.stringify(main)} ? "." : file;
      this.path = file.replace(/\\/[^/]*$/, "");
      this.exports = {};
      this.filename = file;
      this.loaded = false;
      this.children = [];
      this.paths = [];
      for (let at = this.path; file[0] === "/"; at = at.replace(/\\/[^/]*$/, "")) {
        if (!at.endsWith("/node_modules")) this.paths.push(at + "/node_modules");
        if (at === "") break;
      }
      this.#parent = parent;
    }
    get parent() { return this.#parent; }
    require(name) { return require(/^\\.\\.?(\\/|$)/.test(name) ? this.path + "/" + name : name); }
  };
  var __edgebox_load = (cb, key) => {
    if (/^(node|external|missing):/.test(key)) key = ":" + key;
    var file = key[0] === ":" ? key : "/app/" + key.replace(/^(\\.\\.\\/)+/, "");
    var parent = __edgebox_running ?? null, found = __edgebox_cache[file];
    if (found === void 0) {
      found = __edgebox_cache[file] = new __edgebox_Module(file, parent);
      if (key[0] === ":") Object.defineProperty(__edgebox_cache, file, { enumerable: false });
      else parent?.children.push(found);
      __edgebox_known[file] = () => __edgebox_load(cb, key);
      __edgebox_running = found;
      try {
        (0, cb[Object.keys(cb)[0]])(found.exports, found);
        found.loaded = true;
      } catch (e) {
        delete __edgebox_cache[file];
        if (parent?.children.includes(found)) parent.children.splice(parent.children.indexOf(found), 1);
        throw e;
      } finally {
        __edgebox_running = parent;
      }
    } else if (key[0] !== ":" && parent !== null && !parent.children.includes(found)) parent.children.push(found);
    return found.exports;
  };
  var __edgebox_path = (name) => {
    var parts = [];
    for (const part of name.split("/"))
      if (part === "..") parts.pop();
      else if (part !== "." && part !== "") parts.push(part);
    name = "/" + parts.join("/");
    return [name, name + ".js", name + ".json", name + ".cjs", name + "/index.js"].find((file) => __edgebox_files.has(file));
  };
  require = Object.assign({ require(name) {
    var file = typeof name === "string" && name[0] === "/" ? __edgebox_path(name) : void 0;
    var load = file !== void 0 && __edgebox_known[file];
    return load ? load() : __edgebox_builtin(name);
  } }.require, { cache: __edgebox_cache });
  var __edgebox_resolver = (from) => ({ resolve(name) {
    if (typeof name !== "string") throw Object.assign(new TypeError("The name of a module must be a string"), { code: "ERR_INVALID_ARG_TYPE" });
    var file = __edgebox_path(/^\\.\\.?(\\/|$)/.test(name) ? from + "/" + name : name[0] === "/" ? name : "/app/node_modules/" + name);
    if (file === void 0 && !__edgebox_builtins.has(name.replace(/^node:/, ""))) __edgebox_builtin(name);
    return file ?? name;
  } }).resolve;`

function oneLine(pieces: TemplateStringsArray, ...values: unknown[]): string {
  return String.raw({ raw: pieces }, ...values).replace(/\n\s*/g, " ")
}
