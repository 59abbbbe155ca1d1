import { describe, expect, test } from 'vitest'
import { SyncPauseController } from './pause.ts'

describe('SyncPauseController', () => {
  test('goes on at once when nothing was asked', async () => {
    expect(await new SyncPauseController().waitIfPaused()).toBe(true)
  })

  test('holds all who wait until resume', async () => {
    const controller = new SyncPauseController()
    controller.pause()
    const waiting = [controller.waitIfPaused(), controller.waitIfPaused()]
    let ended = false
    void Promise.all(waiting).then(() => (ended = true))
    await new Promise(resolve => setTimeout(resolve, 0))
    expect([controller.paused, ended]).toEqual([true, false])
    controller.resume()
    expect(await Promise.all(waiting)).toEqual([true, true])
  })

  test('a pause that follows a resume at once holds again', async () => {
    const controller = new SyncPauseController()
    controller.pause()
    const waiting = controller.waitIfPaused()
    controller.resume()
    controller.pause()
    controller.cancel()
    expect(await waiting).toBe(false)
  })

  test('a cancel ends the pause, the wait and the signal, and no pause follows it', async () => {
    const controller = new SyncPauseController()
    controller.pause()
    const waiting = controller.waitIfPaused()
    controller.cancel()
    controller.pause()
    expect([await waiting, controller.cancelled, controller.paused, controller.signal.aborted]).toEqual([false, true, false, true])
  })

  test('an aborted signal ends the wait', async () => {
    const controller = new SyncPauseController()
    const abort = new AbortController()
    controller.pause()
    const waiting = controller.waitIfPaused(abort.signal)
    abort.abort()
    expect(await waiting).toBe(false)
  })

  test('reset makes it fit for another run', async () => {
    const controller = new SyncPauseController()
    controller.cancel()
    controller.reset()
    expect([controller.cancelled, controller.signal.aborted, await controller.waitIfPaused()]).toEqual([false, false, true])
  })
})
