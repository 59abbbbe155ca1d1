import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './measure.mjs'

/**
 * Places to sync to that nothing was deleted from: after a mass deletion ext4 walks over the freed inodes one by one, and the next run pays for it.
 *
 * A place is a new file system in an image where that can be mounted, else a new directory.
 */
export class Places {
  /** @type {{ readonly path: string, readonly image: string | undefined }[]} */
  #open = []
  #count = 0
  /** @type {boolean | undefined} */
  #mounts

  /** @param {string} directory where the images lie */
  constructor(directory) {
    this.directory = join(directory, 'places')
    mkdirSync(this.directory, { recursive: true })
  }

  /** Whether places are file systems of their own. */
  get mounted() {
    return this.#mounts ?? false
  }

  /**
   * An empty directory.
   *
   * @param {{ readonly files?: number, readonly mib?: number }} [need] what it will hold
   */
  open({ files = 20_000, mib = 1024 } = {}) {
    const path = join(this.directory, `${process.pid}-${this.#count++}`)
    mkdirSync(path)
    const image = this.#mounts === false ? undefined : this.#mount(path, Math.ceil(files * 1.3) + 10_000, mib + Math.ceil(files / 200) + 512)
    this.#mounts ??= image !== undefined
    this.#open.push({ path, image })
    const inside = join(path, 'tree')
    mkdirSync(inside)
    return inside
  }

  /** @param {string} path @param {number} inodes @param {number} mib */
  #mount(path, inodes, mib) {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') return undefined
    const image = `${path}.img`
    try {
      writeFileSync(image, '')
      truncateSync(image, mib * 1024 * 1024)
      run(['mkfs.ext4', '-q', '-F', '-N', `${inodes}`, '-E', 'lazy_itable_init=0,lazy_journal_init=0', image])
      run(['mount', '-o', 'loop,noatime', image, path])
      return image
    } catch {
      rmSync(image, { force: true })
      return undefined
    }
  }

  /** Gives everything back. */
  close() {
    for (const { path, image } of this.#open) {
      if (image !== undefined) {
        run(['umount', path])
        rmSync(image)
      }
      rmSync(path, { recursive: true, force: true })
    }
    this.#open = []
  }

  /** Removes what an interrupted run left. */
  sweep() {
    if (!existsSync(this.directory)) return
    const mounts =
      process.platform === 'linux'
        ? run(['cat', '/proc/mounts'])
            .split('\n')
            .map(line => line.split(' ')[1] ?? '')
        : []
    for (const path of mounts) if (path.startsWith(`${this.directory}/`)) run(['umount', path])
    rmSync(this.directory, { recursive: true, force: true })
    mkdirSync(this.directory, { recursive: true })
  }
}
