import { commandConfig, isRefused, parse, refused, runCommand, UsageError } from '@homeroom/chassis';
import type { Coop } from '@homeroom/coops';
import { commandDatabase, type Database } from '@homeroom/postgres';
import type { z } from 'zod';
import { changeCoop, type CoopChange } from '../coops/change-coop.ts';
import { configured, resumed, suspended } from '../coops/coop.ts';
import { coopPatch, present } from '../coops/schemas.ts';
import { findCoop, listCoops } from '../coops/store.ts';
import { errors } from '../errors.ts';

const usage = `Lists, shows, and changes the co-ops of the installation. Every process knows a change within a second.

  coops list
  coops show <slug>
  coops configure <slug> [--name <name>] [--hosts <host,host>] [--time-zone <zone>] [--locale <tag>] [--quotas <json>]
  coops suspend <slug>     its API answers 403 until it is resumed
  coops resume <slug>

--hosts and --quotas replace all of them; --hosts '' removes the hosts. --time-zone is an IANA name such as America/Chicago,
--locale a BCP 47 tag such as en-US, --quotas an object such as '{"families":400}'.
DATABASE_URL names the families database.`;

const options = {
  name: { type: 'string' },
  hosts: { type: 'string' },
  'time-zone': { type: 'string' },
  locale: { type: 'string' },
  quotas: { type: 'string' },
} as const;

type Values = { readonly [Option in keyof typeof options]?: string | undefined };

function patchOf({ name, hosts, 'time-zone': timeZone, locale, quotas }: Values): z.infer<typeof coopPatch> {
  const given = {
    ...{ name, timeZone, locale },
    hosts: hosts?.split(',').filter((host) => host !== ''),
    quotas: quotas === undefined ? undefined : parseJson(quotas),
  };
  const patch = parse(coopPatch, given);
  if (!patch.success) throw new UsageError(patch.issues.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  if (Object.values(patch.data).every((value) => value === undefined)) throw new UsageError('Nothing to configure.');
  return patch.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError('--quotas is not JSON', { cause: error });
  }
}

const changes: Readonly<Record<string, (values: Values) => Pick<CoopChange, 'verb' | 'decide'>>> = {
  configure: (values) => {
    const patch = patchOf(values);
    return { verb: 'configured', decide: (coop) => configured(coop, patch) };
  },
  suspend: () => ({ verb: 'suspended', decide: suspended }),
  resume: () => ({ verb: 'resumed', decide: resumed }),
};

/** Every page: an installation may have thousands. */
async function sayAll(database: Database, say: (line: string) => void): Promise<void> {
  const limit = 500;
  for (let after: string | undefined = ''; after !== undefined;) {
    const coops: Coop[] = await listCoops(database, { after, limit });
    for (const { slug, status, name, hosts } of coops) say([slug, status, name, hosts.join(',')].join('\t'));
    after = coops.length < limit ? undefined : coops.at(-1)?.slug;
  }
}

await runCommand(
  {
    name: 'families-coops',
    usage,
    options,
    allowPositionals: true,
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async ({ values, positionals }, { database, say }) => {
    const [verb = '', slug, ...rest] = positionals;
    if (verb === 'list' && slug === undefined) return sayAll(database, say);
    const change = Object.hasOwn(changes, verb) ? changes[verb] : undefined;
    if ((verb !== 'show' && change === undefined) || slug === undefined || rest.length > 0)
      throw new UsageError('Say what to do, and for which co-op.');
    const outcome =
      change === undefined
        ? ((await findCoop(database, slug)) ?? refused('coop_not_found'))
        : await changeCoop({ database }, { slug, ...change(values) });
    if (isRefused(outcome)) throw new Error(`${slug}: ${errors.problem(outcome.code, outcome.detail).message}.`);
    say(JSON.stringify(present(outcome), undefined, 2));
  },
);
