import { btrfs } from './btrfs.mjs'
import { fullDisk } from './full-disk.mjs'
import { proftpd } from './proftpd.mjs'
import { pureftpd } from './pureftpd.mjs'
import { s3 } from './s3.mjs'
import { sftpBasic } from './sftp-basic.mjs'
import { sshd } from './sshd.mjs'
import { vsftpd } from './vsftpd.mjs'

/**
 * Every component, those first that others need.
 *
 * @type {readonly import('../types.d.mts').Component<any>[]}
 */
export const components = [fullDisk, sshd, sftpBasic, vsftpd, proftpd, pureftpd, s3, btrfs]

/** @param {string} name */
export function componentOf(name) {
  const found = components.find(component => component.name === name)
  if (found === undefined) throw new TypeError(`there is no service ${name}; there are ${components.map(component => component.name).join(', ')}`)
  return found
}
