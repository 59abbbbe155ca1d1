import { expect, test, vi } from 'vitest'
import { onAbort } from './on-abort.ts'

test('everybody who waits is called once, and who has left is not', () => {
  const controller = new AbortController()
  const [stays, leaves] = [vi.fn(), vi.fn()]
  onAbort(controller.signal, stays)
  onAbort(controller.signal, stays)
  onAbort(controller.signal, leaves)()
  controller.abort()
  expect(stays).toHaveBeenCalledTimes(2)
  expect(leaves).not.toHaveBeenCalled()
})

test('one listener serves a hundred callers, so no platform warns of a leak', () => {
  const { signal } = new AbortController()
  const add = vi.spyOn(signal, 'addEventListener')
  for (let i = 0; i < 100; i++) onAbort(signal, () => {})
  expect(add).toHaveBeenCalledTimes(1)
})

test('no signal calls nobody', () => {
  expect(onAbort(undefined, () => {})()).toBeUndefined()
})
