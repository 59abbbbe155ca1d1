import type { CommandFamily, FamilyOption } from '@syncline/core'
import { commandNames, commandTable, type CommandName } from '../arguments/command-table.ts'
import { optionTable } from '../arguments/option-table.ts'
import type { FamilySummary } from '../environment.ts'
import { allOptions } from '../families/common-options.ts'

/** Shells that a script can be made for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A family as completion knows it: without commands, its name alone is offered. */
export type CompletedFamily = FamilySummary & Partial<Pick<CommandFamily, 'commands'>>

/** The completion script of a shell, made from the tables and from the families that are there. */
export function completionScript(shell: Shell, families: readonly CompletedFamily[] = []): string {
  const words: Words = { commands: commandNames.map(generalCommand), families: families.map(familyWords) }
  return { bash, zsh, fish }[shell](words)
}

interface Words {
  readonly commands: readonly CompletedCommand[]
  readonly families: readonly { readonly name: string; readonly summary: string; readonly commands: readonly CompletedCommand[] }[]
}

interface CompletedCommand {
  readonly name: string
  readonly summary: string
  /** First operands to offer. */
  readonly words: readonly string[]
  readonly completes: 'place' | 'file' | undefined
  readonly options: readonly (readonly [name: string, option: FamilyOption])[]
}

function generalCommand(name: CommandName): CompletedCommand {
  const { summary, words = [], completes, options } = commandTable[name]
  return {
    name,
    summary,
    words: name === 'help' ? [...commandNames, ...words] : words,
    completes,
    options: options.map(option => [option, optionTable[option]] as const),
  }
}

function familyWords({ name, summary, commands = {} }: CompletedFamily): Words['families'][number] {
  return {
    name,
    summary,
    commands: Object.entries(commands).map(([command, spec]) => ({
      name: command,
      summary: spec.summary,
      words: [],
      completes: spec.completes,
      options: Object.entries(allOptions(spec.options)),
    })),
  }
}

function spellings([name, { short }]: CompletedCommand['options'][number]): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
}

function namesOf(all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => name)
}

function bash({ commands, families }: Words): string {
  const all = [...commands, ...families.flatMap(({ name, commands: own }) => own.map(command => ({ ...command, name: `${name} ${command.name}` })))]
  const firstWords = [...namesOf(commands), ...namesOf(families)].join(' ')
  const cases = (rows: readonly (readonly [string, string])[]): string => rows.map(([pattern, body]) => `    ${pattern}) ${body} ;;`).join('\n')
  const values = all.flatMap(({ name, options }) =>
    options
      .filter(([, { value }]) => value !== undefined)
      .map(option => {
        const { choices, completes } = option[1]
        const body =
          choices !== undefined
            ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"))`
            : completes === 'directory'
              ? 'compopt -o dirnames'
              : completes === 'file'
                ? 'compopt -o default'
                : ':'
        return [
          spellings(option)
            .map(spelling => `'${name} ${spelling}'`)
            .join('|'),
          `${body}; return`,
        ] as const
      }),
  )
  const choices = [
    ...all.map(({ name, options, words }) => [`'${name}'`, `options='${options.flatMap(spellings).join(' ')}' words='${words.join(' ')}'`] as const),
    ...families.map(({ name, commands: own }) => [`'${name}'`, `options='--help' words='${namesOf(own).join(' ')}'`] as const),
  ]
  const family =
    families.length === 0
      ? ''
      : `
    ${namesOf(families).join('|')})
      command=\${COMP_WORDS[index]}
      for ((next = index + 1; next < COMP_CWORD; next++)); do
        if [[ \${COMP_WORDS[next]} != -* ]]; then
          command+=" \${COMP_WORDS[next]}"
          index=$next
          break
        fi
      done
      break ;;`
  return `# bash completion for syncline
_syncline() {
  local cur prev command= options= words= index next
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
    ${namesOf(commands).join('|')}) command=\${COMP_WORDS[index]}; break ;;${family}
    esac
  done
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W '${firstWords} --help --version' -- "$cur"))
    return
  fi
  case "$command $prev" in
${cases(values)}
  esac
  case $command in
${cases(choices)}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  [[ -n $words && $COMP_CWORD -eq $((index + 1)) ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _syncline syncline`
}

function zsh({ commands, families }: Words): string {
  const escape = (text: string): string => text.replace(/(['[\]:\\])/g, character => (character === "'" ? "'\\''" : `\\${character}`))
  const spec = ([name, { short, value, text, choices, completes, repeatable }]: CompletedCommand['options'][number]): string => {
    const action = choices !== undefined ? `(${choices.join(' ')})` : completes === 'directory' ? '_files -/' : completes === 'file' ? '_files' : ' '
    const argument = value === undefined ? '' : `:${escape(value)}:${action}`
    const star = repeatable === true ? '*' : ''
    const long = `'${star}--${name}[${escape(text)}]${argument}'`
    return short === undefined ? long : `${long} '${star}-${short}[${escape(text)}]${argument}'`
  }
  const branch = ({ name, options, completes, words }: CompletedCommand): string => {
    const first = words.length > 0 ? `'1:word:(${words.join(' ')})' ` : ''
    const rest = completes === undefined ? '' : `'*:place:_files' `
    return `${name}) _arguments -s -S ${first}${rest}${options.map(spec).join(' ')} ;;`
  }
  const described = (all: readonly { readonly name: string; readonly summary: string }[], indent: string): string =>
    all.map(({ name, summary }) => `${indent}'${name}:${escape(summary)}'`).join('\n')
  const familyBranches = families.map(
    ({ name, commands: own }) => `    ${name})
      commands=(
${described(own, '        ')}
      )
      if (( CURRENT == 2 )); then
        _describe 'command' commands
        return
      fi
      command=$words[2]
      shift words
      (( CURRENT-- ))
      case $command in
${own.map(command => `      ${branch(command)}`).join('\n')}
      esac ;;`,
  )
  return `#compdef syncline
_syncline() {
  local -a commands
  commands=(
${described([...commands, ...families], '    ')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${[...commands.map(command => `    ${branch(command)}`), ...familyBranches].join('\n')}
  esac
}
if [ "$funcstack[1]" = "_syncline" ]; then _syncline "$@"; else compdef _syncline syncline; fi`
}

function fish({ commands, families }: Words): string {
  const escape = (text: string): string => text.replace(/(['\\])/g, '\\$1')
  const lines = ['# fish completion for syncline', 'complete -c syncline -f']
  const none = `not __fish_seen_subcommand_from ${[...namesOf(commands), ...namesOf(families)].join(' ')}`
  // A family may have a command of the same name as a general one.
  const noFamily = families.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${namesOf(families).join(' ')}`
  const addCommand = ({ options, completes, words }: CompletedCommand, seen: string): void => {
    if (completes !== undefined) lines.push(`complete -c syncline -n '${seen}' -F`)
    if (words.length > 0) lines.push(`complete -c syncline -n '${seen}; and test (count (commandline -opc)) -eq 2' -a '${words.join(' ')}'`)
    for (const [option, { short, value, text, choices, completes: what }] of options) {
      const argument = value === undefined ? '' : choices !== undefined ? ` -x -a '${choices.join(' ')}'` : what === undefined ? ' -x' : ' -r -F'
      lines.push(`complete -c syncline -n '${seen}' -l ${option}${short === undefined ? '' : ` -s ${short}`}${argument} -d '${escape(text)}'`)
    }
  }
  for (const { name, summary } of [...commands, ...families]) lines.push(`complete -c syncline -n '${none}' -a ${name} -d '${escape(summary)}'`)
  for (const command of commands) addCommand(command, `__fish_seen_subcommand_from ${command.name}${noFamily}`)
  for (const { name, commands: own } of families) {
    const seen = `__fish_seen_subcommand_from ${name}`
    const unnamed = `${seen}; and not __fish_seen_subcommand_from ${namesOf(own).join(' ')}`
    for (const command of own) {
      lines.push(`complete -c syncline -n '${unnamed}' -a ${command.name} -d '${escape(command.summary)}'`)
      addCommand(command, `${seen}; and __fish_seen_subcommand_from ${command.name}`)
    }
  }
  return lines.join('\n')
}
