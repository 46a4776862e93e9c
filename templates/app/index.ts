// Counts the words of what it reads: echo "one two two" | npx edgebox app.wasm
import { count } from "./count.ts"

process.stdin.setEncoding("utf8")
let text = ""
for await (const chunk of process.stdin) text += String(chunk)

const words = count(text)
for (const [word, times] of words) console.log(`${String(times).padStart(6)}  ${word}`)
if (words.length === 0) {
  console.error("nothing to count: give it some text on standard input")
  process.exitCode = 1
}
