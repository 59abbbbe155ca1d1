const noItems: never[] = []

/** An element that is open. Which fields count depends on its name. */
export class Frame {
  readonly name: string
  readonly offset: number
  readonly id: string | undefined
  /** Values around what lies in it, itself included. */
  readonly depth: number
  /** Children that are complete. */
  count = 0
  /** What the element stands for, or the value it wraps. */
  value: unknown = undefined
  /** The key of an item; the class of an object. */
  key: unknown = undefined
  args: readonly unknown[] = []
  items: unknown[] = noItems

  constructor(name: string, offset: number, id: string | undefined, depth: number) {
    this.name = name
    this.offset = offset
    this.id = id
    this.depth = depth
  }
}

/** The key of an item whose key is an element of its own. */
export const none: unique symbol = Symbol('none')

/** Elements that hold one value, with the elements they may lie in, and as which child. */
export const wrappers: ReadonlyMap<string, readonly (readonly [parent: string, index: number])[]> = new Map([
  ['key', [['item', 0]]],
  ['name', [['attribute', 0]]],
  [
    'value',
    [
      ['item', 1],
      ['attribute', 1],
    ],
  ],
  [
    'klass',
    [
      ['object', 0],
      ['classic_object', 0],
      ['initialized_object', 0],
    ],
  ],
  ['arguments', [['initialized_object', 1]]],
  ['state', [['initialized_object', 2]]],
])
