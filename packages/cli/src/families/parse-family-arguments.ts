import { parseArgs } from 'node:util'
import type { CommandFamily, FamilyCommand, FamilyOption } from '@syncline/core'
import { capitalize } from '../arguments/capitalize.ts'
import { checkChoice, checkValue } from '../arguments/check-value.ts'
import { suggest } from '../arguments/suggest.ts'
import { UsageError } from '../usage-error.ts'
import { allOptions } from './common-options.ts'
import { FamilyValues } from './family-values.ts'
import { splitWords } from './split-words.ts'

/** A call of a family's command as understood. */
export interface FamilyArguments {
  /** Absent if none was named. */
  readonly command: { readonly name: string; readonly spec: FamilyCommand } | undefined
  readonly operands: readonly string[]
  /** The common options among them. */
  readonly options: FamilyValues
}

/**
 * Understands the words behind the name of a family.
 *
 * @param leading - common options that came before the name
 * @throws UsageError naming the word and, where there is one, the word that was probably meant
 */
export function parseFamilyArguments(family: CommandFamily, leading: readonly string[], argv: readonly string[]): FamilyArguments {
  const { leading: between, word, rest } = splitWords(argv)
  const before = [...leading, ...between]
  if (word === undefined) {
    if (rest.length > 0) throw unknownHere(family, rest[0] ?? '')
    return { command: undefined, operands: [], options: readWords(before, {}, family.name).options }
  }
  const spec = Object.hasOwn(family.commands, word) ? family.commands[word] : undefined
  if (spec === undefined) throw unknownCommand(family, word)
  return { command: { name: word, spec }, ...readWords([...before, ...rest], spec.options, `${family.name} ${word}`) }
}

function readWords(
  words: readonly string[],
  own: Readonly<Record<string, FamilyOption>>,
  title: string,
): { readonly operands: readonly string[]; readonly options: FamilyValues } {
  const table = allOptions(own)
  const { tokens } = parseArgs({ args: [...words], options: toParseOptions(table), strict: false, allowPositionals: true, tokens: true })
  const operands: string[] = []
  const options = new FamilyValues()
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName } = token
    const name = nameOf(rawName, table)
    const spec = name === undefined ? undefined : table[name]
    if (name === undefined || spec === undefined) throw unknownOption(rawName, Object.keys(table), title)
    const value = checkValue(spec, rawName, token.value, token.inlineValue === true)
    checkChoice(spec, rawName, value)
    options.add(name, value)
  }
  return { operands, options }
}

type ParseOptions = Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }>

function toParseOptions(table: Readonly<Record<string, FamilyOption>>): ParseOptions {
  return Object.fromEntries(
    Object.entries(table).map(([name, { short, value }]): [string, ParseOptions[string]] => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }), multiple: true },
    ]),
  )
}

function nameOf(rawName: string, table: Readonly<Record<string, FamilyOption>>): string | undefined {
  if (rawName.startsWith('--')) return Object.hasOwn(table, rawName.slice(2)) ? rawName.slice(2) : undefined
  return Object.keys(table).find(name => table[name]?.short === rawName.slice(1))
}

function unknownOption(rawName: string, names: readonly string[], title: string): UsageError {
  const near = suggest(rawName.replace(/^-+/, ''), names)
  const help = `syncline help ${title} shows the options.`
  return new UsageError(
    `unknown option ${rawName} of ${title}`,
    near === undefined ? capitalize(help) : `Did you mean --${near}? ${capitalize(help)}`,
  )
}

function unknownHere(family: CommandFamily, option: string): UsageError {
  return new UsageError(
    `${option} comes before the command of ${family.name}`,
    `Write syncline ${family.name} COMMAND ${option}; commands: ${Object.keys(family.commands).join(', ')}.`,
  )
}

function unknownCommand(family: CommandFamily, word: string): UsageError {
  const names = Object.keys(family.commands)
  const near = suggest(word, names)
  const list = `Commands: ${names.join(', ')}.`
  return new UsageError(
    `${family.name} has no command ${JSON.stringify(word)}`,
    near === undefined ? list : `Did you mean syncline ${family.name} ${near}? ${list}`,
  )
}
