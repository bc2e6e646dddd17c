// The part of `npm run lint` that oxlint and prettier do not know: layers, import circles, commit messages, the release's tag.
import { commitFaults, readCommits, releaseTag } from './commits.ts';
import { circleFaults, readImports } from './imports.ts';
import { layerFaults } from './layers.ts';
import { readReleaseFacts, releaseFaults } from './release.ts';

const imports = readImports();
const faults = [
  ...layerFaults(imports),
  ...circleFaults(imports),
  ...readCommits().flatMap(({ id, message }) => commitFaults(message).map((fault) => `commit ${id}: ${fault}`)),
  ...releaseFaults(readReleaseFacts(releaseTag())),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
