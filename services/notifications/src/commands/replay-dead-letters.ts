import { ConfigError, loadConfig } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { openDatabase, type Database } from '@homeroom/postgres';
import { parseArgs } from 'node:util';
import { commandConfig } from '../config.ts';
import { replayDeadLetters } from '../dead-letters/replay-dead-letters.ts';

const usage = `Sends dead letters on their way again, oldest first: each goes to the topic it came from, byte for byte.

  replay-dead-letters [--topic <topic>] [--reason <part of the reason>] [--dry-run]

  --topic    only those of this topic: ${Object.values(topics).join(', ')}
  --reason   only those whose reason contains this text, in any case
  --dry-run  tell what would be replayed and change nothing

Those that were replayed before, or never can be, are left alone. DATABASE_URL names the notifications database; the running
worker publishes what this command puts into the outbox.`;

/** What was typed makes no sense. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

function readArguments(): { help: boolean; topic: string | undefined; reason: string | undefined; dryRun: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        topic: { type: 'string' },
        reason: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
      },
    });
    const { help, topic, reason, 'dry-run': dryRun } = values;
    if (topic !== undefined && !(Object.values(topics) as string[]).includes(topic)) {
      throw new Error(`“${topic}” is not one of the topics`);
    }
    return { help, topic, reason, dryRun };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

let database: Database | undefined;
try {
  const { help, dryRun, ...filter } = readArguments();
  if (help) {
    process.stdout.write(`${usage}\n`);
  } else {
    database = openDatabase({
      primaryUrl: loadConfig(commandConfig).DATABASE_URL,
      replicaUrls: [],
      poolSize: 2,
      replicaPoolSize: 1,
      applicationName: 'replay-dead-letters',
    });
    const say = (line: string): boolean => process.stdout.write(`${line}\n`);
    const { replayed, left } = await replayDeadLetters(database, filter, { by: 'command', dryRun, say });
    say(`${dryRun ? 'would replay' : 'replayed'} ${replayed}, left ${left} that cannot be`);
  }
} catch (error) {
  process.exitCode = error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
} finally {
  await database?.close();
}
