import type { CommandFamily, FamilyCall } from '@syncline/core'

/** A family as a package would bring it. @param run - what `pack send` does */
export function sampleFamily(run: (call: FamilyCall) => Promise<number> = () => Promise.resolve(0)): CommandFamily {
  return {
    name: 'pack',
    summary: 'Pack things and send them',
    commands: {
      send: {
        summary: 'Send what was packed',
        usage: ['SOURCE... DESTINATION'],
        details: ['Sends it where it belongs.'],
        examples: ['syncline pack send ./a ./b'],
        completes: 'place',
        options: {
          exclude: { short: 'x', value: 'GLOB', repeatable: true, text: 'Leave out what matches' },
          interactive: { short: 'i', text: 'Ask' },
          yes: { short: 'y', text: 'Do not ask' },
          every: { short: 't', value: 'SECONDS', default: '1', text: 'How often progress is shown' },
          scope: { value: 'SCOPE', choices: ['all', 'strict'], default: 'all', text: 'What belongs to it' },
          quench: { short: 'q', text: 'Take the letter of --quiet' },
        },
        run,
      },
      list: { summary: 'List what was packed', usage: [''], details: [], examples: [], options: {}, run: () => Promise.resolve(0) },
    },
  }
}
