import { X509Certificate, createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isThere, run } from './commands.mjs'

/**
 * Keys, certificates and passwords, made once for a checkout. Random: the users they open are real ones of the machine.
 *
 * @typedef {{
 *   readonly password: string, readonly passphrase: string, readonly passwordHash: string, readonly accessKeyId: string, readonly secretAccessKey: string,
 *   readonly hostKeyFile: string, readonly hostKey: string, readonly hostKeyFingerprint: string,
 *   readonly keyFile: string, readonly passphraseKeyFile: string, readonly publicKeys: string,
 *   readonly caFile: string, readonly certificateFile: string, readonly certificateKeyFile: string, readonly combinedFile: string,
 *   readonly fingerprint: string
 * }} Secrets
 */

/**
 * @param {string} folder
 * @returns {Promise<Secrets>}
 */
export async function provideSecrets(folder) {
  if (!(await isThere(folder))) {
    // Made aside and renamed, so that what an interrupted start left is never taken for whole.
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 })
    const making = mkdtempSync(`${folder}.`)
    chmodSync(making, 0o755)
    await make(making)
    try {
      renameSync(making, folder)
    } catch (error) {
      // Somebody else was faster: theirs are in use.
      rmSync(making, { recursive: true, force: true })
      if (!(await isThere(folder))) throw error
    }
  }
  const file = (/** @type {string} */ name) => join(folder, name)
  const read = (/** @type {string} */ name) => readFileSync(file(name), 'utf8')
  const hostKey = read('host.pub').split(' ').slice(0, 2).join(' ')
  return {
    .../** @type {Pick<Secrets, 'password' | 'passphrase' | 'passwordHash' | 'accessKeyId' | 'secretAccessKey'>} */ (
      JSON.parse(read('passwords.json'))
    ),
    hostKeyFile: file('host'),
    hostKey,
    hostKeyFingerprint: fingerprintOf(hostKey),
    keyFile: file('user'),
    passphraseKeyFile: file('user-with-passphrase'),
    publicKeys: read('user.pub') + read('user-with-passphrase.pub'),
    caFile: file('ca.pem'),
    certificateFile: file('chain.pem'),
    certificateKeyFile: file('server.key'),
    combinedFile: file('combined.pem'),
    fingerprint: new X509Certificate(read('server.pem')).fingerprint256,
  }
}

/**
 * @param {string} publicKey "ssh-ed25519 AAAA…"
 */
function fingerprintOf(publicKey) {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** @param {string} folder */
async function make(folder) {
  const password = random()
  const passphrase = random()
  const passwords = {
    password,
    passphrase,
    passwordHash: (await run('openssl', ['passwd', '-6', '-stdin'], { input: password })).trim(),
    accessKeyId: random().toUpperCase().slice(0, 20),
    secretAccessKey: random() + random(),
  }
  writeFileSync(join(folder, 'passwords.json'), JSON.stringify(passwords), { mode: 0o600 })
  await makeSshKey(join(folder, 'host'), '')
  await makeSshKey(join(folder, 'user'), '')
  await makeSshKey(join(folder, 'user-with-passphrase'), passphrase)
  await makeCertificate(folder)
}

/** 24 letters and digits, which need no quoting anywhere. */
function random() {
  return randomBytes(18).toString('base64').replace(/[+/]/g, 'x')
}

/**
 * @param {string} file
 * @param {string} passphrase
 */
async function makeSshKey(file, passphrase) {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'syncline-test', '-f', file])
}

/**
 * An authority of our own and a certificate for all addresses at which a fault proxy may listen.
 *
 * @param {string} folder
 */
async function makeCertificate(folder) {
  const openssl = (/** @type {readonly string[]} */ ...args) => run('openssl', args, { cwd: folder })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const uses = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  await openssl('req', '-x509', ...ec, '-days', '3650', '-subj', '/CN=Syncline test authority', ...uses, '-keyout', 'ca.key', '-out', 'ca.pem')
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr')
  const addresses = Array.from({ length: 32 }, (_, i) => `IP:127.0.0.${i + 1}`)
  writeFileSync(join(folder, 'extensions'), `subjectAltName=DNS:localhost,${addresses.join()}\nextendedKeyUsage=serverAuth\n`)
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '3650', '-extfile', 'extensions']
  await openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem')
  const [certificate, authority, key] = ['server.pem', 'ca.pem', 'server.key'].map(name => readFileSync(join(folder, name), 'utf8'))
  writeFileSync(join(folder, 'chain.pem'), `${certificate}${authority}`)
  writeFileSync(join(folder, 'combined.pem'), `${key}${certificate}${authority}`, { mode: 0o600 })
}
