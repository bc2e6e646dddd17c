import { globSync } from 'node:fs';
import { defineConfig, type OxlintOverride } from 'oxlint';

/** The workspaces of this repository that each may import. Services may import every lib; nothing else is allowed. */
const mayImport: Record<string, string[]> = {
  'libs/contracts': [],
  'libs/csv': ['chassis'],
  'libs/resilience': [],
  'libs/telemetry': [],
  'libs/redis': ['telemetry'],
  'libs/postgres': ['resilience', 'telemetry'],
  'libs/kafka': ['contracts', 'resilience', 'telemetry'],
  'libs/cache': ['redis', 'resilience'],
  'libs/outbox': ['contracts', 'kafka', 'postgres', 'resilience', 'telemetry'],
  'libs/chassis': ['redis', 'telemetry'],
  'libs/sessions': ['chassis', 'redis'],
  'libs/testing': ['postgres'],
  'tools/charts': [],
  'tools/e2e': [],
  'tools/images': ['testing'],
  'tools/load': [],
  'tools/stack': ['images', 'postgres', 'resilience', 'testing'],
};

const workspaces = globSync('{apps,bench,libs,services,tools}/*/package.json', { cwd: import.meta.dirname }).map(
  (file) => file.replace(/\/package\.json$/, ''),
);
const nameOf = (workspace: string): string => workspace.slice(workspace.indexOf('/') + 1);
const libs = workspaces.filter((workspace) => workspace.startsWith('libs/')).map(nameOf);

/** What a workspace may not import: by the package's name, and by a path into its files. */
function layers(workspace: string): OxlintOverride {
  const allowed = [nameOf(workspace), ...(mayImport[workspace] ?? libs)];
  const group = workspaces
    .map(nameOf)
    .filter((name) => !allowed.includes(name))
    .flatMap((name) => [`@homeroom/${name}`, `@homeroom/${name}/*`, `**/${name}/src/**`]);
  const message = `${workspace} may not import this: see mayImport in oxlint.config.ts.`;
  return {
    files: [`${workspace}/src/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
  };
}

const errors = (rules: string[]): Record<string, 'error'> => Object.fromEntries(rules.map((rule) => [rule, 'error']));

export default defineConfig({
  ignorePatterns: [
    '**/dist/',
    '**/node_modules/',
    '.homeroom/',
    '.nx/',
    'bench/results/',
    'services/*/test/client/journey.ts',
  ],
  plugins: ['typescript', 'import'],
  options: { typeAware: true, typeCheck: true, reportUnusedDisableDirectives: 'error' },
  categories: { correctness: 'error' },
  overrides: [
    {
      files: ['**/*.ts'],
      rules: {
        ...errors([
          'no-array-constructor',
          'no-case-declarations',
          'no-empty',
          'no-fallthrough',
          'no-prototype-builtins',
          'no-regex-spaces',
          'no-unexpected-multiline',
          'no-useless-constructor',
          'no-var',
          'prefer-const',
          'prefer-rest-params',
          'prefer-spread',
          'preserve-caught-error',
          'typescript/consistent-type-imports',
          'typescript/no-deprecated',
          'typescript/no-dynamic-delete',
          'typescript/no-empty-object-type',
          'typescript/no-explicit-any',
          'typescript/no-extraneous-class',
          'typescript/no-invalid-void-type',
          'typescript/no-misused-promises',
          'typescript/no-mixed-enums',
          'typescript/no-namespace',
          'typescript/no-non-null-asserted-nullish-coalescing',
          'typescript/no-non-null-assertion',
          'typescript/no-require-imports',
          'typescript/no-unnecessary-boolean-literal-compare',
          'typescript/no-unnecessary-condition',
          'typescript/no-unnecessary-template-expression',
          'typescript/no-unnecessary-type-arguments',
          'typescript/no-unnecessary-type-assertion',
          'typescript/no-unnecessary-type-constraint',
          'typescript/no-unnecessary-type-conversion',
          'typescript/no-unsafe-argument',
          'typescript/no-unsafe-assignment',
          'typescript/no-unsafe-call',
          'typescript/no-unsafe-enum-comparison',
          'typescript/no-unsafe-function-type',
          'typescript/no-unsafe-member-access',
          'typescript/no-unsafe-return',
          'typescript/only-throw-error',
          'typescript/prefer-literal-enum-member',
          'typescript/prefer-promise-reject-errors',
          'typescript/prefer-reduce-type-parameter',
          'typescript/prefer-return-this-type',
          'typescript/related-getter-setter-pairs',
          'typescript/unified-signatures',
          'typescript/use-unknown-in-catch-callback-variable',
        ]),
        'import/no-cycle': ['error', { ignoreTypes: false }],
        // strings sort well without
        'typescript/require-array-sort-compare': 'off',
        'typescript/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
        'typescript/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        'typescript/restrict-plus-operands': [
          'error',
          {
            allowAny: false,
            allowBoolean: false,
            allowNullish: false,
            allowNumberAndString: false,
            allowRegExp: false,
          },
        ],
        'typescript/restrict-template-expressions': ['error', { allowNumber: true }],
        'typescript/return-await': ['error', 'error-handling-correctness-only'],
      },
    },
    {
      // the process's environment is read in one place, and only programs print
      files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'],
      rules: {
        'no-restricted-properties': [
          'error',
          { object: 'process', property: 'env', message: 'Configuration comes from the service’s config.ts.' },
        ],
        'no-console': 'error',
      },
    },
    {
      files: ['libs/chassis/src/wiring/config.ts', 'libs/chassis/src/process/process.ts', 'libs/testing/**'],
      rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
    },
    ...workspaces.map(layers),
    {
      files: ['**/*.test.ts', 'bench/**/*.ts', 'tools/**/*.ts'],
      rules: {
        'no-console': 'off',
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
  ],
});
