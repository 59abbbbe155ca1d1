/**
 * Distances of rows, in rows of 16 bytes. A power of x that is a multiple of 128 is a sum of five smaller ones, modulo Castagnoli's polynomial:
 * x^(128·209) = x^(128·144) + x^(128·54) + x^(128·39) + x^(128·14) + 1. So a row does to the checksum what the rows that follow it at these distances
 * would do if it were added to each of them. It is the sum with the fewest terms whose longest distance fits into a command many times.
 *
 * @see Russell, "Chorba: A novel CRC32 implementation" (2024), which found such sums for the checksum of Ethernet
 */
const distances: readonly number[] = [65, 155, 170, 195, 209]

const rowBytes = 16
/** What is left of any number of rows: those that have nothing to be added to. */
const leftRows = 209

/** Bytes that are left of what is folded; fewer, or as many, cannot be folded. */
export const leftBytes: number = leftRows * rowBytes

/** Memory that rows are folded in. */
export interface Folding {
  /** Put what is to be folded here, from the beginning. */
  readonly bytes: Uint8Array
  /** The same memory. */
  readonly words: Int32Array
  /** Folds the first bytes, a multiple of 16 above {@link leftBytes}: the last {@link leftBytes} of them have the checksum of all then. */
  fold(length: number): void
}

const pageBytes = 64 * 1024
/** Of memory: the longest command of the kernel, 128 KiB, fits in. */
const pages = 3

let folding: Folding | undefined | null = null

/** What folds: WebAssembly, since nothing else of the language adds 16 bytes at once. `undefined` where there is none. */
export function openFolding(): Folding | undefined {
  if (folding === null) folding = makeFolding()
  return folding
}

/** What is used of it: its declarations come with those of browsers, which do not belong here. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

/** What {@link makeModule} makes. */
interface FoldingModule {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly fold: (before: number, end: number) => void
}

function makeFolding(): Folding | undefined {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyLike }
  if (WebAssembly === undefined) return undefined
  try {
    const { memory, fold } = new WebAssembly.Instance(new WebAssembly.Module(makeModule())).exports as FoldingModule
    const room = pages * pageBytes - leftBytes
    return {
      // In front of them are rows of zeros: what is before the first row.
      bytes: new Uint8Array(memory.buffer, leftBytes, room),
      words: new Int32Array(memory.buffer, leftBytes, room / 4),
      fold: length => fold(0, length),
    }
  } catch {
    // A processor without such instructions. The tables do it, too.
    return undefined
  }
}

const op = {
  loop: [0x03, 0x40],
  branchIf: [0x0d, 0],
  end: [0x0b],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  constant: (value: number) => [0x41, ...signed(value)],
  isBelow: [0x49],
  add: [0x6a],
  subtract: [0x6b],
  loadRow: (offset: number) => [0xfd, 0x00, 4, ...unsigned(offset)],
  storeRow: (offset: number) => [0xfd, 0x0b, 4, ...unsigned(offset)],
  xorRows: [0xfd, 0x51],
} as const

/**
 * A module with its memory and one function, `fold(before, end)`: both are addresses of what lies {@link leftBytes} in front of a row, the first and the
 * one after the last.
 */
function makeModule(): Uint8Array {
  const i32 = 0x7f
  const [before, end, stop] = [0, 1, 2] as const
  // Rows near the end get nothing from rows that have nothing to be added to: one distance after the other is too short.
  const loops = distances.flatMap((distance, at) => [
    ...[...op.get(end), ...op.constant((leftRows - distance) * rowBytes), ...op.subtract, ...op.set(stop)],
    ...op.loop,
    ...[...op.get(before), ...op.get(before), ...op.loadRow(leftBytes)],
    ...distances.slice(at).flatMap(from => [...op.get(before), ...op.loadRow((leftRows - from) * rowBytes), ...op.xorRows]),
    ...op.storeRow(leftBytes),
    ...[...op.get(before), ...op.constant(rowBytes), ...op.add, ...op.tee(before)],
    ...[...op.get(stop), ...op.isBelow, ...op.branchIf, ...op.end],
  ])
  const code = [1, 1, i32, ...loops, ...op.end]
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, i32, i32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, pages]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('fold'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ])
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): readonly number[] {
  return [text.length, ...new TextEncoder().encode(text)]
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** The same for what has a sign: the seventh bit of the last. Here no number is below 0. */
function signed(value: number): readonly number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
