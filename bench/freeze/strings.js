// strings: building, scanning, splitting
function words(count) {
  let text = ""
  for (let i = 0; i < count; i++) text += String.fromCharCode(97 + (i % 26)) + (i % 7 === 0 ? " " : "")
  let vowels = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 97 || c === 101 || c === 105 || c === 111 || c === 117) vowels++
  }
  return (
    text
      .split(" ")
      .map((w) => w.toUpperCase())
      .join("").length + vowels
  )
}
globalThis.run = () => words(20000)
