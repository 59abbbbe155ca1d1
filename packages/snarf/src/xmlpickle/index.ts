export { pyFloatRepr } from './float-repr.ts'
export type { Compat } from './text.ts'
export { XMLPickler, type XMLPicklerOptions } from './xml-pickler.ts'
