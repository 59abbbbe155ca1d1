export { attributesOf, type Entries, type EntryAttributes, InvalidEntriesFileError } from './entries.ts'
export { entriesPath, isRegistered, Metadata, type MetadataFiles, zopeDirectory } from './metadata.ts'
export { readEntries, type ReadEntriesOptions } from './read-entries.ts'
export { writeEntries } from './write-entries.ts'
