import { isPrintable } from './text.ts'
import { token, XmlScanner } from './xml-scanner.ts'

/** What an id is compared by: the text after the last dot, without an "i" or "o" before it. */
export function idKey(id: string): string {
  const rest = id.slice(id.lastIndexOf('.') + 1)
  return rest.startsWith('i') || rest.startsWith('o') ? rest.slice(1) : rest
}

/**
 * Where the dictionaries begin that have a key other than a string.
 *
 * @param isKept - whether strings that need a wrapper keep it, and so are no plain keys
 */
export function findMaps(text: string, isKept: boolean): ReadonlySet<number> {
  const scanner = new XmlScanner(text)
  const maps = new Set<number>()
  const open: number[] = []
  const plainIds = new Set<string>()
  let isKey = false
  for (let step = scanner.next(); step !== token.end; step = scanner.next()) {
    const { name } = scanner
    if (step === token.close) {
      if (name === 'dictionary' || name === 'attributes') open.pop()
      continue
    }
    const isHere = isKey
    isKey = name === 'key' || name === 'name'
    if (name === 'dictionary' || name === 'attributes') open.push(scanner.offset)
    const id = scanner.attribute('id')
    let isPlain = false
    if (name === 'string' || name === 'unicode') {
      const isBytes = name === 'string' && scanner.attribute('encoding') !== undefined
      const content = scanner.readText()
      isPlain = !isBytes && !(isKept && isWrapped(name, content, id))
      if (isPlain && id !== undefined) plainIds.add(idKey(id))
    } else if (name === 'reference') isPlain = plainIds.has(idKey(id ?? ''))
    else if (name === 'int' || name === 'long' || name === 'float') scanner.readText()
    else if (id !== undefined && (name === 'item' || name === 'attribute')) plainIds.add(idKey(id))
    // The dictionary of a key that is a dictionary is open already, and the one around it counts.
    if (isHere && !isPlain) maps.add(open.at(name === 'dictionary' ? -2 : -1) ?? -1)
  }
  return maps
}

function isWrapped(name: 'string' | 'unicode', text: string, id: string | undefined): boolean {
  if (name === 'unicode') return id !== undefined || isPrintable(text)
  return id !== undefined && text.length > 1
}
