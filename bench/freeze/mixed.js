// a bit of everything: a tokenizer and an evaluator of arithmetic, with exceptions
function tokens(text) {
  const out = []
  let i = 0
  while (i < text.length) {
    const c = text[i]
    if (c === " ") i++
    else if (c >= "0" && c <= "9") {
      let n = 0
      while (i < text.length && text[i] >= "0" && text[i] <= "9") n = n * 10 + +text[i++]
      out.push({ kind: "number", value: n })
    } else {
      out.push({ kind: "op", value: c })
      i++
    }
  }
  return out
}
function evaluate(list) {
  let at = 0
  const peek = () => list[at]?.value
  function factor() {
    const t = list[at++]
    if (t === undefined) throw new SyntaxError("end")
    if (t.kind === "number") return t.value
    if (t.value === "(") {
      const v = sum()
      at++
      return v
    }
    throw new SyntaxError(t.value)
  }
  function term() {
    let v = factor()
    for (;;) {
      const op = peek()
      if (op === "*") {
        at++
        v *= factor()
      } else if (op === "/") {
        at++
        v /= factor()
      } else return v
    }
  }
  function sum() {
    let v = term()
    for (;;) {
      const op = peek()
      if (op === "+") {
        at++
        v += term()
      } else if (op === "-") {
        at++
        v -= term()
      } else return v
    }
  }
  return sum()
}
globalThis.run = () => {
  let total = 0
  for (let i = 0; i < 400; i++) {
    total += evaluate(tokens("(1 + 2) * 3 - 4 / (5 + " + i + ") * 7 + 12 * (3 + 4)"))
    try {
      evaluate(tokens("1 + * 2"))
    } catch (e) {
      total++
    }
  }
  return Math.round(total)
}
