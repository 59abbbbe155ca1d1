// The answers of S3 are flat lists of known elements, which a search for their names reads in a tenth of the time of a parser for any XML. Names of
// elements hold no attributes there, apart from the root's namespace and <Owner>, which are not read.

/** The text of the first element `name`, or `undefined`. */
export function textOf(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`)
  if (start === -1) return undefined
  const from = start + name.length + 2
  const end = xml.indexOf(`</${name}>`, from)
  return end === -1 ? undefined : unescapeXml(xml.slice(from, end))
}

/** What is inside each element `name`, in order. Elements of that name are not nested. */
export function* each(xml: string, name: string): Generator<string> {
  const [open, close] = [`<${name}>`, `</${name}>`]
  for (let at = xml.indexOf(open); at !== -1; at = xml.indexOf(open, at)) {
    const end = xml.indexOf(close, at)
    if (end === -1) return
    yield xml.slice(at + open.length, end)
    at = end + close.length
  }
}

/** Plain text for inside an element. */
export function escapeXml(text: string): string {
  // A carriage return or newline that is not written as a reference is normalised by the reader.
  return text.replace(/[&<>"'\r\n\t]/g, char => `&#${char.charCodeAt(0)};`)
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#x([0-9a-f]+)|#([0-9]+)|(\w+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (name !== undefined) return entities[name] ?? whole
      return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16))
    },
  )
}
