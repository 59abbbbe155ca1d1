import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './spawn.mjs'
import { members, root } from './workspace.mjs'

/**
 * Installs what the lockfile names, unless that was done for these very manifests already.
 *
 * @param {{ readonly command: string, readonly env: NodeJS.ProcessEnv }} pnpm
 */
export async function installDependencies({ command, env }) {
  // Inside node_modules, so that it goes when they go.
  const stamp = join(root, 'node_modules', '.installed')
  const digest = digestOfManifests()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  process.stderr.write('installing dependencies …\n')
  const { code, output } = await run(command, ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: root, env })
  if (code !== 0) throw new Error(`${output}\npnpm install failed with exit code ${code}; its output is above`)
  writeFileSync(stamp, digest)
}

/** Of everything that decides what is installed. */
function digestOfManifests() {
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', ...members().map(folder => join(folder, 'package.json'))]
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}`)
  for (const file of manifests) hash.update(`\0${file}\0`).update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '')
  return hash.digest('hex')
}
