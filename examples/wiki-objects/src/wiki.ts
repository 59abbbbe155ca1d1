import { collectText, type Bytes } from '@syncline/core'
import { ClassRegistry, DefaultSynchronizer, DirectorySynchronizer, Extras, FileSynchronizer, ObjectSpace } from '@syncline/snarf/objects'
import type { AnySynchronizer, ObjectGenerator, Writeable } from '@syncline/snarf/objects'

/** The text goes into a file of its own, so that people and other tools can read it; the tags go beside it. */
export class Page {
  text: string
  tags: readonly string[]
  constructor(text = '', ...tags: readonly string[]) {
    this.text = text
    this.tags = tags
  }
}

/** A poll has no file format: it is kept whole, as a pickle. */
export class Poll {
  question = ''
  votes: Readonly<Record<string, number>> = {}
}

/** Pages, polls, and Maps of more of them as categories. */
export type Wiki = Map<string, unknown>

class PageSynchronizer extends FileSynchronizer<Page> {
  override dump(file: Writeable): void | Promise<void> {
    return file.write(this.context.text)
  }
  override async load(file: Bytes): Promise<void> {
    this.context.text = await collectText(file)
  }
  override extras(): Extras | undefined {
    return this.context.tags.length === 0 ? undefined : new Extras({ tags: this.context.tags })
  }
}

const registry = new ClassRegistry<AnySynchronizer, ObjectGenerator>().defineClass('wiki.Page', Page).defineClass('wiki.Poll', Poll)

/** Which classes there are, and how each is kept. */
export const space: ObjectSpace = new ObjectSpace({ registry })
  .synchronizer('wiki.Page', PageSynchronizer)
  .synchronizer('__builtin__.dict', DirectorySynchronizer)
  .defaultSynchronizer(DefaultSynchronizer)
