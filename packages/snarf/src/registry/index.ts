export {
  type ClassBase,
  type ClassDefinition,
  type ClassOptions,
  ClassRegistry,
  type ClassType,
  type Definition,
  type KeyType,
  type NamedFunction,
  type Reduced,
} from './class-registry.ts'
export { pythonDictOrder } from './dict-order.ts'
export { UnknownClassError } from './errors.ts'
export * from './python-values.ts'
export { PyTimeZone, PyZonedDateTime } from './python-times.ts'
