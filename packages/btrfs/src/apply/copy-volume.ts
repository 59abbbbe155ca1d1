import { StorageError } from '@syncline/core'
import { runProgram } from './run-program.ts'
import { textOf } from '../subvolume/raw-text.ts'

/**
 * Copies a directory with all that is in it and with every attribute, sharing blocks where the file system can (`cp -a --reflink=auto`).
 *
 * @param from - its bytes, a character each; so is `to`, where nothing is yet
 */
export async function copyVolume(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  // "/." is the content and the attributes of the directory itself, for every `cp`.
  const paths = [Buffer.from(`${from}/.`, 'latin1'), Buffer.from(to, 'latin1')]
  try {
    await runProgram('cp', ['-a', '--reflink=auto', ...paths], signal)
  } catch (cause) {
    signal?.throwIfAborted()
    const message = (cause as Error).message
    // Only that of GNU knows how to share blocks; others say that they do not know the option.
    if (/(unrecognized|invalid|illegal|unknown) option/i.test(message)) await runProgram('cp', ['-a', ...paths], signal)
    else
      throw new StorageError(/no space left|quota/i.test(message) ? 'NO_SPACE' : 'UNKNOWN', `could not copy the volume ${textOf(from)} to apply an increment to the copy: ${message}`, { cause }) // prettier-ignore
  }
}
