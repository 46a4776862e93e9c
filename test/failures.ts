// What a user reads when something fails as it should.
import { isProblem, problemText as printed } from "../problem.ts"

/** What is printed of the problem that a function ends with; anything but a problem is an error of the test. */
export async function problemText(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (!isProblem(error)) throw error
    return printed(error)
  }
  throw new Error("a problem was expected, but it went well")
}
