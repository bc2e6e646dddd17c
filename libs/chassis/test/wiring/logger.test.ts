import { createLogger, withRemoteParent } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';

const logged = (): { logger: ReturnType<typeof createLogger>; lines: Record<string, unknown>[] } => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { logger: createLogger({ service: 'things', role: 'worker', format: 'json', stream }), lines };
};

describe('the logger', () => {
  test('writes JSON that says which process and, inside of a piece of work, which trace', async () => {
    const { logger, lines } = logged();
    logger.info('outside');
    const traceId = 'a'.repeat(32);
    await withRemoteParent(`00-${traceId}-${'b'.repeat(16)}-01`, 'work', {}, async () => {
      await Promise.resolve();
      logger.info('inside');
    });
    expect(lines[0]).toMatchObject({ service: 'things', role: 'worker', level: 'info', msg: 'outside' });
    expect(lines[0]).not.toHaveProperty('trace_id');
    expect(lines[1]).toMatchObject({ msg: 'inside', trace_id: traceId });
  });

  test('does not write what people typed in', () => {
    const { logger, lines } = logged();
    logger.info({ email: 'ada@example.org', guardian: { email: 'ada@example.org', password: 'hunter2' } });
    expect(JSON.stringify(lines)).not.toMatch(/ada|hunter2/);
  });

  test('does not write the row that Postgres puts into an error', () => {
    const { logger, lines } = logged();
    const error = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(ada@example.org)' });
    logger.error({ err: new Error('registering failed', { cause: error }) });
    expect(JSON.stringify(lines)).not.toContain('ada@example.org');
    expect(lines[0]).toMatchObject({ err: { message: 'registering failed', cause: { code: '23505' } } });
  });
});
