// Core in the runtimes it promises: bundled without anything of Node, and run in each one that is on this machine.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { build } from 'esbuild'
import { check, Skip } from './lib/check.mjs'
import { here, root } from './lib/packages.mjs'
import { run } from './lib/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'syncline-runtimes-'))
const script = join(folder, 'scenario.mjs')
try {
  await check('runtimes', {
    // With platform "neutral" an import of a Node module is an error.
    'bundle without Node': async () => `${(await bundle()).length} bytes`,
    node: async () => `${process.version}: ${(await run(process.execPath, [script])).trim()}`,
    // minimatch asks for this variable when it is loaded. Nothing else is asked for.
    deno: () => inRuntime('deno', ['run', '--no-remote', '--no-config', '--no-prompt', '--allow-env=__MINIMATCH_TESTING_PLATFORM__', script]),
    bun: () => inRuntime('bun', ['run', script]),
    browser,
  })
} finally {
  // A browser's helpers may write a moment longer than it.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

async function bundle() {
  const contents = `import { scenario } from './scenario/memory.mjs'\nexport const result = scenario()\nif (typeof document === 'undefined') console.log(await result)\n`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    write: false,
    logLevel: 'silent',
  })
  const code = outputFiles[0]?.text ?? ''
  writeFileSync(script, code)
  return code
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
async function inRuntime(name, args) {
  const program = find(name)
  if (program === undefined) throw new Skip(`no ${name} on PATH and none in .cache/runtimes, where .ci/run puts one`)
  const [version = ''] = (await run(program, ['--version'], { cwd: folder })).split('\n')
  return `${version}: ${(await run(program, args, { cwd: folder, env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DENO_DIR: folder }, timeout: 60_000 })).trim()}`
}

/** @param {string} name */
function find(name) {
  const modules = join(root, '.cache', 'runtimes', 'node_modules')
  const scopes = ['@deno', '@oven'].map(scope => join(modules, scope)).filter(scope => existsSync(scope))
  const own = scopes.flatMap(scope => readdirSync(scope).flatMap(entry => [join(scope, entry, name), join(scope, entry, 'bin', name)]))
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map(part => join(part, name))
  return [...onPath, ...own].find(file => existsSync(file))
}

async function browser() {
  const program = ['chromium', 'chromium-headless-shell', 'google-chrome', 'chrome'].map(find).find(found => found !== undefined)
  if (program === undefined) throw new Skip('no chromium on PATH')
  const code = await bundle()
  const page = `<!doctype html><meta charset="utf-8"><script type="module">
    const tell = body => fetch('/told', { method: 'POST', body })
    try { const { result } = await import('/scenario.mjs'); await tell('ok ' + await result) } catch (error) { await tell(String(error?.stack ?? error)) }
  </script>`
  const server = createServer((request, response) => {
    if (request.url !== '/told') {
      const isScript = request.url === '/scenario.mjs'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? code : page)
      return
    }
    let told = ''
    request
      .setEncoding('utf8')
      .on('data', chunk => (told += chunk))
      .on('end', () => {
        response.end()
        server.emit('told', told)
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  const child = spawn(program, [...flags, '--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`, `http://127.0.0.1:${port}/`], {
    stdio: 'ignore',
    // A group of its own, so that the helpers end with it.
    detached: true,
  })
  try {
    const [told] = await Promise.race([
      once(server, 'told', { signal: AbortSignal.timeout(60_000) }),
      once(child, 'exit').then(([exitCode]) => Promise.reject(new Error(`${program} ended with ${exitCode} before the page answered`))),
    ])
    if (!told.startsWith('ok ')) throw new Error(told)
    return `${(await run(program, ['--version'])).trim()}: ${told.slice(3)}`
  } finally {
    await endGroup(child)
    server.closeAllConnections()
    server.close()
  }
}

/** @param {import('node:child_process').ChildProcess} child the leader of a process group */
async function endGroup(child) {
  const isRunning = child.exitCode === null && child.signalCode === null
  const ended = isRunning ? once(child, 'exit').catch(() => undefined) : undefined
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // All of it has ended already.
  }
  await ended
}
