import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { processOwner } from './owner.ts'

const owner = processOwner()
const self = JSON.parse(owner.id) as { host: string; boot: string; pid: number; start: string }
const isAlive = (change: Partial<typeof self>): boolean | undefined => owner.isAlive(JSON.stringify({ ...self, ...change }))

describe('processOwner', () => {
  test('names this process, which is alive', () => {
    expect(self.pid).toBe(process.pid)
    expect(owner.isAlive(owner.id)).toBe(true)
    expect(processOwner().id).toBe(owner.id)
  })

  test('cannot tell about another host, nor about what is no id of ours', () => {
    expect(isAlive({ host: 'elsewhere' })).toBeUndefined()
    for (const id of ['', 'x', '{}', '[]', 'null', '{"host":1}', JSON.stringify({ ...self, pid: -1 }), JSON.stringify({ ...self, pid: '1' })])
      expect(owner.isAlive(id)).toBeUndefined()
  })

  test.runIf(process.platform === 'linux')('a process of an earlier boot, or whose PID another process has now, is dead', () => {
    expect(isAlive({ boot: 'earlier' })).toBe(false)
    expect(isAlive({ start: '1' })).toBe(false)
    expect(isAlive({ pid: 1 })).toBe(false)
  })

  test('an ended process is dead', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise(resolve => child.once('exit', resolve))
    expect(isAlive({ pid: child.pid as number })).toBe(false)
  })

  test.runIf(process.platform === 'linux')('an ended process that nobody has collected is dead', async () => {
    // The shell starts a child that ends at once, and then becomes a program that never collects it.
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $! $(cut -d" " -f22 /proc/$!/stat); exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const line = await new Promise<string>(resolve => shell.stdout.once('data', (data: Buffer) => resolve(data.toString())))
      const [pid, start] = line.trim().split(' ') as [string, string]
      await expect.poll(() => isAlive({ pid: Number(pid), start })).toBe(false)
    } finally {
      shell.kill('SIGKILL')
    }
  })

  test.runIf(process.platform === 'linux')('a running process of the same host is alive', async () => {
    const script = `import { processOwner } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}; console.log(processOwner().id); setTimeout(() => {}, 60_000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const id = await new Promise<string>(resolve => child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())))
    expect(owner.isAlive(id)).toBe(true)
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    expect(owner.isAlive(id)).toBe(false)
  })
})
