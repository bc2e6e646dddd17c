import type { Import } from './imports.ts';

const foundation = ['libs/contracts', 'libs/resilience', 'libs/telemetry'];
const engines = [...foundation, 'libs/chassis', 'libs/redis', 'libs/kafka', 'libs/postgres'];
const forServices = [...engines, 'libs/cache', 'libs/coops', 'libs/csv', 'libs/outbox', 'libs/sessions'];
const libs = [...forServices, 'libs/testing'];

/** What the sources of each package may import besides themselves. A folder stands for what is below it. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(foundation.map((lib) => [lib, []])),
  'libs/chassis': [...foundation, 'libs/redis'],
  'libs/redis': foundation,
  'libs/kafka': foundation,
  'libs/postgres': foundation,
  'libs/cache': engines,
  'libs/coops': [...engines, 'libs/outbox'],
  'libs/csv': engines,
  'libs/outbox': engines,
  'libs/sessions': engines,
  'libs/testing': [...engines, 'libs/sessions'],
  services: forServices,
  'apps/sandbox': ['libs/resilience'],
  'tools/charts': [],
  'tools/checks': [],
  'tools/terminal': [],
  'tools/journey': ['tools/terminal'],
  'tools/load': ['tools/terminal'],
  'tools/images': ['libs/testing', 'tools/terminal'],
  'tools/stack': ['libs', 'apps', 'tools/images', 'tools/journey', 'tools/terminal'],
  'tools/e2e': ['libs', 'tools'],
  bench: ['libs', 'services', 'tools/terminal'],
};

/** Imports from a package that the importing package's layer does not allow. Tests may also import every lib. */
export function layerFaults(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const [own, other] = [packageOf(from), packageOf(to)];
    if (own === other) return [];
    const allowed = layers[own] ?? layers[own.split('/')[0] ?? ''];
    if (allowed === undefined) return [`${own} has no layer`];
    const all = [...allowed, ...(from.includes('/test/') ? libs : [])];
    return all.some((name) => other === name || other.startsWith(`${name}/`)) ? [] : [`${from} imports ${to}`];
  });
}

const packageOf = (file: string): string => file.split('/', file.startsWith('bench/') ? 1 : 2).join('/');
