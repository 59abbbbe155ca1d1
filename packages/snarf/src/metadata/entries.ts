/**
 * What `Entries.xml` says of one child: attributes in the order in which they were set. `{}` means "not registered".
 *
 * Known are `type`, `factory`, `provides`, `id`, `key`, `keytype`, `binary`, `flag` and `conflict`; all others belong to the synchronizer and are kept.
 */
export type EntryAttributes = Readonly<Record<string, string>>

/** The children of one directory by file name. */
export type Entries = ReadonlyMap<string, EntryAttributes>

/** The text of an `Entries.xml` is not what it has to be, or a value cannot be written to one. */
export class InvalidEntriesFileError extends Error {
  override readonly name = 'InvalidEntriesFileError'
}

/** The attributes as an object that inherits nothing, so that an attribute named `__proto__` is an attribute. */
export function attributesOf(pairs: Iterable<readonly [string, string]>): EntryAttributes {
  const attributes = Object.create(null) as Record<string, string>
  for (const [name, value] of pairs) attributes[name] = value
  return attributes
}
