import {
  cursorParameter,
  id,
  idempotencyHeaders,
  ifMatchHeaders,
  limitParameter,
  pageOf,
  text,
  timeZone,
} from '@homeroom/chassis';
import { coopStatuses } from '@homeroom/contracts';
import { hostName, type Coop } from '@homeroom/coops';
import type { FastifySchema } from 'fastify';
import { domainToASCII } from 'node:url';
import { z } from 'zod';

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
const maxHosts = 20;
const maxQuotas = 20;

export const slug = z
  .string()
  .max(40)
  .regex(
    /^[a-z\d]+(-[a-z\d]+)*$/,
    'must be lower-case letters and digits with single hyphens between, such as willow-creek',
  );

export const coopName = text(100).refine((name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name), 'must be one line');

export const currency = z
  .string()
  .max(3)
  .refine((code) => currencies.has(code), 'must be an ISO 4217 code in capitals, such as USD');

export const locale = z.string().max(35).refine(isCanonicalLocale, 'must be a BCP 47 language tag, such as en-US');

function isCanonicalLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag)[0] === tag;
  } catch {
    return false;
  }
}

/** Names with letters beyond ASCII are taken, and stored as browsers send them. */
const host = z
  .string()
  .max(253)
  .overwrite((given) => hostName(domainToASCII(given.trim())) ?? given)
  .refine((name) => hostName(name) === name, 'must be a host name without a port, such as willow-creek.example.org');

const hosts = z
  .array(host)
  .max(maxHosts)
  .refine((names) => new Set(names).size === names.length, 'must not name a host twice');

const quotas = z
  .record(
    z.string().regex(/^[a-z][A-Za-z]{0,39}$/, 'must be named in letters, such as families'),
    z.int().min(0).max(1_000_000_000),
  )
  .refine((given) => Object.keys(given).length <= maxQuotas, `must be at most ${maxQuotas}`);

export const newCoop = z.strictObject({
  slug,
  name: coopName,
  hosts: hosts.default([]),
  timeZone,
  currency,
  locale,
  quotas: quotas.default({}),
});
export type NewCoop = Readonly<z.infer<typeof newCoop>>;

export const coopPatch = z
  .strictObject({ name: coopName, hosts, timeZone, currency, locale, quotas })
  .partial()
  .describe('Each field that is given replaces the co-op’s. The currency is fixed when a co-op is opened');
export type CoopPatch = Readonly<z.infer<typeof coopPatch>>;

const coop = z
  .object({
    id,
    version: z.int().nonnegative(),
    slug: z.string(),
    name: z.string(),
    hosts: z.array(z.string()),
    timeZone: z.string(),
    currency: z.string(),
    locale: z.string(),
    status: z.enum(coopStatuses),
    quotas: z.record(z.string(), z.int()),
  })
  .meta({ id: 'Coop' });

/** A co-op as operators see it. */
export const present = ({ coopId, ...rest }: Coop): z.infer<typeof coop> => ({ id: coopId, ...rest });

const ownCoop = z
  .object({ slug: z.string(), name: z.string(), timeZone: z.string(), currency: z.string(), locale: z.string() })
  .meta({ id: 'OwnCoop' });

/** A co-op as everyone sees it. */
export const presentOwn = ({ slug, name, timeZone, currency, locale }: Coop): z.infer<typeof ownCoop> => ({
  ...{ slug, name, timeZone, currency, locale },
});

export const coopsCursor = z.strictObject({ coopsAfter: z.string() });

const tags = ['co-ops'];
const params = z.strictObject({ slug });
const operators = ['unauthenticated', 'forbidden_role'] as const;

export const ownOperation = {
  tags,
  summary: 'The co-op of this address',
  response: { 200: ownCoop },
} satisfies FastifySchema;

export const listOperation = {
  tags,
  summary: 'List the co-ops of the installation (operators)',
  querystring: z.strictObject({ limit: limitParameter, cursor: cursorParameter }),
  response: { 200: pageOf(coop).meta({ id: 'CoopPage' }) },
  problems: [...operators],
} satisfies FastifySchema;

export const openOperation = {
  tags,
  summary: 'Open a co-op (operators)',
  headers: idempotencyHeaders,
  body: newCoop,
  response: { 201: coop },
  sends: ['etag', 'location'],
  problems: [...operators, 'coops_limit', 'slug_taken', 'host_taken'],
} satisfies FastifySchema;

export const readOperation = {
  tags,
  summary: 'Read a co-op (operators)',
  params,
  response: { 200: coop },
  problems: [...operators, 'coop_not_found'],
} satisfies FastifySchema;

export const configureOperation = {
  tags,
  summary: 'Configure a co-op (operators)',
  params,
  headers: ifMatchHeaders,
  body: coopPatch,
  response: { 200: coop },
  sends: ['etag'],
  problems: [...operators, 'coop_not_found', 'host_taken', 'currency_fixed'],
} satisfies FastifySchema;

const switching = (summary: string) =>
  ({
    tags,
    summary,
    params,
    body: z.strictObject({}).nullish(),
    response: { 200: coop },
    sends: ['etag'],
    problems: [...operators, 'coop_not_found', 'coop_closed'],
  }) satisfies FastifySchema;

export const suspendOperation = switching('Suspend a co-op: it answers 403 until it is resumed (operators)');
export const resumeOperation = switching('Resume a suspended co-op (operators)');
