// Replicates one directory to another, and kills itself when so many bytes have passed. Runs what was built, as a user would.
// Reads { a, b, bytes, ssh } as JSON.
import { readFileSync } from 'node:fs'
import { BtrSync, defaultRoot, Transfer } from '@syncline/btrfs'

const { a, b, bytes, ssh } = JSON.parse(readFileSync(0, 'utf8'))

class Dying extends Transfer {
  async *flow(flow) {
    let passed = 0
    for await (const chunk of flow) {
      if ((passed += chunk.length) > bytes) process.kill(process.pid, 'SIGKILL')
      yield chunk
    }
  }
}

const roots = defaultRoot('local')()
const there = ssh === undefined ? roots : defaultRoot('ssh')(ssh)
const [{ root: src }, { root: dst }] = [await roots.getRoot(a), await there.getRoot(b)]
const isDone = await new BtrSync(src, dst).sync(new Dying())
await there.close()
process.exitCode = isDone ? 0 : 3
