import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export type Settings = NonNullable<ReturnType<typeof readSettings>>;

/** A wrong or missing setting. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export const help = `A whole co-op, over HTTP and through the gateway: registers every family, enrolls the children by their wishes, takes the
payment provider down and up, and checks from the outside that nothing was oversold, lost or doubled.

  npm run journey [-- options]

It uses the stack that \`npm start\` runs. Without one, and with --private, it starts its own on free ports.

  --private          a stack of its own even when one runs
  --families <n>     only the first n families, with classes that much smaller
  --clients <n>      how many families are active at once, 32
  --patience <s>     seconds to wait for each thing that must come to rest, 120
  --gateway <url>    HOMEROOM_GATEWAY_URL
  --mail <url>       HOMEROOM_MAIL_URL, the mail catcher's page
  --payments <url>   HOMEROOM_PAYMENTS_URL, the payment sandbox
                     HOMEROOM_COORDINATOR_EMAIL and HOMEROOM_COORDINATOR_PASSWORD
                     each from the stack unless given

It can run any number of times on the same stack: each run has its own addresses and classes.`;

/** @returns undefined when help is asked for. @throws {SettingsError} */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv) {
  const values = parse(args);
  if (values.help === true) return undefined;
  const needed = (what: string, ...given: (string | undefined)[]): string => {
    const found = given.find((text) => text !== undefined && text !== '');
    if (found === undefined)
      throw new SettingsError(`${what} is not known: start the stack with npm start, or give it (--help).`);
    return found;
  };
  const gateway = needed('The gateway', values.gateway, env['HOMEROOM_GATEWAY_URL']);
  if (!URL.canParse(gateway)) throw new SettingsError(`--gateway ${gateway} is not a URL`);
  return {
    gateway: new URL(gateway),
    mail: needed('The mail catcher', values.mail, env['HOMEROOM_MAIL_URL']),
    payments: needed('The payment sandbox', values.payments, env['HOMEROOM_PAYMENTS_URL']),
    coordinator: {
      email: needed('A coordinator’s email', env['HOMEROOM_COORDINATOR_EMAIL']),
      password: needed('A coordinator’s password', env['HOMEROOM_COORDINATOR_PASSWORD']),
    },
    /** The number of families; by default all of the seed. */
    families: whole('--families', values.families) ?? Number.POSITIVE_INFINITY,
    /** How many families are active at once. */
    clients: whole('--clients', values.clients) ?? 32,
    /** How long each thing may take to come to rest. */
    quietMs: (whole('--patience', values.patience) ?? 120) * 1000,
    /** The run's name, part of its addresses and titles. */
    run: nameRun(),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { gateway: text, mail: text, payments: text, families: text, clients: text, patience: text } as const;
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    throw new SettingsError((error as Error).message);
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new SettingsError(`${name} ${text}: give a whole number from 1 on`);
  return Number(text);
}

/** Seven consonants: one word for a full-text search, in no dictionary and with no stem. */
function nameRun(): string {
  const letters = 'bcdfghjklmnpqrtvwxz';
  return Array.from({ length: 7 }, () => letters[randomInt(letters.length)]).join('');
}
