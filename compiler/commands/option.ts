// Rows of the options table -> commander's options.
import { type Command, InvalidArgumentError, Option } from "commander"
import { defaultOf, type OptionName, rows } from "../options.ts"

/** Give a command all options of `build`. */
export function addBuildOptions(command: Command): Command {
  for (const [name, { flags }] of rows) if (flags !== undefined) command.addOption(optionOf(name))
  return command
}

/** One row's option. The value stays undefined when nothing is said, so that .edgebox.json can say it. */
export function optionOf(name: OptionName): Option {
  const row = rows.find(([other]) => other === name)![1]
  const { flags, kind, choices, help, standard = defaultOf(row) } = row
  if (flags === undefined) throw new Error(`${name} is no option of the command line`)
  const option = new Option(
    flags,
    standard === undefined || standard === false ? help : `${help} (default: ${standard})`,
  )
  if (choices !== undefined) return option.choices(choices)
  if (kind === "texts") return option.argParser(collect)
  return kind === "map" ? option.argParser(keyValue) : option
}

/** For options that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const split = text.indexOf("=")
  if (split < 1) throw new InvalidArgumentError("Write it as NAME=VALUE.")
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) }
}
