import js from '@eslint/js';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import tseslint from 'typescript-eslint';

const services = globSync('services/*/package.json', { cwd: import.meta.dirname }).map((file) =>
  basename(file.slice(0, -'/package.json'.length)),
);
const serviceImports = services.flatMap((name) => [
  `@homeroom/${name}`,
  `@homeroom/${name}/*`,
  `**/services/${name}/**`,
]);

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '.homeroom/',
      '.nx/',
      'bench/results/',
      'services/*/test/client/journey.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      // one program for all: a project service keeps one for each package, which together need more than 4 GB
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // the process's environment is read in one place, and signals live in one place
    files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'],
    ignores: ['libs/chassis/src/wiring/config.ts', 'libs/chassis/src/process/process.ts', 'libs/testing/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Configuration comes from the service’s config.ts.' },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: serviceImports, message: 'Libs and apps import no service.' }] }],
    },
  },
  ...services.map((name) => ({
    files: [`services/${name}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: serviceImports.filter((i) => !i.includes(`/${name}`)),
              message: 'A service uses libs, never another service: they talk by events.',
            },
          ],
        },
      ],
    },
  })),
  {
    files: ['**/*.test.ts', 'bench/**/*.ts', 'tools/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
