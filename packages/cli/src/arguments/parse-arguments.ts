import { parseArgs } from 'node:util'
import { UsageError } from '../usage-error.ts'
import { capitalize } from './capitalize.ts'
import { checkValue } from './check-value.ts'
import { commandNames, commandTable, isCommand, type CommandName } from './command-table.ts'
import { foreignWords, type ForeignWord } from './foreign-words.ts'
import { optionNames, optionTable, type OptionName } from './option-table.ts'
import { OptionValues } from './option-values.ts'
import { suggest } from './suggest.ts'

/** A call as understood. */
export interface ParsedArguments {
  /** Absent if none was named. */
  readonly command: CommandName | undefined
  readonly operands: readonly string[]
  readonly options: OptionValues
  /** Words of other programs that were accepted although they change nothing, with what holds. */
  readonly notes: readonly string[]
}

/**
 * Understands a command line by the tables of options and commands.
 *
 * @param families - first words that are commands, too, for the near match
 * @throws UsageError naming the word and, where there is one, the word that was probably meant
 */
export function parseArguments(argv: readonly string[], families: readonly string[] = []): ParsedArguments {
  const { tokens } = parseArgs({ args: [...argv], options: knownWords(), strict: false, allowPositionals: true, tokens: true })
  const operands: string[] = []
  const options = new OptionValues()
  const notes: string[] = []
  const written: { name: OptionName; as: string }[] = []
  const firstOperand = tokens.find(token => token.kind === 'positional')?.value
  const command = firstOperand !== undefined && isCommand(firstOperand) ? firstOperand : undefined

  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName } = token
    const own = ownOption(token.name, rawName)
    const foreign = own === undefined ? foreignWord(token.name, rawName) : undefined
    if (own !== undefined) {
      options.add(own, checkValue(optionTable[own], rawName, token.value, token.inlineValue === true))
      written.push({ name: own, as: rawName })
    } else if (foreign?.use !== undefined) {
      throw new UsageError(`${rawName} is not an option here`, `${capitalize(foreign.use)}.`)
    } else if (foreign?.means !== undefined) {
      const [name, fixed] = foreign.means
      options.add(name, checkValue(optionTable[name], rawName, fixed ?? token.value, token.inlineValue === true || fixed !== undefined))
      written.push({ name, as: rawName })
    } else if (foreign?.always !== undefined) {
      notes.push(`${rawName}: ${foreign.always}`)
    } else {
      throw unknownOption(rawName, command)
    }
  }
  if (command === undefined) {
    if (firstOperand !== undefined) throw unknownCommand(firstOperand, operands, families)
    return { command, operands: [], options, notes }
  }
  for (const { name, as } of written) if (!commandTable[command].options.includes(name)) checkGlobal(name, as, command)
  return { command, operands: operands.slice(1), options, notes }
}

/** All words of all commands at once: only so can a value be told from an operand before the command is known. */
function knownWords(): Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }> {
  const words: Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }> = {}
  for (const name of optionNames) {
    const { short, value } = optionTable[name]
    words[name] = { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }), multiple: true }
  }
  for (const [name, { short, value }] of Object.entries(foreignWords)) {
    words[name] ??= { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }), multiple: true }
  }
  return words
}

function ownOption(name: string, rawName: string): OptionName | undefined {
  if (rawName.startsWith('--')) return Object.hasOwn(optionTable, name) ? (name as OptionName) : undefined
  const letter = rawName.slice(1)
  return optionNames.find(candidate => optionTable[candidate].short === letter)
}

function foreignWord(name: string, rawName: string): ForeignWord | undefined {
  if (rawName.startsWith('--')) return Object.hasOwn(foreignWords, name) ? foreignWords[name] : undefined
  const letter = rawName.slice(1)
  return Object.values(foreignWords).find(({ short }) => short === letter)
}

function unknownOption(rawName: string, command: CommandName | undefined): UsageError {
  const near = suggest(rawName.replace(/^-+/, ''), [...optionNames, ...Object.keys(foreignWords)])
  const help = `syncline help ${command ?? 'options'} shows the options.`
  return new UsageError(`unknown option ${rawName}`, near === undefined ? `${capitalize(help)}` : `Did you mean --${near}? ${capitalize(help)}`)
}

function unknownCommand(word: string, operands: readonly string[], families: readonly string[]): UsageError {
  if (operands.length >= 2 && looksLikePlace(word))
    return new UsageError(`${JSON.stringify(word)} is no command`, `Did you mean: syncline sync ${operands.join(' ')}`)
  const names = [...commandNames, ...families]
  const near = suggest(word, names)
  const list = `Commands: ${names.join(', ')}.`
  return new UsageError(`unknown command ${JSON.stringify(word)}`, near === undefined ? list : `Did you mean syncline ${near}? ${list}`)
}

function looksLikePlace(word: string): boolean {
  return /[/\\:.~]/.test(word)
}

function checkGlobal(name: OptionName, as: string, command: CommandName): void {
  if (name === 'version' || name === 'help' || name === 'color' || name === 'ascii') return
  const others = commandNames.filter(candidate => commandTable[candidate].options.includes(name))
  throw new UsageError(`${as} is not an option of ${command}`, `It belongs to ${others.join(', ')}.`)
}
