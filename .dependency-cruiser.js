// The rules of the architecture about who may import whom. Each was seen to fail on a planted violation.
const core = '^packages/core/src/'
const tests = String.raw`\.test(-d)?\.ts$|/test/`
/** A package of this workspace, also one that is not declared and so cannot be resolved. */
const ours = '^packages/|^@syncline/|^syncline$'
const adapters = '(fs|s3|sftp|ftp|btrfs|snarf)'

/** Entry points beside the main one: what a package exports under its name and a slash. */
const entries = ['^packages/snarf/src/(format|xmlpickle|pickle|objects|workdir|commands)/index\\.ts$']

/** The files of core between scan and execute: data in, data out. */
const planning =
  'ancestor|assemble|change|collisions|compare|config|conflict|exit-codes|guard|merge-join|mode-table|modes|path|plan|plan-lines|planner|renames'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'core-imports-no-workspace-package',
      comment: 'Everything imports core, so core imports nothing of ours.',
      severity: 'error',
      from: { path: core, pathNot: tests },
      to: { path: '^packages/(?!core/)|^examples/|^tools/|^@syncline/|^syncline$' },
    },
    {
      name: 'core-imports-no-built-in',
      comment: 'Core runs in Deno, Bun and browsers.',
      severity: 'error',
      from: { path: core, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-has-two-dependencies',
      comment: 'minimatch and ignore, nothing else.',
      severity: 'error',
      from: { path: core, pathNot: tests },
      to: { path: 'node_modules', pathNot: 'node_modules/(minimatch|ignore)/' },
    },
    {
      name: 'adapters-stand-alone',
      comment: 'Whoever needs one storage installs one storage. Only btrfs builds on fs.',
      severity: 'error',
      from: { path: `^packages/${adapters}/src/`, pathNot: [tests, '^packages/btrfs/'] },
      to: { path: ours, pathNot: ['^packages/$1/', '^packages/core/', '^@syncline/core$'] },
    },
    {
      name: 'btrfs-knows-core-and-fs',
      comment: 'A subvolume is a directory of this machine, and dumps lie in directories.',
      severity: 'error',
      from: { path: '^packages/btrfs/src/', pathNot: tests },
      to: { path: ours, pathNot: ['^packages/(btrfs|core|fs)/', '^@syncline/(core|fs)$'] },
    },
    {
      name: 'conformance-and-cli-know-only-core',
      comment: 'The suite runs against any storage; the command line gets its storages from the program that starts it.',
      severity: 'error',
      from: { path: '^packages/(conformance|cli)/src/', pathNot: tests },
      to: { path: ours, pathNot: ['^packages/$1/', '^packages/core/', '^@syncline/core$'] },
    },
    {
      name: 'planning-does-no-io',
      comment: 'A decision depends on its arguments alone; storages, the executor and the state are the I/O.',
      severity: 'error',
      from: { path: `${core}(${planning})\\.ts$` },
      to: {
        path: `${core}(execute/|state/|storages/|(scan|walk|pages|engine|make-plan|compare-trees|explain|pause|progress-tracker|filter/ignore-files)\\.ts)`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'through-the-front-door',
      comment: 'Packages import each other by name, never a file inside another package.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^packages/([^/]+)/', pathNot: ['^$1/$2/', '^packages/[^/]+/src/index\\.ts$', '^packages/[^/]+/dist/index\\.js$', ...entries] },
    },
    {
      name: 'by-name-and-not-by-path',
      comment: 'A relative path into another package works here and nowhere else.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^(packages|examples)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle of imports of values has no order in which it can be read.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'only-declared-dependencies',
      comment: 'What is imported is in the package.json, and what is published does not need what is only for development.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: tests },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined', 'npm-dev'],
        dependencyTypesNot: ['npm-peer', 'type-only'],
        pathNot: '^packages/',
      },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^packages/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|examples)/[^/]+/(dist/|node_modules/|[^/]+\\.[a-z]+$)' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@syncline/source', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
