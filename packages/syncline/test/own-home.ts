import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** An account that processes run as. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const root: Account = { name: 'root', uid: 0, gid: 0 }

/** What is different for processes that are started within. */
export interface HomeOptions {
  readonly account?: Account
  /** A line for sudoers. */
  readonly sudo?: string
}

/**
 * Gives an account another home directory, and `sudo` another rule, in processes that are started by what it returns. Programs such as ssh ask the list of
 * accounts for it, so these processes see another list; everybody else sees what there is. It takes root.
 *
 * @param directory - becomes the home directory
 * @returns a program with its arguments, to be put in front of a command
 */
export function withinHome(directory: string, { account = root, sudo }: HomeOptions = {}): readonly string[] {
  const accounts = `${directory}.passwd`
  const rules = `${directory}.sudoers`
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const changed = lines
    .map(line => line.split(':'))
    .map(fields => (fields[0] === account.name ? [...fields.slice(0, 5), directory, '/bin/sh'] : fields))
  writeFileSync(accounts, changed.map(fields => fields.join(':')).join('\n'), { mode: 0o644 })
  if (sudo !== undefined) writeFileSync(rules, `${sudo}\n`, { mode: 0o440 })
  const script = `mount --bind "$1" /etc/passwd && { [ ! -e "$2" ] || mount --bind "$2" /etc/sudoers; } && shift 2 && exec "$@"`
  const become = account.uid === 0 ? [] : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', accounts, rules, ...become, 'env', `HOME=${directory}`]
}

/** Makes a home directory with what ssh looks for in it. */
export function makeSshHome(directory: string, { keyFile, knownHosts, config }: { keyFile: string; knownHosts: string; config: string }): void {
  const place = join(directory, '.ssh')
  mkdirSync(place, { recursive: true, mode: 0o700 })
  copyFileSync(keyFile, join(place, 'id_ed25519'))
  writeFileSync(join(place, 'known_hosts'), knownHosts)
  writeFileSync(join(place, 'config'), config)
}
