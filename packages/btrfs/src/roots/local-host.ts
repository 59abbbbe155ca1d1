import { textOf } from '../subvolume/raw-text.ts'
import type { Host } from './host.ts'
import { startProcess } from './process.ts'
import { isText, shellLine } from './quote.ts'

/** This machine. */
export const localHost: Host = {
  label: '',
  start: async (command, options) => {
    const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` }
    if (!command.every(isText)) return startProcess('sh', ['-c', `exec ${shellLine(command)}`], { ...options, env })
    const [program = '', ...args] = command.map(textOf)
    return startProcess(program, args, { ...options, env })
  },
  close: async () => {},
}
