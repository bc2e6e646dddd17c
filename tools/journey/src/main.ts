import { openProgress, table } from '@homeroom/terminal';
import { PaymentBooks } from './client/outside.ts';
import { play } from './journey.ts';
import { help, readSettings, SettingsError, type Settings } from './settings.ts';
import { promises } from './verify/verify.ts';

const shown = 10;

async function main(settings: Settings): Promise<number> {
  const startedAt = performance.now();
  console.log(`The journey ${settings.run}: ${settings.gateway.origin}, ${settings.clients} clients at once`);
  const { evidence, counts, seconds, troubles } = await play(settings, openProgress());
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`\n${table(counts)}\n\n${table([...seconds, ['total', `${took} s`]])}\n`);

  const findings = [
    { promise: 'nothing unexpected on the way', differences: [...troubles] },
    ...promises.map(({ promise, verify }) => ({ promise, differences: verify(evidence) })),
  ];
  for (const { promise, differences } of findings) {
    console.log(differences.length === 0 ? `  ✓ ${promise}` : `  ✗ ${promise}: ${differences.length} differences`);
    for (const difference of differences.slice(0, shown)) console.log(`      ${difference}`);
    if (differences.length > shown) console.log(`      … and ${differences.length - shown} more`);
  }
  return findings.some(({ differences }) => differences.length > 0) ? 1 : 0;
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === undefined) {
    console.log(help);
    process.exit(0);
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // an interrupted journey must not leave the payment provider down
    process.once(signal, () => void new PaymentBooks(settings.payments).fault().finally(() => process.exit(130)));
  }
  process.exit(await main(settings));
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
