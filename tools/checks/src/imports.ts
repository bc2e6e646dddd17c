import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout, files, read } from './repository.ts';

export interface Import {
  from: string;
  to: string;
}

/** What `import … from`, `export … from`, and `import()` name. */
const specifiers = /^(?:import|export)\s(?:[\w\s*{},]+\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

/** Every import of one source file by another, by their paths from the root; packages resolve to their `index.ts`. */
export function readImports(): Import[] {
  return files
    .filter((file) => /^(libs|services|tools|apps|bench)\/.*\.ts$/.test(file))
    .flatMap((from) =>
      [...read(from).matchAll(specifiers)]
        .map(([, statement, call]) => resolveImport(from, statement ?? call ?? ''))
        .filter((to) => to !== undefined)
        .map((to) => ({ from, to })),
    );
}

function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const name = /^@homeroom\/([\w-]+)/.exec(specifier)?.[1];
  if (name === undefined) return undefined;
  const folder = ['libs', 'services', 'tools', 'apps'].find((parent) => existsSync(join(checkout, parent, name)));
  return folder === undefined ? undefined : join(folder, name, 'src/index.ts');
}

/** Groups of files, or of folders with the same parent, that import one another directly or through others. */
export function circleFaults(imports: readonly Import[]): string[] {
  // tests of a lib may use libs of higher layers
  const sources = imports.filter(({ from }) => !from.includes('/test/'));
  const found = [...circles(imports), ...circles(sources.flatMap(betweenSiblings))];
  return found.map((group) => `Import circle: ${group.join(', ')}`);
}

/** The import as one between two folders of the same parent; none if either file is in that parent itself. */
function betweenSiblings({ from, to }: Import): Import[] {
  const [left, right] = [from.split('/'), to.split('/')];
  const depth = left.findIndex((part, index) => part !== right[index]) + 1;
  if (depth === 0 || depth >= left.length || depth >= right.length) return [];
  return [{ from: left.slice(0, depth).join('/'), to: right.slice(0, depth).join('/') }];
}

/** Tarjan's strongly connected components with more than one member. */
function circles(imports: readonly Import[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) if (from !== to) next.set(from, (next.get(from) ?? new Set()).add(to));
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const index = order.size;
    let low = index;
    order.set(node, index);
    open.push(node);
    for (const other of next.get(node) ?? []) {
      if (!order.has(other)) low = Math.min(low, visit(other));
      else if (open.includes(other)) low = Math.min(low, order.get(other) ?? low);
    }
    if (low === index) {
      const members = open.splice(open.indexOf(node)).sort();
      if (members.length > 1) found.push(members);
    }
    return low;
  };
  for (const node of next.keys()) if (!order.has(node)) visit(node);
  return found.sort();
}
