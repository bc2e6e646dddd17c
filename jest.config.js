// Runs on Node 24, where Jest can require() the packages that ship ES modules only.
export default {
  testSequencer: '<rootDir>/jest.sequencer.js',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{apps,libs,services,tools}/*/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '/.homeroom/', '/.nx/'],
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@homeroom/source', 'node', 'node-addons'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  transformIgnorePatterns: ['/node_modules/'],
  testTimeout: 30_000,
};
