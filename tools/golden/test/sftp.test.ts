import { describePair } from '../src/pairs.ts'
import { sftpStore } from '../src/remotes.ts'
import { localStore } from '../src/stores.ts'

describePair('fs', localStore, 'sftp', sftpStore('sshd'))
describePair('fs', localStore, 'sftp-basic', sftpStore('sftp-basic'))
