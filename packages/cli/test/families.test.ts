import { StorageError, type FamilyCall } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { memoryWorld, type MemoryWorld, type MemoryWorldOptions } from './memory-environment.ts'
import { sampleFamily } from './sample-family.ts'

function world(run: (call: FamilyCall) => Promise<number>, options: MemoryWorldOptions = {}): MemoryWorld {
  return memoryWorld({ families: [sampleFamily(run)], ...options })
}

const everything = async (call: FamilyCall): Promise<number> => {
  call.progress('halfway')
  call.print('a line', 'good')
  call.json({ type: 'result', operands: call.operands })
  call.note('a remark')
  await call.write(new TextEncoder().encode('content\n'))
  call.warn('a fault')
  return 3
}

describe('a command of a family', () => {
  test('prints its result, its remarks and its content', async () => {
    expect(await world(everything).run('pack', 'send', 'a')).toEqual({
      code: 3,
      out: 'a line\ncontent\n',
      err: 'a remark\nsyncline: a fault\n',
      json: [],
    })
  })

  test('with --json prints objects', async () => {
    const { json, err } = await memoryWorld({
      families: [sampleFamily(call => Promise.resolve(call.json({ type: 'result', operands: call.operands })).then(() => 0))],
    }).run('pack', 'send', 'a', '--json')
    expect([json, err]).toEqual([[{ type: 'result', operands: ['a'] }], ''])
  })

  test('with --quiet prints only what went wrong, and content', async () => {
    expect(await world(everything).run('pack', 'send', 'a', '--quiet')).toMatchObject({ out: 'content\n', err: 'syncline: a fault\n' })
  })

  test('names are harmless', async () => {
    const { out } = await world(call => Promise.resolve(call.print('evil \u001b[2J\nname')).then(() => 0)).run('pack', 'send')
    expect(out).toBe('evil \\e[2J\\nname\n')
  })

  test('the line that shows what goes on is on a terminal only, fits it, and goes before anything is printed', async () => {
    const long = (call: FamilyCall): Promise<number> => {
      call.progress('x'.repeat(200))
      call.print('a line')
      call.progress('again')
      return Promise.resolve(0)
    }
    const terminal = await world(long, { terminal: true }).run('pack', 'send', '--color', 'never')
    expect(terminal.err).toBe(`\r\u001b[K${'x'.repeat(98)}…\r\u001b[K\r\u001b[Kagain\r\u001b[K`)
    expect((await world(long).run('pack', 'send')).err).toBe('')
  })

  test('shows numbers and tables as every command does', async () => {
    const { out } = await world(({ format, print, symbols }) => {
      print([format.bytes(1536), format.count(12345), format.plural(2, 'file'), format.duration(1400), format.moment(0), symbols.becomes].join(' | '))
      for (const line of format.table([['名前', 'x'], ['a\u0007', 'y', 'z'], ['b']])) print(line)
      return Promise.resolve(0)
    }).run('pack', 'send')
    expect(out).toBe('1.5 KiB | 12,345 | 2 files | 1.4 s | 1970-01-01 00:00:00Z | →\n名前   x\na\\x07  y  z\nb\n')
  })

  test('--ascii has no other signs', async () => {
    const { out } = await world(({ print, symbols }) => Promise.resolve(print(Object.values(symbols).join(' '))).then(() => 0)).run(
      'pack',
      'send',
      '--ascii',
    )
    expect(out).toBe('ok x -> - ...\n')
  })

  test('asks where somebody can be asked', async () => {
    const asks = async (call: FamilyCall): Promise<number> => {
      call.print(String(await call.confirm?.('Go on?', false)))
      call.print(String(await call.choose?.('Which?', ['yes', 'no', 'skip'], 'no')))
      return 0
    }
    expect((await world(asks).run('pack', 'send')).out).toBe('undefined\nundefined\n')
    const attended = world(asks, { answer: true, choices: ['', 'skip'] })
    expect((await attended.run('pack', 'send')).out).toBe('true\nskip\n')
    expect(attended.questions).toEqual(['Go on?', 'Which?'])
  })

  test('opens places', async () => {
    const { out } = await world(async call => {
      call.print((await call.open('b')).name)
      return 0
    }).run('pack', 'send')
    expect(out).toBe('memory:b\n')
  })

  test.each<[name: string, error: (call: FamilyCall) => Error, code: number, err: string]>([
    ['a usage error', call => call.usageError('two places, please', 'Name them.'), 2, 'syncline: two places, please\n  Name them.\n'],
    ['the error of a storage', () => new StorageError('NOT_FOUND', 'x is not there'), 6, 'syncline: x is not there\n  Check the path,'],
    ['an error nobody thought of', () => new Error('oh'), 1, 'syncline: oh\n  This should not happen.'],
  ])('%s is explained', async (_name, error, code, err) => {
    const fails = world(call => Promise.reject(error(call)))
    expect(await fails.run('pack', 'send')).toMatchObject({ code, err: expect.stringContaining(err) })
    expect((await fails.run('pack', 'send', '--json')).json).toEqual([expect.objectContaining({ type: 'failure', exitCode: code })])
  })

  test('is ended by an interrupt, whatever it then rejects with', async () => {
    const here = world(async call => {
      await new Promise<void>(resolve => {
        call.signal.addEventListener('abort', () => resolve())
        here.interrupt('SIGINT')
      })
      throw new Error('the other program was ended by SIGINT')
    })
    expect(await here.run('pack', 'send', '--json')).toMatchObject({
      code: 130,
      err: 'syncline: interrupted\n',
      json: [{ type: 'failure', exitCode: 130, code: 'INTERRUPTED' }],
    })
  })

  test('a command that ends in order after an interrupt has the exit code of the interrupt', async () => {
    const here = world(() => Promise.resolve(here.interrupt('SIGTERM')).then(() => 3))
    expect(await here.run('pack', 'send')).toMatchObject({ code: 143, err: '' })
  })
})

describe('help', () => {
  const { run } = world(everything)

  test('lists the families', async () =>
    expect((await run('help')).out).toContain('Families of commands\n  pack COMMAND  Pack things and send them\n'))

  test.each([['pack'], ['pack', '--help'], ['help', 'pack'], ['--help', 'pack'], ['pack', '-h']])('%s %s shows the commands', async (...argv) =>
    expect(await run(...argv)).toMatchObject({
      code: 0,
      out: `syncline pack: Pack things and send them

  syncline pack send  Send what was packed
  syncline pack list  List what was packed

More: syncline help pack COMMAND
`,
    }),
  )

  test.each([
    ['pack', 'send', '--help'],
    ['help', 'pack', 'send'],
    ['pack', '--help', 'send'],
  ])('%s %s %s shows one command', async (...argv) => {
    expect((await run(...argv)).out).toMatchInlineSnapshot(`
      "syncline pack send: Send what was packed

        syncline pack send SOURCE... DESTINATION [OPTIONS]

      Sends it where it belongs.

      Examples
        syncline pack send ./a ./b

      Options
        -x, --exclude GLOB   Leave out what matches (repeatable)
        -i, --interactive    Ask
        -y, --yes            Do not ask
        -t, --every SECONDS  How often progress is shown (default 1)
        --scope SCOPE        What belongs to it: all, strict (default all)
        -q, --quench         Take the letter of --quiet

      Output
        --json               Print one JSON object per line
        --quiet              Print only what went wrong
        --color WHEN         Use colours: auto, always, never (default auto)
        --ascii              Use no symbols outside ASCII
        -h, --help           Show help
      "
    `)
  })

  test('knows nothing of a command that is not there', async () => {
    expect(await run('help', 'pack', 'sned')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean syncline help pack send?') })
  })
})

test('a family that was meant is named', async () => {
  expect(await world(everything).run('pakc')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean syncline pack?') })
})

test('a word that can be no package is not looked for', async () => {
  const here = world(everything)
  const asked: string[] = []
  const environment = { ...here.environment, loadFamily: (name: string) => Promise.resolve(void asked.push(name)) }
  const { run } = await import('../src/run.ts')
  for (const word of ['../x', './a', 'A', 's3://b', '__proto__', 'a b', '1a']) expect(await run([word, 'x'], environment)).toBe(2)
  expect(asked).toEqual([])
})
