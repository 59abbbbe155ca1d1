import { cpus, release, totalmem, type } from 'node:os'
import { run } from './measure.mjs'

/** Programs of Debian that are measured or measure. */
const programs = ['rsync', 'rclone', 'unison', 'time']

/** Installs what is missing, where that can be done. @throws if something is missing that cannot be installed */
export function installPeers() {
  const missing = programs.filter(name => !isThere(name))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) throw new Error(`not installed: ${missing.join(', ')}. Install with: apt-get install ${missing.join(' ')}`)
  run(['apt-get', 'update'])
  run(['apt-get', 'install', '-y', '--no-install-recommends', ...missing], { DEBIAN_FRONTEND: 'noninteractive' })
}

/** @param {string} name */
function isThere(name) {
  try {
    run(['which', name === 'time' ? '/usr/bin/time' : name])
    return true
  } catch {
    return false
  }
}

/** What the figures were measured with, as Markdown. @param {boolean} mounted */
export function machine(mounted) {
  const first = (/** @type {readonly string[]} */ command) => run(command).trim().split('\n')[0]
  const [processor] = cpus()
  return [
    `- ${new Date().toISOString().slice(0, 10)}, ${cpus().length} processors (${processor.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    `- Node ${process.version}, ${first(['rsync', '--version']).replace(/ +/g, ' ')}, ${first(['rclone', 'version'])}, ${first(['unison', '-version'])}, ${first(['cp', '--version'])}`,
    mounted ? '- Each destination is a new ext4 in an image, mounted for the round.' : '- Each destination is a new directory.',
  ].join('\n')
}
