import { runCommand } from '@homeroom/chassis';
import { commandDatabase } from '@homeroom/postgres';
import { commandConfig } from '../config.ts';
import { rebuildReadModels } from '../enrollments/rebuild-read-models.ts';

await runCommand(
  {
    name: 'enrollment-rebuild-read-models',
    usage: `Rebuilds the read models from the enrollments' events: enrollments, counters of classes, busy hours of children.
Enrolling waits while it writes.

  rebuild-read-models [--check]

--check only compares: exit code 1 when something differs from the events.
DATABASE_URL names the enrollment database.`,
    options: { check: { type: 'boolean', default: false } },
    config: commandConfig,
    // it compares all rows in one statement
    openDatabase: commandDatabase({ statementTimeoutMs: 600_000 }),
  },
  async ({ values: { check } }, { database, say }) => {
    const { enrollments, differences } = await rebuildReadModels({ db: database }, { write: !check });
    const { classes, children } = differences;
    const differed = differences.enrollments + classes + children;
    const counts = `${differences.enrollments} of enrollments, ${classes} of classes, ${children} of children`;
    say(`${enrollments} enrollments in the events; rows that ${check ? 'differ' : 'differed'}: ${counts}`);
    if (check && differed > 0) process.exitCode = 1;
  },
);
