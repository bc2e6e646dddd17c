export type { Browser } from './client/browser.ts';
export { importCsv } from './client/import-csv.ts';
export { signInCoordinator } from './families/coordinator.ts';
export { runJourney, type Target } from './run-journey.ts';
export { readSeed, seedFolder, toCsv } from './families/seed.ts';
export { help as journeyHelp } from './settings.ts';
