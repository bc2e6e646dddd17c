import { rebuildReadModels } from '../enrollments/rebuild-read-models.ts';
import { runCommand, UsageError } from './command.ts';

await runCommand(
  {
    usage: `Rebuilds from the enrolments' events what is derived from them: enrolments, counters of classes, busy hours of
children. Nobody can enrol while it writes.

  rebuild-read-models [--check]

--check only compares: exit code 1 when something differs from what the events say.
DATABASE_URL names the enrollment database.`,
    flags: ['check'],
  },
  async ({ flags, positionals }, { database }) => {
    if (positionals.length > 0) throw new UsageError(`“${positionals.join(' ')}” is not understood`);
    const check = flags['check'] === true;
    const { enrollments, differences } = await rebuildReadModels(database, { write: !check });
    const { classes, children } = differences;
    const differed = differences.enrollments + classes + children;
    const counts = `${differences.enrollments} of enrolments, ${classes} of classes, ${children} of children`;
    const text = `${enrollments} enrolments in the events; rows that ${check ? 'differ' : 'differed'}: ${counts}`;
    return { text, ok: !check || differed === 0 };
  },
);
