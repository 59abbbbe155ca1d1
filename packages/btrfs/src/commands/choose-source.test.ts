import { describe, expect, test } from 'vitest'
import { readSourceWords, type SourceWords } from './choose-source.ts'

describe('readSourceWords', () => {
  test.each<[string, SourceWords]>([
    ['/mnt/pool/s1', { base: '/mnt/pool/s1', below: false }],
    ['/mnt/pool/', { base: '/mnt/pool', below: true }],
    ['snaps//', { base: 'snaps', below: true }],
    ['/', { base: '/', below: true }],
    ['/mnt/snaps/dev*', { base: '/mnt/snaps', pattern: 'dev*', below: false }],
    ['/mnt/s?/x[12]/', { base: '/mnt', pattern: 's?/x[12]', below: true }],
    ['s*', { base: '.', pattern: 's*', below: false }],
    ['/s*', { base: '/', pattern: 's*', below: false }],
    ['../a/*', { base: '../a', pattern: '*', below: false }],
  ])('takes %s apart', (path, words) => expect(readSourceWords(path)).toEqual(words))
})
