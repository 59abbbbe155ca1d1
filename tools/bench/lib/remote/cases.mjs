/**
 * What is measured between a local directory and a server.
 *
 * @typedef {object} Case
 * @property {string} title
 * @property {'sshd' | 'vsftpd' | 's3'} service
 * @property {number} files
 * @property {number} size bytes of each
 * @property {number} [roundTripMs] through the fault proxy; absent: loopback
 * @property {'down'} [direction] from the server; absent: to it
 * @property {true} [firstOnly]
 * @property {true} [listOnly] the server has the files, and is asked for their names
 * @property {readonly string[]} peers
 * @property {Readonly<Record<string, Readonly<Record<string, Goal>>>>} [goals] by scenario and peer
 * @property {number} [memory] MiB that syncline may take at most
 * @property {number} [requests] of a no-op at most
 *
 * Syncline's seconds divided by those of a peer, at most.
 * @typedef {{ readonly wall: number, readonly cpu?: number }} Goal
 */

const mebibyte = 1024 * 1024

/** @type {Readonly<Record<string, Case>>} */
export const cases = {
  sftp: {
    title: 'SFTP, 10,000 x 4 KiB, loopback',
    service: 'sshd',
    files: 10_000,
    size: 4096,
    peers: ['rclone', 'rclone without hash check', 'lftp', 'rsync over ssh'],
    goals: {
      first: { rclone: { wall: 0.06 }, 'rclone without hash check': { wall: 0.25 }, lftp: { wall: 0.4 }, 'rsync over ssh': { wall: 1.5 } },
      'no-op': { rclone: { wall: 0.45 }, 'rsync over ssh': { wall: 1.3 } },
    },
  },
  'sftp-far': {
    title: 'SFTP, 1,000 x 4 KiB, 20 ms',
    service: 'sshd',
    files: 1000,
    size: 4096,
    roundTripMs: 20,
    peers: ['rclone', 'rclone without hash check', 'lftp', 'rsync over ssh'],
    goals: { first: { rclone: { wall: 0.05 }, lftp: { wall: 0.1 }, 'rsync over ssh': { wall: 1.5 } }, 'no-op': { rclone: { wall: 0.5 } } },
  },
  'sftp-up': {
    title: 'SFTP, one file of 512 MiB, up',
    service: 'sshd',
    files: 1,
    size: 512 * mebibyte,
    firstOnly: true,
    peers: ['rclone', 'rsync over ssh', 'sftp'],
    goals: { first: { rclone: { wall: 0.65 } } },
  },
  'sftp-down': {
    title: 'SFTP, one file of 512 MiB, down',
    service: 'sshd',
    files: 1,
    size: 512 * mebibyte,
    direction: 'down',
    firstOnly: true,
    peers: ['rclone', 'rsync over ssh', 'sftp'],
    goals: { first: { rclone: { wall: 0.4 }, sftp: { wall: 0.95 } } },
  },
  ftp: {
    title: 'FTP, 10,000 x 4 KiB, loopback',
    service: 'vsftpd',
    files: 10_000,
    size: 4096,
    peers: ['rclone', 'lftp with 16 connections'],
    goals: { first: { rclone: { wall: 0.5 } }, 'no-op': { rclone: { wall: 0.7 } } },
  },
  'ftp-far': {
    title: 'FTP, 1,000 x 4 KiB, 20 ms',
    service: 'vsftpd',
    files: 1000,
    size: 4096,
    roundTripMs: 20,
    peers: ['rclone', 'lftp with 16 connections'],
    goals: { first: { rclone: { wall: 0.15 }, 'lftp with 16 connections': { wall: 0.9 } }, 'no-op': { rclone: { wall: 0.7 } } },
  },
  'ftp-up-far': {
    title: 'FTP, one file of 512 MiB, 20 ms, up',
    service: 'vsftpd',
    files: 1,
    size: 512 * mebibyte,
    roundTripMs: 20,
    firstOnly: true,
    peers: ['rclone'],
    goals: { first: { rclone: { wall: 1 } } },
  },
  s3: {
    title: 'S3, 10,000 x 4 KiB, loopback',
    service: 's3',
    files: 10_000,
    size: 4096,
    peers: ['rclone'],
    goals: { first: { rclone: { wall: 0.4, cpu: 0.35 } }, 'no-op': { rclone: { wall: 0.25 } } },
    requests: 10,
  },
  's3-up': {
    title: 'S3, one file of 512 MiB, up, parts of 8 MiB, four in flight',
    service: 's3',
    files: 1,
    size: 512 * mebibyte,
    firstOnly: true,
    peers: ['rclone'],
    goals: { first: { rclone: { wall: 1 } } },
  },
  'sftp-list': { title: 'SFTP, 100,000 files listed', service: 'sshd', files: 100_000, size: 0, listOnly: true, peers: ['rclone'], memory: 150 },
  'ftp-list': { title: 'FTP, 100,000 files listed', service: 'vsftpd', files: 100_000, size: 0, listOnly: true, peers: ['rclone'], memory: 150 },
  's3-list': { title: 'S3, 100,000 objects listed', service: 's3', files: 100_000, size: 0, listOnly: true, peers: ['rclone'], memory: 150 },
}
