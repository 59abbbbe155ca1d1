import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram, isThere, run } from './commands.mjs'
import { programs } from './place.mjs'

/** @typedef {import('./types.d.mts').Component} Component */

/** What tells that a package is there already: a program it brings. */
const programsOf = {
  'openssh-client': 'ssh-keygen',
  openssl: 'openssl',
  'btrfs-progs': 'mkfs.btrfs',
  mount: 'mount',
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  'ceph-common': 'ceph',
  radosgw: 'radosgw',
}

/** What every component needs. */
const always = ['openssh-client', 'openssl', 'mount']

/** @returns {string | undefined} why services cannot be started on this machine */
export function whyNotHere() {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'real servers are started on Debian only'
  return process.getuid?.() === 0 ? undefined : 'real servers are started by root only'
}

/**
 * Debian packages to install for these components, those that are there left out.
 *
 * @param {readonly Component[]} components
 * @returns {Promise<readonly string[]>}
 */
export async function missingPackages(components) {
  const named = [...always, ...components.flatMap(component => component.packages)]
  const missing = []
  for (const name of new Set(named)) {
    if ((await findProgram(programsOf[/** @type {keyof typeof programsOf} */ (name)])) === undefined) missing.push(name)
  }
  // Libraries are installed before their package is unpacked, so those of an unpacked one are there.
  return [...missing, ...(await missingLibraries(packagesToUnpack(components)))]
}

/**
 * Installs and unpacks what these components need. Starts no other program and asks no network if all is there.
 *
 * @param {readonly Component[]} components
 * @param {(line: string) => void} say
 */
export async function install(components, say) {
  const toUnpack = packagesToUnpack(components)
  if (toUnpack.length === 0 && (await missingPackages(components)).length === 0) return
  const known = await run('apt-cache', ['show', 'radosgw', ...toUnpack]).catch(() => '')
  if (known === '') await apt('apt-get', ['update', '-q'])
  const missing = await missingPackages(components)
  if (missing.length > 0) {
    say(`installing from Debian: ${missing.join(' ')}`)
    await apt('apt-get', ['install', '-qy', '--no-install-recommends', '--no-upgrade', '-o', 'DPkg::Lock::Timeout=300', ...missing])
  }
  for (const name of toUnpack) await unpack(name)
}

/** @param {readonly Component[]} components */
function packagesToUnpack(components) {
  return [...new Set(components.flatMap(component => component.unpacked))].filter(name => !existsSync(join(programs, name)))
}

/**
 * Unpacks a package without installing it: Debian lets no two FTP servers be installed, and an installed sshd would be started for the whole network.
 *
 * @param {string} name
 */
async function unpack(name) {
  await mkdir(programs, { recursive: true })
  const making = await mkdtemp(join(programs, '.unpacking-'))
  try {
    await apt('apt-get', ['download', '-q', name], making)
    const [archive] = (await readdir(making)).filter(file => file.endsWith('.deb'))
    if (archive === undefined) throw new Error(`apt-get download ${name} brought no archive`)
    await run('dpkg', ['-x', archive, 'content'], { cwd: making })
    await rename(join(making, 'content'), join(programs, name)).catch(error => {
      // Another start was faster.
      if (!existsSync(join(programs, name))) throw error
    })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/**
 * Libraries that unpacked packages need and that are not installed.
 *
 * @param {readonly string[]} packages
 */
async function missingLibraries(packages) {
  if (packages.length === 0) return []
  const listed = await run('apt-cache', [
    'depends',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    ...packages,
  ]).catch(() => '')
  const libraries = new Set([...listed.matchAll(/^ +Depends: (lib\S+)$/gm)].map(([, name]) => /** @type {string} */ (name)))
  if (libraries.size === 0) return []
  // Fails if one of them was never heard of, and prints the others nevertheless.
  const installed = await run('sh', ['-c', 'dpkg-query -W -f \'${Package} ${db:Status-Status}\\n\' "$@" 2>/dev/null || true', 'sh', ...libraries])
  return [...libraries].filter(name => !installed.includes(`${name} installed\n`)).sort()
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
async function apt(command, args, cwd) {
  await run(command, args, { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 900_000, ...(cwd === undefined ? {} : { cwd }) })
}

/**
 * A program of an unpacked package.
 *
 * @param {string} name of the package
 * @param {string} path inside of it
 */
export async function unpacked(name, path) {
  const file = join(programs, name, path)
  if (!(await isThere(file))) throw new Error(`${name} is not unpacked; run: node tools/services/services.mjs install`)
  return file
}
