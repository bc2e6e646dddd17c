export { runJourney, type Target } from './run-journey.ts';
export { readSeed, seedFolder, toCsv } from './families/seed.ts';
export { help as journeyHelp } from './settings.ts';
