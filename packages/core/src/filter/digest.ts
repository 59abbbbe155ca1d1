/**
 * FNV-1a of the text's UTF-8 bytes, 64 bits as 16 hex digits. Tells whether something changed; it protects against nobody.
 *
 * Two halves of 32 bits instead of a BigInt: rules of a large tree are hashed at every start.
 */
export function digestOf(text: string): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const byte of new TextEncoder().encode(text)) {
    low = (low ^ byte) >>> 0
    // Times the prime 2^40 + 0x1b3.
    const product = low * 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 0x1_0000_0000) + low * 0x100) % 0x1_0000_0000
    low = product % 0x1_0000_0000
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
