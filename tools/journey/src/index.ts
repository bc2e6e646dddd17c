export { importReport } from './client/api.ts';
export type { Browser } from './client/browser.ts';
export { signInCoordinator } from './families/coordinator.ts';
export { runJourney, type Target } from './run-journey.ts';
export { readSeed, seedFolder, toCsv } from './families/seed.ts';
export { help as journeyHelp } from './settings.ts';
