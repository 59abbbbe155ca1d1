import { compareUtf8 } from '@syncline/core'
import { pythonDictOrder } from '../registry/dict-order.ts'
import { type Entries, type EntryAttributes, InvalidEntriesFileError } from './entries.ts'

/**
 * The text of an `Entries.xml`: entries in byte order of their names, attributes in the order of a Python 2 dictionary.
 *
 * The attributes are inserted as a checkout of the original does: `type`, then the synchronizer's (a dictionary of their own, of `factory`, `provides` and
 * others in byte order), `id`, `key`, `keytype`, `flag`, `conflict`. Always the same order, so a file that is read and written again keeps its bytes.
 *
 * @throws InvalidEntriesFileError if a name or value cannot be in XML, or an attribute has no XML name
 */
export function writeEntries(entries: Entries): string {
  const lines = ["<?xml version='1.0' encoding='utf-8'?>\n<entries>\n"]
  for (const name of [...entries.keys()].sort(compareUtf8)) {
    const attributes = entries.get(name) as EntryAttributes
    lines.push(`  <entry name=${quoted(name, name, 'name')}\n`)
    for (const attribute of attributeOrder(name, Object.keys(attributes))) {
      lines.push(`         ${attribute}=${quoted(attributes[attribute] as string, name, attribute)}\n`)
    }
    lines.push('         />\n')
  }
  lines.push('</entries>\n')
  return lines.join('')
}

const ofSynchronizer = ['factory', 'provides']
const ofCheckout = ['id', 'key', 'keytype', 'flag', 'conflict']
const known = new Set(['type', ...ofSynchronizer, ...ofCheckout])

/** Few sets of attributes are ever used: each is emulated once. Bounded, because a hostile file may use a new set in every entry. */
const orders = new Map<string, readonly string[]>()
const maximumOrders = 512

function attributeOrder(entry: string, names: readonly string[]): readonly string[] {
  const key = names.join('\n')
  const order = orders.get(key)
  if (order !== undefined) return order
  for (const name of names) checkAttributeName(entry, name)
  const present = new Set(names)
  const others = names.filter(name => !known.has(name)).sort(compareUtf8)
  const inner = pythonDictOrder([...ofSynchronizer.filter(name => present.has(name)), ...others])
  const computed = pythonDictOrder(['type', ...inner, ...ofCheckout].filter(name => present.has(name)))
  if (orders.size >= maximumOrders) orders.clear()
  orders.set(key, computed)
  return computed
}

const attributeName = /^[\p{L}_][\p{L}\p{N}_.-]*$/u

function checkAttributeName(entry: string, name: string): void {
  if (name === 'name') throw new InvalidEntriesFileError(`the entry ${JSON.stringify(entry)} has an attribute "name" beside its name`)
  if (attributeName.test(name)) return
  throw new InvalidEntriesFileError(`the entry ${JSON.stringify(entry)} has an attribute ${JSON.stringify(name)}, which XML cannot name`)
}

// Control characters other than tab, newline and return, lone surrogates, U+FFFE and U+FFFF.
// eslint-disable-next-line no-control-regex
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u
const special = /[&<>\n\r\t"]/

/** The value as Python's `quoteattr` writes it. */
function quoted(value: unknown, entry: string, attribute: string): string {
  if (typeof value !== 'string') {
    throw new InvalidEntriesFileError(`the attribute ${attribute} of ${JSON.stringify(entry)} is a ${typeof value}; only strings can be written`)
  }
  if (notXml.test(value)) {
    throw new InvalidEntriesFileError(
      `the attribute ${attribute} of ${JSON.stringify(entry)} is ${JSON.stringify(value)}, which XML cannot hold; give it another name or value`,
    )
  }
  if (!special.test(value)) return `"${value}"`
  const escaped = value
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')
  if (!escaped.includes('"')) return `"${escaped}"`
  return escaped.includes("'") ? `"${escaped.replaceAll('"', '&quot;')}"` : `'${escaped}'`
}
