export type PartName = string
export async function partsScript(_parts: PartName[]): Promise<{ source: string; libraries: never[] }> {
  return { source: "(function(){})", libraries: [] }
}
