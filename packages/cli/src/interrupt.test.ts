import { describe, expect, test } from 'vitest'
import { Interrupt, InterruptError } from './interrupt.ts'

function setUp(): { interrupt: Interrupt; send(signal: 'SIGINT' | 'SIGTERM'): void; log: string[] } {
  const log: string[] = []
  let callback: ((signal: 'SIGINT' | 'SIGTERM') => void) | undefined
  const interrupt = new Interrupt({
    onInterrupt: given => {
      callback = given
      return () => (callback = undefined)
    },
    exit: code => log.push(`exit ${code}`),
  })
  return { interrupt, log, send: signal => (callback === undefined ? log.push('nobody listens') : callback(signal)) }
}

describe('Interrupt', () => {
  test('before anything is changed the first one aborts', () => {
    const { interrupt, send } = setUp()
    expect(interrupt.exitCode).toBeUndefined()
    send('SIGINT')
    expect(interrupt.signal.aborted).toBe(true)
    expect(interrupt.signal.reason).toBeInstanceOf(InterruptError)
    expect(interrupt.exitCode).toBe(130)
  })

  test('afterwards the first one stops in order, and nothing is aborted', () => {
    const { interrupt, send, log } = setUp()
    interrupt.protect(() => log.push('stop'))
    send('SIGTERM')
    expect(log).toEqual(['stop'])
    expect(interrupt.signal.aborted).toBe(false)
    expect(interrupt.exitCode).toBe(143)
  })

  test('the second one ends the process after the screen was tidied', () => {
    const { interrupt, send, log } = setUp()
    interrupt.protect(() => log.push('stop'))
    interrupt.beforeExit(() => log.push('tidy'))
    send('SIGINT')
    send('SIGINT')
    expect(log).toEqual(['stop', 'tidy', 'exit 130'])
  })

  test('close ends the listening', () => {
    const { interrupt, send, log } = setUp()
    interrupt.close()
    send('SIGINT')
    expect(log).toEqual(['nobody listens'])
  })
})
