// A wiki in one JSON file, for "syncline objects": see README.md. Plain JavaScript, because the command runs it as it is.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { ClassRegistry, DefaultSynchronizer, DirectorySynchronizer, Extras, FileSynchronizer, ObjectSpace } from '@syncline/snarf/objects'
import { JSONPickler } from '@syncline/snarf/pickle'

/** The text goes into a file of its own, so that people and other tools can read it; the tags go beside it. */
export class Page {
  text = ''
  tags = []
}

/** A poll has no file format: it is kept whole, as a pickle, in JSON. */
export class Poll {
  question = ''
  votes = {}
}

class PageSynchronizer extends FileSynchronizer {
  dump(file) {
    return file.write(this.context.text)
  }
  async load(file) {
    let text = ''
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const chunk of file) text += decoder.decode(chunk, { stream: true })
    this.context.text = text + decoder.decode()
  }
  extras() {
    return this.context.tags.length === 0 ? undefined : new Extras({ tags: this.context.tags })
  }
}

const registry = new ClassRegistry().defineClass('wiki.Page', Page).defineClass('wiki.Poll', Poll)
const pickler = new JSONPickler(registry)

/** Which classes there are, and how each is kept. */
export const space = new ObjectSpace({ registry, pickler })
  .synchronizer('wiki.Page', PageSynchronizer)
  .synchronizer('__builtin__.dict', DirectorySynchronizer)
  .defaultSynchronizer(DefaultSynchronizer)

/** The wiki lies in a working copy under this name. */
export const name = 'wiki'

const file = process.env['WIKI'] ?? 'wiki.json'

/** Loads the wiki: a Map of pages, polls and more such Maps. A file that is not there is an empty wiki. */
export async function root() {
  try {
    return pickler.load(await readFile(file))
  } catch (error) {
    if (error.code === 'ENOENT') return new Map()
    throw error
  }
}

/** Stores the wiki, in one step. */
export async function save(wiki) {
  await writeFile(`${file}.new`, pickler.dump(wiki))
  await rename(`${file}.new`, file)
}
