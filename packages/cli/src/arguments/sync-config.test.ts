import { describe, expect, test } from 'vitest'
import { UsageError } from '../usage-error.ts'
import { parseArguments } from './parse-arguments.ts'
import { readSyncSettings, toPairPath } from './sync-config.ts'

const now = Date.UTC(2026, 10, 21)
const files: Readonly<Record<string, string>> = { 'rules.txt': '\ufeff# made again\n*.o\r\n\n/build/\n' }

const read = async (...words: string[]) =>
  readSyncSettings(parseArguments(['sync', ...words]).options, {
    now,
    toPath: operand => toPairPath(operand, ['/src']),
    readFile: async file => {
      const text = files[file]
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${file}'`)
      return text
    },
  })

describe('readSyncSettings', () => {
  test('leaves everything to the engine where nothing is said', async () => expect(await read()).toEqual({ config: {}, symlinks: undefined }))

  test.each([
    [['--mode', 'source-backup'], { mode: 'source-backup' }],
    [['--mode', 'SOURCE_BACKUP'], { mode: 'source-backup' }],
    [['--mode', 'mirror'], { mode: 'source-to-destination' }],
    [['--compare', 'size-only'], { comparisonMode: 'size-only' }],
    [['--checksum'], { comparisonMode: 'hash-only' }],
    [['--tolerance', '0'], { toleranceMs: 0 }],
    [['--conflict', 'keep-both'], { conflictResolution: 'keep-both' }],
    [['--initial', 'source-wins'], { initialSync: 'source-wins' }],
    [['--accept-destination-changes'], { acceptDestinationChanges: true }],
    [['--force-upload'], { forceUpload: true }],
    [['--force-download'], { forceDownload: true }],
    [['--ignore', '*.tmp', '--ignore-file', 'rules.txt'], { ignore: ['*.o', '/build/', '*.tmp'] }],
    [['--ignore-name', '.gitignore'], { ignoreFile: '.gitignore' }],
    [['--no-ignore-files'], { ignoreFile: false }],
    [['--include', '*.md', '--include', '*.txt'], { include: ['*.md', '*.txt'] }],
    [['--exclude', 'x'], { exclude: ['x'] }],
    [['--min-size', '1K', '--max-size', '1M'], { minSize: 1024, maxSize: 1_048_576 }],
    [['--modified-after', '1d', '--modified-before', '2026-11-20'], { modifiedAfter: now - 86_400_000, modifiedBefore: Date.UTC(2026, 10, 20) }],
    [['--max-age', '1d'], { modifiedAfter: now - 86_400_000 }],
    [['--skip', './a/', '--only', '/src/b/c'], { filesToSkip: ['a'], only: ['b/c'] }],
    [['--trash'], {}],
    [['--no-trash'], { trash: false }],
    [['--max-delete', '25%'], { maxDelete: { share: 0.25 } }],
    [['--max-delete', 'unlimited'], { maxDelete: Infinity }],
    [['--allow-empty'], { allowEmpty: true }],
    [['--max-bytes', '1G'], { maxBytes: 1_073_741_824 }],
    [['--ignore-space'], { ignoreSpace: true }],
    [['--fsync', 'always'], { fsync: 'always' }],
    [['--transfers', '3'], { concurrency: { transfers: 3 } }],
    [['--operations', '5', '--transfers', '3'], { concurrency: { transfers: 3, operations: 5 } }],
    [['--bwlimit', '1M'], { bandwidth: 1_048_576 }],
    [['--attempts', '1'], { attempts: 1 }],
  ])('reads %j', async (words, config) => expect((await read(...words)).config).toEqual(config))

  test('says how storages are opened', async () => expect((await read('--symlinks', 'follow')).symlinks).toBe('follow'))

  test.each([
    [['--mode', 'tow-way'], 'unknown value "tow-way" of --mode'],
    [['--compare', 'md5'], 'unknown value "md5" of --compare'],
    [['--fsync', 'sometimes'], 'unknown value "sometimes" of --fsync'],
    [['--trash', '--no-trash'], '--trash and --no-trash exclude each other'],
    [['--ignore-name', 'x', '--no-ignore-files'], 'exclude each other'],
    [['--ignore-file', 'missing.txt'], "cannot read the ignore file missing.txt: ENOENT: no such file or directory, open 'missing.txt'"],
    [['--skip', '../x'], '"../x" is no path of this pair'],
    [['--only', '.'], 'it names the root itself'],
  ])('refuses %j', async (words, text) => {
    const error = await read(...words).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).message).toContain(text)
  })

  test('suggests the word that was meant', async () => {
    const error = await read('--mode', 'tow-way').catch((reason: unknown) => reason)
    expect((error as UsageError).hint).toMatch(/^Did you mean two-way\? Use one of: two-way, source-to-destination,/)
  })
})
