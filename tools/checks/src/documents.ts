import { dirname, join, matchesGlob } from 'node:path';
import { files, read, readAll } from './repository.ts';

/** What documents may name. */
export interface Repository {
  files: readonly string[];
  read: (file: string) => string;
  /** Scripts of the root package.json. */
  scripts: readonly string[];
  /** Programs that `npx` finds. */
  programs: readonly string[];
  /** Profiles of skaffold.yaml. */
  profiles: readonly string[];
  /** All code that reads flags, writes files, or serves routes. */
  sources: string;
}

export function openRepository(): Repository {
  const root = JSON.parse(read('package.json')) as Record<'scripts' | 'devDependencies', Record<string, string>>;
  return {
    files,
    read,
    scripts: [...Object.keys(root.scripts), 'ci', 'install'],
    programs: Object.keys(root.devDependencies),
    profiles: [...read('skaffold.yaml').matchAll(/^ {2}- name: (\S+)/gm)].map(([, name = '']) => name),
    sources: readAll(/^(libs|services|tools|apps|bench)\/(?!.*\/test\/).*\.(ts|mjs)$/),
  };
}

/** Names in a document that lead nowhere: links, headings, paths, scripts, flags, profiles, routes. */
export function documentFaults(file: string, text: string, repository: Repository): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '');
  const quoted = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const commands = [...commandLines(text), ...quoted];
  return [
    ...links(prose).filter((target) => !leadsSomewhere(target, file, repository)),
    ...quoted.filter((code) => isPath(code, file, repository) && !exists(code, file, repository)),
    ...commands.flatMap((command) => commandFaults(command, file, repository)),
  ].filter((fault, index, all) => all.indexOf(fault) === index);
}

/** `[text](target)` without those that lead out of the repository. */
function links(prose: string): string[] {
  return [...prose.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(target: string, file: string, { files, read }: Repository): boolean {
  const [path = '', heading] = target.split('#');
  const page = path === '' ? file : join(dirname(file), path).replace(/\/$/, '');
  const found = files.includes(page) || files.some((other) => other.startsWith(`${page}/`));
  return found && (heading === undefined || headings(read(page)).includes(heading));
}

/** The anchors that GitHub gives to headings. */
const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Lines of fenced blocks that hold shell commands, and of indented ones. */
function commandLines(text: string): string[] {
  const fenced = [...text.matchAll(/^ *```(?:sh|bash|console)?\n([\s\S]*?)```/gm)].map(([, block = '']) => block);
  const indented = text.replace(/```[\s\S]*?```/g, '').match(/^ {4,}\S.*$/gm) ?? [];
  return [...fenced.flatMap((block) => block.split('\n')), ...indented].map((line) => line.trim());
}

const extension = /\.(ts|mjs|md|json|ya?ml|sql|csv|cfg|tpl)$/;
const generated = /^\.|(^|\/)(dist|node_modules)(\/|$)/;

/** Whether quoted code is meant as a path of this repository. */
function isPath(code: string, file: string, { files }: Repository): boolean {
  if (!/^[\w.@*<>-]+(\/[\w.@*<>-]*)*$/.test(code) || generated.test(code)) return false;
  if (extension.test(code) && !code.includes('<')) return true;
  const [first = ''] = code.split('/');
  return code.includes('/') && [first, join(dirname(file), first)].some((folder) => files.some(isBelow(folder)));
}

const isBelow =
  (folder: string) =>
  (file: string): boolean =>
    file.startsWith(`${folder}/`);

/** From the root, from the document's folder, or the end of any path; a bare name may also be a file that code writes. */
function exists(code: string, file: string, { files, sources }: Repository): boolean {
  const pattern = code.replace(/\/$/, '').replaceAll(/<[^<>]*>/g, '*');
  const [first = ''] = pattern.split('/');
  const places = [pattern, join(dirname(file), pattern), ...(files.some(isBelow(first)) ? [] : [`**/${pattern}`])];
  const globs = places.flatMap((place) => [place, `${place}/**`]);
  if (files.some((other) => globs.some((glob) => matchesGlob(other, glob)))) return true;
  return !code.includes('/') && sources.includes(code);
}

/** The names in one command that do not exist, each behind the command. */
function commandFaults(line: string, file: string, repository: Repository): string[] {
  const [command = ''] = line
    .replace(/^\$ /, '')
    .replace(/^([A-Z_]+=\S* )+/, '')
    .split(/ {2,}| #/);
  const [program = '', ...args] = command.split(' ');
  const check = checks[program.startsWith('k8s/demos/') ? 'k8s/demos/' : program];
  if (check === undefined || args.length === 0) return [];
  const paths = [program, ...args].filter((word) => word.includes('/') && isPath(word, file, repository));
  return [...paths.filter((path) => !exists(path, file, repository)), ...check(args, repository, program)].map(
    (name) => `${command}: ${name}`,
  );
}

/** What of a command must exist besides its paths. */
const checks: Record<string, (args: string[], repository: Repository, program: string) => string[]> = {
  npm: npmFaults,
  npx: ([program = ''], { programs }) => without([...programs, 'node'], [program]),
  skaffold: (args, { profiles }) => without(profiles, args.includes('-p') ? args.slice(args.indexOf('-p') + 1) : []),
  curl: (args, { sources }) =>
    args.flatMap((word) => /\/api\/[a-z-]+/.exec(word) ?? []).filter((route) => !sources.includes(`'${route}`)),
  'k8s/demos/': (args, { files, read }, demo) =>
    files.includes(demo) ? args.filter((word) => !read(demo).includes(word)) : [],
  node: () => [],
  helm: () => [],
  kubectl: () => [],
  promtool: () => [],
};

function npmFaults(args: string[], { scripts, files, sources }: Repository): string[] {
  const [script = ''] = args[0] === 'run' ? args.slice(1) : args;
  const own = args.includes('--') ? args.slice(args.indexOf('--') + 1) : [];
  const flags = own.filter((word) => word.startsWith('--') && !sources.includes(word));
  const isChoice = (word: string): boolean => new RegExp(`['\\s]${word}['(:]`).test(sources);
  const chosen = own.filter((_word, index) => /^--(act|balance|suite)$/.test(own[index - 1] ?? ''));
  const services = script === 'dev' ? own.filter((word) => !files.includes(`services/${word}/package.json`)) : [];
  return [...without(scripts, [script]), ...flags, ...chosen.filter((word) => !isChoice(word)), ...services];
}

const without = (known: readonly string[], names: readonly string[]): string[] =>
  names.filter((name) => !known.includes(name) && !name.startsWith('<'));
