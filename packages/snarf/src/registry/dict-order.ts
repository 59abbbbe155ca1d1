const mask64 = (1n << 64n) - 1n

/** Python 2.7's hash of a `str` on a 64-bit machine, as an unsigned number. */
function hashString(text: string): bigint {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length === 0) return 0n
  let hash = BigInt(bytes[0] as number) << 7n
  for (const byte of bytes) hash = ((hash * 1000003n) & mask64) ^ BigInt(byte)
  hash ^= BigInt(bytes.length)
  return hash === mask64 ? mask64 - 1n : hash
}

/**
 * The order in which a dictionary of CPython 2.7 gives back its keys: that of its hash table, which depends on what was put in when.
 *
 * Entries.xml and `compat: 'zope-3.6.1'` need it, because the original wrote what the dictionary gave.
 *
 * @param keys - in the order in which they were put in; a key put in again changes nothing
 */
export function pythonDictOrder(keys: Iterable<string>): string[] {
  return hashOrder(new Set(keys), hashString)
}

/** The order in which a `set` of CPython 2.7 made from these items gives them back, or undefined if it depends on more than their values. */
export function pythonSetOrder(items: readonly unknown[]): unknown[] | undefined {
  return items.every(item => isHashable(item)) ? hashOrder(items, hashValue) : undefined
}

function isHashable(item: unknown): item is string | number | boolean {
  if (typeof item === 'string') return /^[\0-\x7f]*$/.test(item)
  return typeof item === 'boolean' || (typeof item === 'number' && Number.isSafeInteger(item))
}

function hashValue(item: unknown): bigint {
  if (typeof item === 'string') return hashString(item)
  const value = BigInt(Number(item))
  // -1 tells of an error inside CPython, so nothing has it as its hash.
  return (value === -1n ? -2n : value) & mask64
}

/** Open addressing as in Objects/dictobject.c of CPython 2.7: slots are probed, and the table grows when two thirds are used. */
function hashOrder<T>(keys: Iterable<T>, hashOf: (key: T) => bigint): T[] {
  let slots: ({ readonly key: T; readonly hash: bigint } | undefined)[] = new Array<undefined>(8).fill(undefined)
  let used = 0
  for (const key of keys) {
    insert(slots, { key, hash: hashOf(key) })
    used++
    if (used * 3 < slots.length * 2) continue
    let size = 8
    while (size <= used * (used > 50_000 ? 2 : 4)) size *= 2
    const old = slots
    slots = new Array<undefined>(size).fill(undefined)
    for (const item of old) if (item !== undefined) insert(slots, item)
  }
  return slots.filter(slot => slot !== undefined).map(slot => slot.key)
}

function insert<T>(slots: ({ readonly key: T; readonly hash: bigint } | undefined)[], item: { readonly key: T; readonly hash: bigint }): void {
  const mask = BigInt(slots.length - 1)
  let probe = item.hash & mask
  let perturb = item.hash
  let slot = probe
  while (slots[Number(slot)] !== undefined) {
    // Only the low bits of the probe choose the slot: cutting it to 64 bits changes nothing.
    probe = (probe * 5n + perturb + 1n) & mask64
    slot = probe & mask
    perturb >>= 5n
  }
  slots[Number(slot)] = item
}
