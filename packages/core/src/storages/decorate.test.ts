import { describe, expect, test } from 'vitest'
import type { WritableStorage } from '../protocol.ts'
import { isWritable } from '../protocol.ts'
import { toBytes } from '../bytes.ts'
import { decorate, decorateReadable } from './decorate.ts'
import { memory } from './memory.ts'

const brand = Symbol('brand')

describe('decorate', () => {
  test('forwards the methods that exist and no others', async () => {
    const bare: WritableStorage = { ...memory({ capabilities: { directories: false, hashes: [] } }) }
    const wrapper = decorate(bare)
    expect(Object.keys(wrapper).sort()).toEqual(Object.keys(bare).sort())
    expect(wrapper.makeDirectory).toBeUndefined()
    await wrapper.write('a', toBytes('x'))
    expect(await bare.stat('a')).toEqual(await wrapper.stat('a'))
  })

  test('calls methods on the storage they belong to', async () => {
    class Counter {
      readonly name = 'counter'
      readonly capabilities = {}
      calls = 0
      async *list(): AsyncGenerator<never> {}
      async stat(): Promise<undefined> {
        this.calls++
      }
      async *read(): AsyncGenerator<never> {}
    }
    const counter = new Counter()
    await decorate(counter).stat('a')
    expect(counter.calls).toBe(1)
  })

  test('replaces what is overridden and hides what is undefined', async () => {
    const wrapper = decorate(memory(), { name: 'mine', stat: async () => ({ kind: 'directory', path: 'x' }), move: undefined })
    expect(wrapper.name).toBe('mine')
    expect(await wrapper.stat('y')).toEqual({ kind: 'directory', path: 'x' })
    expect('move' in wrapper).toBe(false)
  })

  test('shows the name and the capabilities as they are now', () => {
    let capabilities = {}
    const wrapper = decorate(Object.defineProperty({ ...memory() }, 'capabilities', { get: () => capabilities }))
    capabilities = { ordered: true }
    expect(wrapper.capabilities).toEqual({ ordered: true })
  })

  test('does not forward transferFrom, symbols or members that are not of the protocol, unless overridden', () => {
    const storage = { ...memory(), transferFrom: () => undefined, [brand]: true, root: '/secret' }
    const wrapper = decorate(storage)
    expect(wrapper.transferFrom).toBeUndefined()
    expect(brand in wrapper).toBe(false)
    expect('root' in wrapper).toBe(false)
    expect(decorate(storage, { transferFrom: storage.transferFrom }).transferFrom).toBeDefined()
  })

  test('does not forward snapshot past a wrapper that reads in its own way', async () => {
    const storage = memory()
    expect(decorate(storage, { list: storage.list }).snapshot).toBeUndefined()
    expect(decorate(storage, { stat: storage.stat, snapshot: storage.snapshot }).snapshot).toBeDefined()
    expect(decorate(storage, { name: 'mine', write: storage.write }).snapshot).toBeDefined()
  })

  test('a readable storage stays readable only', () => {
    const { name, capabilities, list, stat, read } = memory()
    expect(isWritable(decorate({ name, capabilities, list, stat, read }))).toBe(false)
    expect(isWritable(decorate(memory()))).toBe(true)
    expect(isWritable(decorateReadable(memory()))).toBe(false)
  })
})
