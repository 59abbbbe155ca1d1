import tseslint from 'typescript-eslint'

const unbounded = 'Promise.all over a mapped list has no bound: use a limiter. A fixed, written-out list of promises is fine.'

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '**/coverage/', '.cache/', '.turbo/', '**/.reports/'] },
  {
    files: ['{packages,examples}/*/{src,test}/**/*.ts', 'tools/{golden,services}/{src,test,scenarios}/**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.test.json',
          'examples/*/tsconfig.json',
          'examples/*/tsconfig.test.json',
          'tools/golden/tsconfig.json',
          'tools/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-constant-binary-expression': 'error',
      'no-control-regex': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='Promise'][callee.property.name=/^(all|allSettled|race|any)$/] > CallExpression.arguments[callee.property.name=/^(map|flatMap)$/]",
          message: unbounded,
        },
        { selector: 'TSEnumDeclaration', message: 'Use a constant object and a union of its values.' },
      ],
    },
  },
  {
    // The pipeline between scan and execute is pure: time and randomness come in as arguments.
    files: ['packages/core/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'require', '__dirname', '__filename'],
    },
  },
  {
    // Tests may run their few cases at once, and print what they counted.
    files: ['**/*.test.ts', '**/*.test-d.ts', '{packages,examples}/*/test/**/*.ts', 'tools/*/test/**/*.ts'],
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
)
