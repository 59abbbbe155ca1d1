// The archives as others see them: publint for what package.json says, attw for how the types resolve.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { check, settle } from './lib/check.mjs'
import { published, tarballOf } from './lib/packages.mjs'

const require = createRequire(import.meta.url)
const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist', 'index.js')

await check(
  'archives',
  Object.fromEntries(
    published.flatMap(({ manifest }) => [
      [`publint ${manifest.name}`, () => lint(manifest)],
      [`attw ${manifest.name}`, () => types(manifest)],
    ]),
  ),
)

/** @param {import('./lib/packages.mjs').Manifest} manifest */
async function lint(manifest) {
  const tarball = readFileSync(tarballOf(manifest))
  const { messages, pkg } = await publint({
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
    strict: true,
  })
  return settle(
    messages.map(message => formatMessage(message, pkg) ?? message.code),
    `${(tarball.length / 1024).toFixed(0)} KiB`,
  )
}

/** @param {import('./lib/packages.mjs').Manifest} manifest */
async function types(manifest) {
  // ESM only, on purpose: Node 20.19 can require it.
  const args = [attw, tarballOf(manifest), '--profile', 'esm-only', '--format', 'json']
  const output = await new Promise(resolve =>
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => resolve(stdout === '' ? stderr : stdout)),
  )
  /** @type {{ readonly analysis: { readonly types: unknown, readonly entrypoints: object }, readonly problems?: Readonly<Record<string, readonly { readonly resolutionKind?: string, readonly entrypoint?: string }[]>> }} */
  const { analysis, problems } = JSON.parse(output)
  const wanted = Object.entries(problems ?? {}).flatMap(([kind, found]) =>
    found
      .filter(({ resolutionKind }) => resolutionKind !== 'node10' && resolutionKind !== 'node16-cjs')
      .map(({ entrypoint, resolutionKind }) => `${kind} ${entrypoint ?? ''} ${resolutionKind ?? ''}`),
  )
  if (analysis.types === false) wanted.push('has no types')
  return settle(wanted, `${Object.keys(analysis.entrypoints).length} entry points`)
}
