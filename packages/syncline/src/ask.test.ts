import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ask, interruptProcess } from './ask.ts'

interface Session {
  readonly answer: Promise<string | undefined>
  readonly shown: () => string
  readonly interrupts: () => number
}

/** Asks at a terminal at which `keys` are pressed. */
function pressing(keys: string, question: { text: string; secret: boolean }): Session {
  const input = new PassThrough()
  const output = new PassThrough()
  let shown = ''
  let interrupts = 0
  output.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  const answer = ask(question, { input, output, interrupt: () => interrupts++ })
  input.write(keys)
  return { answer, shown: () => shown, interrupts: () => interrupts }
}

const password = { text: 'password of ana@host', secret: true }

describe('ask', () => {
  test('a secret is given back and never shown', async () => {
    const session = pressing('hunter2\r', password)
    expect(await session.answer).toBe('hunter2')
    expect(session.shown()).toBe('password of ana@host: \n')
  })

  test('what is no secret is shown', async () => {
    const session = pressing('ana\r', { text: 'user', secret: false })
    expect(await session.answer).toBe('ana')
    expect(session.shown()).toContain('user: ')
    expect(session.shown()).toContain('ana')
  })

  test.each([
    ['a letter that was taken back', 'hunterx\u007f2\r', 'hunter2'],
    ['a line that was begun anew', 'wrong\u0015hunter2\r', 'hunter2'],
    ['letters outside ASCII', 'pässwörd写\r', 'pässwörd写'],
    ['spaces at both ends', ' a b \r', ' a b '],
    ['nothing', '\r', ''],
  ])('%s', async (_, keys, expected) => {
    const session = pressing(keys, password)
    expect(await session.answer).toBe(expected)
    expect(session.shown()).toBe('password of ana@host: \n')
  })

  test('Ctrl-C is no answer and interrupts', async () => {
    const session = pressing('hunt\u0003', password)
    expect(await session.answer).toBeUndefined()
    expect(session.interrupts()).toBe(1)
    expect(session.shown()).not.toContain('hunt')
  })

  test('Ctrl-D is no answer', async () => {
    const session = pressing('\u0004', password)
    expect(await session.answer).toBeUndefined()
    expect(session.interrupts()).toBe(0)
  })

  test('a question from a server cannot act on the terminal', async () => {
    const session = pressing('x\r', { text: 'code\u001b[2J\r\nsyncline', secret: true })
    await session.answer
    expect(session.shown()).toBe('code\\e[2J\\r\\nsyncline: \n')
  })
})

describe('interruptProcess', () => {
  test('tells listeners which signal it is, as the system does', () => {
    const heard: unknown[] = []
    const listen = (...args: unknown[]): void => void heard.push(args[0])
    process.once('SIGINT', listen)
    interruptProcess()
    expect(heard).toEqual(['SIGINT'])
  })
})
