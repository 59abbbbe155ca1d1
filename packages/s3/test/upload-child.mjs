// Begins an upload in a process of its own, which kills itself when the server has some parts. Runs what was built, as a user would.
// Its only argument: { options, path, size, dieAfter, tokenFile } as JSON.
import { writeFileSync } from 'node:fs'
import { s3 } from '@syncline/s3'

const { options, path, size, dieAfter, tokenFile } = JSON.parse(process.argv[2])
const upload = await s3(options).upload(path, { size, modified: 1_600_000_000_500, ifNoneMatch: '*' })
writeFileSync(tokenFile, upload.token)
let stored = 0
// Two at a time, as the engine does it; the kill comes while one is on its way.
const indices = Array.from({ length: Math.ceil(size / upload.partSize) }, (_, i) => i).values()
async function work() {
  for (const index of indices) {
    const part = new Uint8Array(Math.min(upload.partSize, size - index * upload.partSize)).fill(index + 1)
    await upload.put(index, part)
    if (++stored < dieAfter) continue
    process.kill(process.pid, 'SIGKILL')
    for (;;);
  }
}
await Promise.all([work(), work()])
