import { commandConfig, runCommand, UsageError } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { commandDatabase } from '@homeroom/postgres';
import { replayDeadLetters } from '../dead-letters/replay-dead-letters.ts';

const known: readonly string[] = Object.values(topics);

await runCommand(
  {
    name: 'notifications-replay-dead-letters',
    usage: `Publishes dead letters of all co-ops again, oldest first: each to the topic it came from, byte for byte.

  replay-dead-letters [--topic <topic>] [--reason <part of the reason>] [--dry-run]

  --topic    only those of this topic: ${known.join(', ')}
  --reason   only those whose reason contains this text, in any case
  --dry-run  print what would be replayed, and change nothing

Dead letters that were replayed before, or cannot be, are skipped. DATABASE_URL names the notifications database; the running
worker publishes what this command puts into the outbox.`,
    options: { topic: { type: 'string' }, reason: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async ({ values: { topic, reason, 'dry-run': dryRun } }, { database, say }) => {
    if (topic !== undefined && !known.includes(topic)) throw new UsageError(`“${topic}” is not one of the topics`);
    const { replayed, left } = await replayDeadLetters(database, { topic, reason }, { by: 'command', dryRun, say });
    say(`${dryRun ? 'would replay' : 'replayed'} ${replayed}, left ${left} that cannot be`);
  },
);
