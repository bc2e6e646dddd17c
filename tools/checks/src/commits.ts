import { execFileSync } from 'node:child_process';
import { checkout } from './repository.ts';

const maxLength = 72;
const past = /^(?!(need|embed|feed|seed|shed|speed|exceed|proceed|succeed)\b)[a-z]+ed\b/;
const progressive = /^(?!(bring|ring|string|ping)\b)[a-z]+ing\b/;
const third =
  /^(?!(alias|bias|focus|bypass|process|address|pass|access|compress|express|discuss|guess|miss|cross|dismiss)\b)[a-z]+s\b/;

/** What is wrong with a commit message: its scope, mood, and length, and how its body is wrapped. */
export function commitFaults(message: string): string[] {
  const [subject = '', gap = '', ...body] = message.trimEnd().split('\n');
  const sentence = /^[a-z0-9][\w./, -]*: (.+)$/.exec(subject)?.[1] ?? '';
  return [
    ...(sentence === '' ? ['the subject is not “scope: sentence”'] : []),
    ...(subject.length > maxLength ? [`the subject has ${subject.length} characters, ${maxLength} are allowed`] : []),
    ...(subject.endsWith('.') ? ['the subject ends with a period'] : []),
    ...([past, progressive, third].some((mood) => mood.test(sentence)) ? ['the subject is not in the imperative'] : []),
    ...(gap === '' ? [] : ['no empty line follows the subject']),
    ...(body.some((line) => line.length > maxLength && /\S\s+\S/.test(line.trim()))
      ? [`the body is not wrapped at ${maxLength}`]
      : []),
  ];
}

/** Commits since the newest release: since its tag or, where tags are missing, since its heading in the changelog. */
export function readCommits(): { id: string; message: string }[] {
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*')?.trim();
  const newest = tag ?? git('log', '--max-count=1', '--format=%H', '-G^## [0-9]', '--', 'CHANGELOG.md')?.trim() ?? '';
  const log = git('log', '--no-merges', '--format=%h%n%B%x00', `${newest || 'HEAD'}..HEAD`) ?? '';
  return log
    .split('\0')
    .map((entry) => entry.trim().split('\n'))
    .filter(([id]) => id !== '')
    .map(([id = '', ...lines]) => ({ id, message: lines.join('\n') }));
}

export const releaseTag = (): string | undefined =>
  git('tag', '--points-at', 'HEAD', '--list', 'v[0-9]*')
    ?.trim()
    .split('\n')
    .find((tag) => tag !== '');

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
