const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Two characters for each 12 bits: half as many steps as one for each 6. */
let pairs: readonly string[] | undefined

/** Base64 with padding, in one line. */
export function toBase64(bytes: Uint8Array): string {
  pairs ??= Array.from({ length: 4096 }, (_, bits) => alphabet.charAt(bits >> 6) + alphabet.charAt(bits & 63))
  const whole = bytes.length - (bytes.length % 3)
  let text = ''
  for (let i = 0; i < whole; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    text += (pairs[bits >> 12] as string) + (pairs[bits & 4095] as string)
  }
  const rest = bytes.length - whole
  if (rest === 1) text += `${pairs[(bytes[whole] as number) << 4] as string}==`
  if (rest === 2) {
    const bits = ((bytes[whole] as number) << 10) | ((bytes[whole + 1] as number) << 2)
    text += `${pairs[bits >> 6] as string}${alphabet.charAt(bits & 63)}=`
  }
  return text
}

const values = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i

/** The bytes of base64 text; white space is skipped. Undefined if the text is no base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  const dense = /\s/.test(text) ? text.replace(/\s+/g, '') : text
  if (dense.length % 4 !== 0) return undefined
  const padding = dense.endsWith('==') ? 2 : dense.endsWith('=') ? 1 : 0
  const digits = dense.length - padding
  const bytes = new Uint8Array((dense.length / 4) * 3 - padding)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const code = dense.charCodeAt(i)
    const value = code < 128 ? (values[code] as number) : -1
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[at++] = (bits >> held) & 255
  }
  // Bits after the last byte would be lost.
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined
}
