import { describePair } from '../src/pairs.ts'
import { ftpStore, s3Store, sftpStore } from '../src/remotes.ts'

const [sftp, ftp] = [sftpStore('sshd'), ftpStore('proftpd')]

describePair('s3', s3Store, 'sftp', sftp)
describePair('s3', s3Store, 'ftp', ftp)
describePair('sftp', sftp, 'ftp', ftp)
describePair('s3', s3Store, 's3', s3Store)
describePair('sftp', sftp, 'sftp', sftp)
describePair('ftp', ftp, 'ftp', ftp)
