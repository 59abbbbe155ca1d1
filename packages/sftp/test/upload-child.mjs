// Puts the first parts of an upload, prints its token, and waits to be killed. Runs what was built, as a user would.
// Reads { options, file, parts } as JSON.
import { readFileSync } from 'node:fs'
import { sftp } from '@syncline/sftp'

const { options, file, parts } = JSON.parse(readFileSync(0, 'utf8'))
const content = readFileSync(file)
const storage = await sftp(options)
const upload = await storage.upload('file', { size: content.length })
for (let i = 0; i < parts; i++) await upload.put(i, content.subarray(i * upload.partSize, (i + 1) * upload.partSize))
process.stdout.write(`${upload.token}\n`)
setInterval(() => undefined, 1000)
