/** Date-times with a zone: the arguments are those that Python 2.7 gives with pytz. */
import { describe, expect, test } from 'vitest'
import { JSONPickler, YAMLPickler } from '../pickle/index.ts'
import { ClassRegistry, PyTimeZone, PyZonedDateTime } from '../registry/index.ts'
import { XMLPickler } from './xml-pickler.ts'

const registry = new ClassRegistry()
const pickler = new XMLPickler(registry)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** `datetime(2020, 1, 2, 3, 4, 5, 678901)` on the clock of a zone. */
function onClock(zone: PyTimeZone): PyZonedDateTime {
  return new PyZonedDateTime(Date.UTC(2020, 0, 2, 3, 4, 5, 678) - zone.offsetSeconds * 1000, 901, zone)
}

function xmlOf(name: string, args: string): string {
  return `<?xml version="1.0" encoding="utf-8" ?>
<pickle>
  <initialized_object>
    <klass>
      <global name="datetime" module="datetime"/>
    </klass>
    <arguments>
      <tuple>
        <string encoding="base64">B+QBAgMEBQpb9Q==</string>
        <initialized_object>
          <klass>
            <global name="${name}" module="pytz"/>
          </klass>
          <arguments>
${args}
          </arguments>
        </initialized_object>
      </tuple>
    </arguments>
  </initialized_object>
</pickle>
`
}

const tuple = (...lines: readonly string[]): string =>
  ['            <tuple>', ...lines.map(line => `              ${line}`), '            </tuple>'].join('\n')

const cases = [
  { name: 'UTC', zone: PyTimeZone.utc, xml: xmlOf('_UTC', '            <tuple />'), at: '2020-01-02T03:04:05.678Z' },
  { name: 'a fixed offset', zone: PyTimeZone.fixed(-480), xml: xmlOf('FixedOffset', tuple('<int>-480</int>')), at: '2020-01-02T11:04:05.678Z' },
  {
    name: 'a named zone',
    zone: PyTimeZone.named('Europe/Berlin', 3600, 0, 'CET'),
    xml: xmlOf('_p', tuple('<string>Europe/Berlin</string>', '<int>3600</int>', '<int>0</int>', '<string>CET</string>')),
    at: '2020-01-02T02:04:05.678Z',
  },
  {
    name: 'a named zone without daylight saving',
    zone: PyTimeZone.constant('Etc/GMT-5'),
    xml: xmlOf('_p', tuple('<string>Etc/GMT-5</string>')),
    at: '2020-01-01T22:04:05.678Z',
  },
]

describe('date-times with a zone', () => {
  test.each(cases)('$name: has the bytes of Python, and is the moment when it is read', ({ zone, xml, at }) => {
    expect(text(pickler.dump(onClock(zone), { verify: true }))).toBe(xml)
    expect(text(new XMLPickler(registry, { compat: 'zope-3.6.1' }).dump(onClock(zone)))).toBe(xml)
    for (const preserve of [false, true]) {
      const read = pickler.load(xml, { preserve }) as PyZonedDateTime
      expect(read).toBeInstanceOf(PyZonedDateTime)
      expect([read.toISOString(), read.microseconds]).toEqual([at, 901])
      expect(read.zone.reduce()).toEqual(zone.reduce())
      expect(text(pickler.dump(read))).toBe(xml)
    }
  })

  test.each([pickler, new JSONPickler(registry), new YAMLPickler(registry)])('what shares a zone shares it again in $name', other => {
    const zone = PyTimeZone.named('Europe/Berlin', 7200, 3600, 'CEST')
    const [first, second] = other.load(other.dump([onClock(zone), onClock(zone)], { verify: true })) as [PyZonedDateTime, PyZonedDateTime]
    expect(second.zone).toBe(first.zone)
    expect(first.zone).toMatchObject({ name: 'Europe/Berlin', offsetSeconds: 7200 })
    expect(first.getTime()).toBe(Date.UTC(2020, 0, 2, 1, 4, 5, 678))
  })

  test.each([
    [xmlOf('_p', tuple('<string>Mars/Olympus</string>')), 'the offset of the time zone "Mars/Olympus" is not known; store UTC, or an offset'],
    [xmlOf('tzlocal', '            <tuple />'), 'pytz.tzlocal is not registered'],
    [xmlOf('FixedOffset', tuple('<int>1440</int>')), 'the offset of a time zone is less than a day, in whole seconds; got 86400'],
    [xmlOf('_p', tuple('<int>1</int>', '<int>2</int>')), 'a time zone is made of a name, an offset, its daylight saving and an abbreviation'],
    [
      xmlOf('_UTC', '            <tuple />').replace(
        /<initialized_object>\s+<klass>\s+<global name="_UTC"[^]*?<\/initialized_object>/,
        '<int>1</int>',
      ),
      'time zone',
    ],
  ])('a zone that nobody knows is an error with its place', (xml, message) => {
    expect(() => pickler.load(xml)).toThrow(message)
    expect(() => pickler.load(xml)).toThrow(/line \d+, column \d+/)
  })
})
