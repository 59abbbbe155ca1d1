// Dumps a snapshot in a process of its own, which kills itself when so many bytes are on their way. Runs what was built, as a user would.
// Its only argument: { root, path, uuid, s3 | directory, dieAfter } as JSON.
import { defaultRoot, DumpRoot } from '@syncline/btrfs'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'

const { root: place, path, uuid, s3: options, directory, dieAfter } = JSON.parse(process.argv[2])
const { root } = await defaultRoot('local')({}).getRoot(place)
const onProgress = bytes => {
  if (bytes < dieAfter) return
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}
const target = new DumpRoot(options === undefined ? fs(directory) : s3(options), { onProgress })
await target.receive(root.send([path]).bytes, '', { volumes: [{ uuid, path, readonly: true, sendable: true }] })
