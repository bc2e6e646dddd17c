import { databaseConfig, kafkaConfig, processConfig, secret, url, wholeNumber } from '@homeroom/chassis';
import { z } from 'zod';

export const migrations = new URL('../migrations/', import.meta.url);

/** An address. A name before it, as in `Willow Creek <hello@willow.example>`, is not used: each co-op's mails have its own. */
const sender = z.string().transform((text, context) => {
  const { address = text } = /^[^<>]*<(?<address>[^<>]+)>$/.exec(text)?.groups ?? {};
  if (z.email().safeParse(address.trim()).success) return address.trim();
  context.issues.push({ code: 'custom', input: text, message: 'must be an address, or a name and <an address>' });
  return z.NEVER;
});

const serviceConfig = processConfig.extend({
  ...databaseConfig,
  /** Where workers publish and API processes listen. */
  REDIS_CACHE_URL: url(/^rediss?$/),
  /** Put before topics, groups, and the channel, so that several checkouts can share engines. */
  TOPIC_PREFIX: kafkaConfig.TOPIC_PREFIX,
});

export const apiConfig = serviceConfig.extend({
  REDIS_SESSIONS_URL: url(/^rediss?$/),
  CURSOR_SECRET: secret,
  MAX_STREAMS: wholeNumber(1).default(500),
  MAX_STREAMS_PER_ACCOUNT: wholeNumber(1).default(5),
  STREAM_HEARTBEAT_MS: wholeNumber(10).default(15_000),
  /** A stream ends after this and its client reconnects with its cookie. */
  STREAM_MAX_AGE_MS: wholeNumber(100).default(300_000),
});

export const workerConfig = serviceConfig
  .extend({
    ...kafkaConfig,
    SMTP_URL: url(/^smtps?$/),
    SMTP_TIMEOUT_MS: wholeNumber(100).default(5_000),
    /** Mails in progress at once. */
    SMTP_CONNECTIONS: wholeNumber(1).default(5),
    /** How long the breaker stays open before one mail probes the server. */
    SMTP_BREAKER_OPEN_MS: wholeNumber(10).default(5_000),
    MAIL_FROM: sender,
    /** From which this service and families derive the tokens of links in mails. */
    ACCOUNT_TOKEN_SECRET: secret,
    /** Mails that have waited this long for their address to be verified are suppressed. */
    MAIL_HOLD_DAYS: wholeNumber(1).default(7),
    MAIL_RETRY_BASE_MS: wholeNumber(1).default(1_000),
    MAIL_RETRY_MAX_MS: wholeNumber(1).default(60_000),
    /** How long a worker holds a mail that it has claimed. */
    MAIL_LEASE_MS: wholeNumber(1_000).default(60_000),
  })
  .refine((config) => config.MAIL_LEASE_MS > 2 * config.SMTP_TIMEOUT_MS, {
    path: ['MAIL_LEASE_MS'],
    message: 'must be more than twice SMTP_TIMEOUT_MS: a mail whose lease ends while it is sent is sent twice',
  });
export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;
