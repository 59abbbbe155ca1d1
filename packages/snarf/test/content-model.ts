import { collect, type Bytes } from '@syncline/core'
import {
  ClassRegistry,
  DefaultSynchronizer,
  DirectorySynchronizer,
  Extras,
  FileSynchronizer,
  ObjectSpace,
  type AnySynchronizer,
  type Callback,
  type EntryAttributes,
  type Modification,
  type ObjectGenerator,
  type ObjectSpaceOptions,
  type Pickler,
  type Writeable,
} from '../src/objects/index.ts'

/** A folder keeps its children in a Map, as most containers do. */
export class Folder {
  readonly children: Map<unknown, unknown>
  constructor(children: Readonly<Record<string, unknown>> | Map<unknown, unknown> = {}) {
    this.children = children instanceof Map ? children : new Map(Object.entries(children))
  }
}

/** A file has a body, a content type that goes with its metadata, and a title that is an extra. */
export class File {
  data: string
  contentType: string
  title: string
  constructor(data = '', contentType = 'text/plain', title = '') {
    this.data = data
    this.contentType = contentType
    this.title = title
  }
}

/** A document has no synchronizer of its own: it is pickled. */
export class Doc {
  readonly [attribute: string]: unknown
  constructor(attributes: Readonly<Record<string, unknown>> = {}) {
    Object.assign(this, attributes)
  }
}

class FolderSynchronizer extends DirectorySynchronizer<Folder> {
  override entries(): Iterable<readonly [unknown, unknown]> {
    return this.context.children
  }
  override has(key: unknown): boolean {
    return this.context.children.has(key)
  }
  override get(key: unknown): unknown {
    return this.context.children.get(key)
  }
  override set(key: unknown, value: unknown): void {
    this.context.children.set(key, value)
  }
  override delete(key: unknown): void {
    this.context.children.delete(key)
  }
}

export class FileFileSynchronizer extends FileSynchronizer<File> {
  override metadata(): EntryAttributes {
    const { contentType } = this.context
    return { ...super.metadata(), ...(contentType !== 'text/plain' && { binary: 'true' }) }
  }
  override setMetadata(attributes: EntryAttributes): Modification | undefined {
    const markers = super.setMetadata(attributes)
    const contentType = attributes['binary'] === 'true' ? 'application/octet-stream' : 'text/plain'
    if (contentType === this.context.contentType) return markers
    this.context.contentType = contentType
    return { part: 'metadata', names: [...(markers?.names ?? []), 'contentType'] }
  }
  override extras(): Extras | undefined {
    return this.context.title === '' ? undefined : new Extras({ title: this.context.title })
  }
  override dump(writeable: Writeable): void | Promise<void> {
    return writeable.write(this.context.data)
  }
  override async load(readable: Bytes): Promise<Callback | void> {
    this.context.data = new TextDecoder().decode(await collect(readable))
  }
}

export interface Model {
  readonly registry: ClassRegistry<AnySynchronizer, ObjectGenerator>
  readonly space: ObjectSpace
}

/** Folders, files and documents under the names `app.models.*`. */
export function contentModel(
  options: Omit<Partial<ObjectSpaceOptions>, 'registry'> & {
    readonly withoutDefault?: boolean
    /** The class of a pickler, of which one is made for the classes here. */
    readonly picklerOf?: new (registry: ClassRegistry) => Pickler
  } = {},
): Model {
  const { picklerOf: PicklerOf, ...rest } = options
  const registry = new ClassRegistry<AnySynchronizer, ObjectGenerator>()
    .defineClass('app.models.Folder', Folder)
    .defineClass('app.models.File', File)
    .defineClass('app.models.Doc', Doc)
  const space = new ObjectSpace({ ...rest, registry, ...(PicklerOf !== undefined && { pickler: new PicklerOf(registry) }) })
    .synchronizer('app.models.Folder', FolderSynchronizer)
    .synchronizer('app.models.File', FileFileSynchronizer)
    .synchronizer('__builtin__.dict', DirectorySynchronizer)
  if (options.withoutDefault !== true) space.defaultSynchronizer(DefaultSynchronizer)
  return { registry, space }
}
