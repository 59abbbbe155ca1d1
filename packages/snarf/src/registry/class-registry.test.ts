import { describe, expect, test } from 'vitest'
import { ClassRegistry, PyDateTime, PyFloat, PyFrozenSet, PyInt, PyString, PyTuple, PyUnicode, UnknownClassError } from './index.ts'

class Page {
  title = ''
}
class SpecialPage extends Page {}

describe('ClassRegistry', () => {
  const registry = new ClassRegistry<string, number>().defineClass('app.models.Page', Page)

  test.each<[unknown, string]>([
    [null, '__builtin__.NoneType'],
    [true, '__builtin__.bool'],
    [1, '__builtin__.int'],
    [new PyInt(2n ** 60n), '__builtin__.int'],
    [-0, '__builtin__.float'],
    [1.5, '__builtin__.float'],
    [2 ** 53, '__builtin__.float'],
    [new PyFloat(1), '__builtin__.float'],
    [1n, '__builtin__.long'],
    ['a\tb', '__builtin__.str'],
    [new PyString('a'), '__builtin__.str'],
    [Uint8Array.of(1), '__builtin__.str'],
    ['é', '__builtin__.unicode'],
    ['\u007f', '__builtin__.unicode'],
    [new PyUnicode('a'), '__builtin__.unicode'],
    [[], '__builtin__.list'],
    [new PyTuple([]), '__builtin__.tuple'],
    [{}, '__builtin__.dict'],
    [Object.create(null), '__builtin__.dict'],
    [new Map(), '__builtin__.dict'],
    [new Set(), '__builtin__.set'],
    [new PyFrozenSet(), '__builtin__.frozenset'],
    [new Date(0), 'datetime.datetime'],
    [new PyDateTime(0, 1), 'datetime.datetime'],
    [new Page(), 'app.models.Page'],
    [Page, '__builtin__.type'],
    [() => 1, '__builtin__.function'],
  ])('%o is a %s', (value, name) => expect(registry.classNameOf(value)).toBe(name))

  test('knows a class exactly: a subclass that nobody registered is refused', () => {
    expect(registry.classOf(new SpecialPage())).toBeUndefined()
    expect(() => registry.classNameOf(new SpecialPage())).toThrow('the class SpecialPage is not registered; register it with defineClass')
    expect(() => registry.find('app.models.SpecialPage')).toThrow(UnknownClassError)
  })

  test.each(['os.system', '__builtin__.eval', '__proto__.x', 'constructor', 'app.models.Page.x'])('does not find %s', name =>
    expect(() => registry.find(name)).toThrow(UnknownClassError),
  )

  test('an object that claims to be of another class is not believed', () => {
    expect(() => registry.classNameOf(Object.assign(new SpecialPage(), { constructor: Page }))).toThrow(UnknownClassError)
  })

  test('understands the names of Python 3', () => {
    expect(registry.find('builtins.dict').name).toBe('__builtin__.dict')
    expect(registry.find('copyreg._reconstructor').name).toBe('copy_reg._reconstructor')
  })

  test('refuses to register a name or a class twice, and names without a dot', () => {
    expect(() => registry.defineClass('app.models.Page', SpecialPage)).toThrow('app.models.Page is registered already')
    expect(() => registry.defineClass('app.Other', Page)).toThrow('registered already, as app.models.Page')
    expect(() => registry.defineClass('Page', SpecialPage)).toThrow('a dotted name such as "app.models.Page" is needed, got "Page"')
  })

  test('finds synchronizers by the exact class, else the default one', () => {
    const own = new ClassRegistry<string>().defineClass('app.Page', Page)
    expect(own.synchronizerOf(new Page())).toBeUndefined()
    own
      .defaultSynchronizer(() => 'default')
      .synchronizer('app.Page', () => 'page')
      .synchronizer('__builtin__.dict', () => 'directory')
    expect([new Page(), {}, new Map(), 'x'].map(value => own.synchronizerOf(value))).toEqual(['page', 'directory', 'directory', 'default'])
  })

  test('finds markers, generators and key types by name', () => {
    const marker = Symbol('IPage')
    registry.marker('app.IPage', marker).generator('app.models.Page', 7)
    expect(registry.findMarker('app.IPage')).toBe(marker)
    expect(() => registry.findMarker('app.IOther')).toThrow('app.IOther is not registered; register it with marker')
    expect([registry.findGenerator('app.models.Page'), registry.findGenerator('app.x')]).toEqual([7, undefined])
    expect(registry.findKeyType('builtins.int')('-12')).toBe(-12)
    expect(() => registry.findKeyType('__builtin__.int')('12x')).toThrow('no integer key: "12x"')
    expect(() => registry.findKeyType('os.system')).toThrow(UnknownClassError)
  })
})
