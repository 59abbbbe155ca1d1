import { commandNames, commandTable, type CommandName } from '../arguments/command-table.ts'
import { optionNames, optionTable, type OptionName } from '../arguments/option-table.ts'

/** Shells that a script can be made for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The completion script of a shell, made from the tables. */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]()
}

const withValue: readonly OptionName[] = optionNames.filter(name => optionTable[name].value !== undefined)

function spellings(name: OptionName): string[] {
  const { short } = optionTable[name]
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
}

function operandWords(command: CommandName): readonly string[] {
  return command === 'help' ? [...commandNames, ...(commandTable.help.words ?? [])] : (commandTable[command].words ?? [])
}

function bash(): string {
  const cases = (rows: readonly (readonly [string, string])[]): string => rows.map(([pattern, body]) => `    ${pattern}) ${body} ;;`).join('\n')
  const values = withValue.map(name => {
    const { choices, completes } = optionTable[name]
    const body =
      choices !== undefined
        ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"))`
        : completes === 'directory'
          ? 'compopt -o dirnames'
          : completes === 'file'
            ? 'compopt -o default'
            : ':'
    return [spellings(name).join('|'), `${body}; return`] as const
  })
  const options = commandNames.map(
    name => [name, `options='${commandTable[name].options.flatMap(spellings).join(' ')}' words='${operandWords(name).join(' ')}'`] as const,
  )
  return `# bash completion for syncline
_syncline() {
  local cur prev command= options= words= index
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case $prev in
${cases(values)}
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
    ${commandNames.join('|')}) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W '${commandNames.join(' ')} --help --version' -- "$cur"))
    return
  fi
  case $command in
${cases(options)}
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

function zsh(): string {
  const escape = (text: string): string => text.replace(/(['[\]:\\])/g, character => (character === "'" ? "'\\''" : `\\${character}`))
  const spec = (name: OptionName): string => {
    const { short, value, text, choices, completes, repeatable } = optionTable[name]
    const action = choices !== undefined ? `(${choices.join(' ')})` : completes === 'directory' ? '_files -/' : completes === 'file' ? '_files' : ' '
    const argument = value === undefined ? '' : `:${escape(value)}:${action}`
    const star = repeatable === true ? '*' : ''
    const long = `'${star}--${name}[${escape(text)}]${argument}'`
    return short === undefined ? long : `${long} '${star}-${short}[${escape(text)}]${argument}'`
  }
  const branches = commandNames.map(name => {
    const { options, completes } = commandTable[name]
    const words = operandWords(name)
    const first = words.length > 0 ? `'1:word:(${words.join(' ')})' ` : ''
    const rest = completes === undefined ? '' : `'*:place:_files' `
    return `    ${name}) _arguments -s -S ${first}${rest}${options.map(spec).join(' ')} ;;`
  })
  return `#compdef syncline
_syncline() {
  local -a commands
  commands=(
${commandNames.map(name => `    '${name}:${escape(commandTable[name].summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${branches.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_syncline" ]; then _syncline "$@"; else compdef _syncline syncline; fi`
}

function fish(): string {
  const escape = (text: string): string => text.replace(/(['\\])/g, '\\$1')
  const lines = ['# fish completion for syncline', 'complete -c syncline -f']
  const none = `not __fish_seen_subcommand_from ${commandNames.join(' ')}`
  for (const name of commandNames) lines.push(`complete -c syncline -n '${none}' -a ${name} -d '${escape(commandTable[name].summary)}'`)
  for (const name of commandNames) {
    const { options, completes } = commandTable[name]
    const seen = `__fish_seen_subcommand_from ${name}`
    if (completes !== undefined) lines.push(`complete -c syncline -n '${seen}' -F`)
    const words = operandWords(name)
    if (words.length > 0) lines.push(`complete -c syncline -n '${seen}; and test (count (commandline -opc)) -eq 2' -a '${words.join(' ')}'`)
    for (const option of options) {
      const { short, value, text, choices, completes: what } = optionTable[option]
      const argument = value === undefined ? '' : choices !== undefined ? ` -x -a '${choices.join(' ')}'` : what === undefined ? ' -x' : ' -r -F'
      lines.push(`complete -c syncline -n '${seen}' -l ${option}${short === undefined ? '' : ` -s ${short}`}${argument} -d '${escape(text)}'`)
    }
  }
  return lines.join('\n')
}
