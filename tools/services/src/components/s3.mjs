import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../commands.mjs'
import { host, makeFolder } from '../place.mjs'
import { provideServer } from '../ports.mjs'
import { daemonPid, killDaemon } from '../processes.mjs'
import { provideSecrets } from '../secrets.mjs'
import { configure } from './common.mjs'

/** @typedef {import('../types.d.mts').Place} Place */

const daemons = /** @type {const} */ (['ceph-mon', 'ceph-osd', 'radosgw'])

/**
 * Ceph's RADOS gateway over one monitor and one storage daemon that keeps everything in memory.
 *
 * @type {import('../types.d.mts').Component<'s3'>}
 */
export const s3 = {
  name: 's3',
  packages: ['ceph-mon', 'ceph-osd', 'ceph-common', 'radosgw'],
  unpacked: [],
  after: [],
  daemons,
  start: async place => {
    const secrets = await provideSecrets(place.secrets)
    makeFolder(place.data)
    const [port, tlsPort] = [place.base + 700, place.base + 704]
    const file = configurationFile(place)
    if (!runs(place, 'ceph-mon') || !runs(place, 'ceph-osd')) await startCluster(place, secrets)
    await provideServer(place, 'radosgw', port, 'radosgw', ['--foreground', '-c', file, '-n', 'client.rgw'])
    return {
      endpoint: `http://${host}:${port}`,
      tlsEndpoint: `https://${host}:${tlsPort}`,
      caFile: secrets.caFile,
      region: 'us-east-1',
      accessKeyId: secrets.accessKeyId,
      secretAccessKey: secrets.secretAccessKey,
      version: (await run('radosgw', ['--version'])).match(/version ([\d.]+)/)?.[1] ?? 'unknown',
    }
  },
  isRunning: async place => daemons.every(daemon => runs(place, daemon)),
  // The gateway alone: the objects are in the memory of the others.
  kill: place => killDaemon(place, 'radosgw'),
  stop,
}

/** @param {Place} place */
async function stop(place) {
  for (const daemon of [...daemons].reverse()) await killDaemon(place, daemon)
  rmSync(clusterFolder(place), { recursive: true, force: true })
}

/**
 * From nothing, as memory keeps nothing. Without authentication between the parts, which all listen on loopback.
 *
 * @param {Place} place
 * @param {import('../secrets.mjs').Secrets} secrets
 */
async function startCluster(place, secrets) {
  await stop(place)
  const folder = makeFolder(clusterFolder(place))
  for (const name of ['mon', 'osd']) makeFolder(join(folder, name))
  const cluster = randomUUID()
  const file = configure(place, 'ceph.conf', configuration(place, folder, cluster, secrets))
  const monitor = `v2:${host}:${place.base + 750}`
  await run('ceph-mon', ['-c', file, '--mkfs', '-i', 'a', '--public-addr', monitor, '--fsid', cluster])
  // Who asks a part before it listens waits for seconds before asking again.
  await provideServer(place, 'ceph-mon', place.base + 750, 'ceph-mon', ['--foreground', '-c', file, '-i', 'a', '--public-addr', monitor])
  const storage = randomUUID()
  await run('ceph', ['-c', file, '--connect-timeout', '20', 'osd', 'new', storage])
  await run('ceph-osd', ['-c', file, '-i', '0', '--mkfs', '--osd-uuid', storage])
  await provideServer(place, 'ceph-osd', place.base + 760, 'ceph-osd', ['--foreground', '-c', file, '-i', '0'])
  const user = ['--uid', 'test', '--display-name', 'test', '--access-key', secrets.accessKeyId, '--secret-key', secrets.secretAccessKey]
  await run('radosgw-admin', ['-c', file, 'user', 'create', ...user])
}

/**
 * @param {Place} place
 * @param {string} folder
 * @param {string} cluster
 * @param {import('../secrets.mjs').Secrets} secrets
 */
function configuration(place, folder, cluster, secrets) {
  const parts = ['mon client', 'mon service', 'mon cluster', 'client', 'service', 'cluster']
  // The gateway insists on encryption by default and then waits for ever for parts that have no keys.
  const modes = parts.map(part => `ms ${part} mode = crc`).join('\n')
  const tls = `ssl_endpoint=${host}:${place.base + 704} ssl_certificate=${secrets.certificateFile} ssl_private_key=${secrets.certificateKeyFile}`
  return `[global]
fsid = ${cluster}
mon host = v2:${host}:${place.base + 750}
public addr = ${host}
cluster addr = ${host}
ms bind msgr1 = false
ms bind port min = ${place.base + 760}
ms bind port max = ${place.base + 799}
auth cluster required = none
auth service required = none
auth client required = none
${modes}
keyring = /dev/null
run dir = ${folder}
pid file = ${folder}/$type.$id.pid
admin socket =
log file = ${place.data}/log/ceph-$type.$id.log
mon cluster log file = ${place.data}/log/ceph-cluster.log
debug ms = 0/0
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 2000
[mon]
mon data = ${folder}/mon
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 2
[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 8589934592
osd class default list = *
osd class load list = *
[client.rgw]
# Without tcp_nodelay every GET takes 45 ms.
rgw frontends = beast endpoint=${host}:${place.base + 700} tcp_nodelay=1 ${tls}
rgw enable usage log = false
rgw run sync thread = false
rgw thread pool size = 64
rgw override bucket index max shards = 1
rgw dynamic resharding = false
# Gives the memory of deleted objects back after seconds instead of hours.
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
${place.options.config ?? ''}
`
}

/**
 * @param {Place} place
 * @param {string} daemon
 */
function runs(place, daemon) {
  return daemonPid(place, daemon) !== undefined
}

/** @param {Place} place */
function clusterFolder(place) {
  return join(place.data, 'ceph')
}

/** @param {Place} place */
function configurationFile(place) {
  return join(place.data, 'config', 'ceph.conf')
}
