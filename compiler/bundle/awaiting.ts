// Modules that await, side by side.
//
// When esbuild puts ES modules into one scope, one that awaits holds up all that come after it; the language lets its
// siblings go on. So when a file besides the entry awaits, the entry is asked for by `import()`: that makes esbuild
// wrap every module in a function. Its import statements, the calls that such a function begins with, are taken out,
// and become the edges of a graph that is evaluated as ECMA-262 says (16.2.1.6, Cyclic Module Records), with cycles:
//
//   var init_b = __esm({                            var init_b = __esm({
//     async "b.js"() {                                    "b.js"() {
//       await init_a();                       ->
//       import_fs = __toESM(require_fs());
//       console.log("b needs a", v1);                   console.log("b needs a", v1);
//     }                                               }
//   });                                             });
//                                                   __edgebox_link(init_b, false, true, [init_a, () => { … }])
//
// Everything keeps its place; what is taken out leaves spaces.
import type { AnyNode, Expression, Program, Statement } from "acorn"

interface Module {
  name: string
  /** Where `async` stands before the function's key, if it does. */
  asyncAt?: number
  body: readonly Statement[]
}

/** What a bundle is after its modules' edges are taken out, and the statements that put them into the graph. */
export interface Linked {
  source: string
  links: string
}

/** Take the edges between modules out of `source`. */
export function withModulesLinked(source: string, program: Program): Linked {
  const statements = program.body as Statement[]
  const modules = statements.flatMap((statement) => moduleOf(statement, source) ?? [])
  const inits = new Set(modules.map(({ name }) => name))
  const blanks: [from: number, to: number][] = []
  const links: string[] = []
  for (const { name, asyncAt, body } of modules) {
    const edges: string[] = []
    let own = 0
    for (; own < body.length; own++) {
      const statement = body[own]!
      const edge = edgeOf(statement, inits, source)
      if (edge === undefined) break
      edges.push(edge)
      blanks.push([statement.start, statement.end])
    }
    const awaits = body.slice(own).some(awaitsIn)
    if (asyncAt !== undefined && !awaits) blanks.push([asyncAt, asyncAt + "async".length])
    links.push(`__edgebox_link(${name}, ${awaits}, ${asyncAt !== undefined}, [${edges.join(", ")}])`)
  }
  return { source: blanked(source, blanks), links: links.join(", ") }
}

/** `var init_x = __esm({ async "x.js"() { … } })`. */
function moduleOf(statement: Statement, source: string): Module | undefined {
  if (statement.type !== "VariableDeclaration" || statement.declarations.length !== 1) return undefined
  const { id, init } = statement.declarations[0]!
  if (id.type !== "Identifier" || calledIn(init) !== "__esm" || init?.type !== "CallExpression") return undefined
  const [files] = init.arguments
  const file = files?.type === "ObjectExpression" ? files.properties[0] : undefined
  if (file?.type !== "Property" || file.value.type !== "FunctionExpression") return undefined
  const asyncAt = source.startsWith("async", file.start) ? file.start : undefined
  return { name: id.name, asyncAt, body: file.value.body.body }
}

/** The helper or function that an expression calls. */
function calledIn(value: Expression | null | undefined): string | undefined {
  if (value?.type !== "CallExpression" || value.callee.type !== "Identifier") return undefined
  return value.callee.name.replace(/^(__[a-zA-Z]+)\d+$/, "$1")
}

/** An import, as an expression of the graph: another module, or what gives the names of a CommonJS module. */
function edgeOf(statement: Statement, inits: ReadonlySet<string>, source: string): string | undefined {
  if (statement.type !== "ExpressionStatement") return undefined
  const { expression } = statement
  const call = expression.type === "AwaitExpression" ? expression.argument : expression
  const callee = calledIn(call)
  if (callee !== undefined && inits.has(callee)) return callee
  const imports =
    expression.type === "AssignmentExpression" ? calledIn(expression.right) === "__toESM" : callee === "__reExport"
  const alone = call.type === "CallExpression" && call.arguments.length === 0 && /^require_/.test(callee ?? "")
  return imports || alone ? `() => { ${source.slice(expression.start, expression.end)}; }` : undefined
}

/** Does it await, outside of functions of its own? */
function awaitsIn(node: AnyNode): boolean {
  if (/Function/.test(node.type)) return false
  if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await)) return true
  if (node.type === "VariableDeclaration" && (node.kind as string) === "await using") return true
  for (const key in node) {
    const value = node[key as keyof AnyNode] as unknown
    const children = Array.isArray(value) ? value : [value]
    if (children.some((child) => isNode(child) && awaitsIn(child))) return true
  }
  return false
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
}

function blanked(source: string, blanks: readonly [number, number][]): string {
  const pieces: string[] = []
  let at = 0
  for (const [from, to] of [...blanks].sort((a, b) => a[0] - b[0])) {
    pieces.push(source.slice(at, from), source.slice(from, to).replace(/[^\n]/g, " "))
    at = to
  }
  return pieces.concat(source.slice(at)).join("")
}

const esmHeader = "var __esm = (fn, res, err) => function __init() {"

/** esbuild's `__esm`, which runs a module, exchanged for one that puts it into the graph. */
export function withGraph(code: string): string {
  return code.replace(esmHeader, () =>
    esmHeader.replace("=> ", "=> __edgebox_module(fn[__getOwnPropNames(fn)[0]]) ?? "),
  )
}

/** The evaluation of modules, on one line. The names of steps and fields are the specification's. */
export const graph = `
  var __edgebox_order = 0;
  var __edgebox_module = (body) => {
    var module = { body, hasTLA: false, answers: false, edges: [], parents: [], status: 0 };
    var init = () => module.answers ? Promise.resolve().then(() => __edgebox_evaluate(module)) : __edgebox_evaluate(module);
    init.module = module;
    return init;
  };
  var __edgebox_link = (init, hasTLA, answers, edges) => {
    Object.assign(init.module, { hasTLA, answers, edges: edges.map((edge) => (edge.module ? edge : __edgebox_module(edge)).module) });
  };
  var __edgebox_evaluate = (module) => {
    if (module.status === 1) return;
    if (module.status === 0) {
      var stack = [];
      try {
        __edgebox_inner(module, stack, 0);
      } catch (e) {
        for (const one of stack) Object.assign(one, { status: 3, error: [e], cycleRoot: one });
        throw e;
      }
    }
    var root = module.cycleRoot;
    if (root.error) throw root.error[0];
    if (root.asyncEvaluation === void 0) return;
    return root.capability ??= new Promise((resolve, reject) => Object.assign(root, { resolve, reject }));
  };
  var __edgebox_inner = (module, stack, index) => {
    if (module.status >= 2) {
      if (module.error) throw module.error[0];
      return index;
    }
    if (module.status === 1) return index;
    Object.assign(module, { status: 1, dfsIndex: index, dfsAncestorIndex: index, pending: 0 });
    index++;
    stack.push(module);
    for (var edge of module.edges) {
      index = __edgebox_inner(edge, stack, index);
      if (edge.status === 1) module.dfsAncestorIndex = Math.min(module.dfsAncestorIndex, edge.dfsAncestorIndex);
      else {
        edge = edge.cycleRoot;
        if (edge.error) throw edge.error[0];
      }
      if (edge.asyncEvaluation !== void 0) {
        module.pending++;
        edge.parents.push(module);
      }
    }
    if (module.pending > 0 || module.hasTLA) {
      module.asyncEvaluation = __edgebox_order++;
      if (module.pending === 0) __edgebox_execute(module);
    } else (0, module.body)();
    if (module.dfsAncestorIndex === module.dfsIndex) for (;;) {
      var one = stack.pop();
      one.status = one.asyncEvaluation === void 0 ? 3 : 2;
      one.cycleRoot = module;
      if (one === module) break;
    }
    return index;
  };
  var __edgebox_execute = (module) => {
    (0, module.body)().then(() => __edgebox_fulfilled(module), (e) => __edgebox_rejected(module, e));
  };
  var __edgebox_done = (module) => {
    module.asyncEvaluation = void 0;
    module.status = 3;
    module.resolve?.();
  };
  var __edgebox_gather = (module, list) => {
    for (const parent of module.parents) if (!list.includes(parent) && !parent.cycleRoot.error && --parent.pending === 0) {
      list.push(parent);
      if (!parent.hasTLA) __edgebox_gather(parent, list);
    }
    return list;
  };
  var __edgebox_fulfilled = (module) => {
    if (module.status === 3) return;
    __edgebox_done(module);
    for (const one of __edgebox_gather(module, []).sort((a, b) => a.asyncEvaluation - b.asyncEvaluation)) {
      if (one.status === 3) continue;
      if (one.hasTLA) {
        __edgebox_execute(one);
        continue;
      }
      try {
        (0, one.body)();
      } catch (e) {
        __edgebox_rejected(one, e);
        continue;
      }
      __edgebox_done(one);
    }
  };
  var __edgebox_rejected = (module, e) => {
    if (module.status === 3) return;
    Object.assign(module, { error: [e], status: 3, asyncEvaluation: void 0 });
    for (const parent of module.parents) __edgebox_rejected(parent, e);
    module.reject?.(e);
  };`.replace(/\n\s*/g, " ")
