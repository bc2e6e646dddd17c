import { withRemoteParent } from '@homeroom/chassis';
import { currentTraceparent } from '@homeroom/telemetry';
import { waitFor, type Program } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startChild } from '../child.ts';

interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: { key: string; value: Record<string, unknown> }[];
}

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('a traceparent', () => {
  test('is absent outside of any work', () => {
    expect(currentTraceparent()).toBeUndefined();
  });

  test('continues through asynchronous work, with a span of its own', async () => {
    const inside = await withRemoteParent(traceparent, 'work', {}, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentTraceparent();
    });
    expect(inside).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-0[01]$`));
    expect(inside).not.toContain('b'.repeat(16));
  });

  test.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])(
    '%j starts a trace of its own',
    async (unreadable) => {
      expect(await withRemoteParent(unreadable, 'work', {}, async () => currentTraceparent())).toMatch(
        /^00-(?!0{32})[0-9a-f]{32}-/,
      );
    },
  );
});

describe('a process with a collector', () => {
  const spans: ReceivedSpan[] = [];
  const children: Program[] = [];
  let collector: Server;
  let endpoint: string;
  beforeAll(async () => {
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
          resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
        };
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    spans.length = 0;
    for (const child of children.splice(0)) {
      await child.stop('SIGKILL');
    }
  });
  afterAll(() => void collector.close());

  /** `pg` is imported statically and first: the order in which every hook in the module loader is too late. */
  const start = async (env: Record<string, string>): Promise<{ child: Program; origin: string }> => {
    const child = await startChild(
      `
      import pg from 'pg';
      import { z } from 'zod';
      import { createServer, defineErrors, processConfig, runProcess } from '@homeroom/chassis';
      import { currentTraceparent } from '@homeroom/telemetry';
      await runProcess({ service: 'things', role: 'api', config: processConfig }, async (shell) => {
        const { config, logger, health, metrics } = shell;
        const pool = new pg.Pool({ connectionString: '${process.env['TEST_POSTGRES_URL'] ?? ''}', max: 2 });
        await pool.query({ name: 'at-start', text: 'select 0' });
        const app = await createServer({ service: 'things', config, logger, health, metrics, errors: defineErrors({}),
          openapi: { title: 'Things', description: '', version: '1' } });
        app.post('/api/things/:id', { schema: { params: z.strictObject({ id: z.string() }), querystring: z.strictObject({ token: z.string() }) } }, async (request) => {
          const { rows } = await pool.query({ name: 'find-thing', text: 'select $1::text as id', values: [request.params.id] });
          logger.info('found');
          return { ...rows[0], traceparent: currentTraceparent() };
        });
        shell.onClose('pool', () => pool.end());
        await shell.serve(app);
      });`,
      { RATE_LIMIT_PER_MINUTE: '0', ...env },
    );
    children.push(child);
    return { child, origin: String((await child.logged('listening')).address) };
  };
  const post = async (
    origin: string,
    headers: Record<string, string> = {},
  ): Promise<{ id: string; traceparent: string }> => {
    const answer = await fetch(`${origin}/api/things/7?token=hunter2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });
    return (await answer.json()) as { id: string; traceparent: string };
  };
  const attribute = (span: ReceivedSpan, name: string): unknown =>
    Object.values(span.attributes.find(({ key }) => key === name)?.value ?? {})[0];

  testWithSwitch(
    'sends a span for the request and one for its query, in the caller’s trace, although pg was imported first',
    {
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      on: () => endpoint,
      off: () => '',
      failure: /Expected pattern: \S+-01\$\/\n+Received string: +"00-a{32}-[\da-f]{16}-00"/,
    },
    async (endpointOf) => {
      const { child, origin } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpointOf() });
      const answer = await post(origin, { traceparent });
      // recorded: what an event would carry makes its consumers record too
      expect(answer.traceparent).toMatch(/^00-a{32}-[\da-f]{16}-01$/);
      const query = await waitFor('the query’s span', () => spans.find((span) => span.name.startsWith('pg.query')));
      const request = await waitFor('the request’s span', () =>
        spans.find((span) => span.name === 'POST /api/things/:id'),
      );
      expect(request).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), kind: 2 });
      expect(query).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: request.spanId });
      expect(attribute(request, 'http.response.status_code')).toBe(200);
      expect(answer.traceparent).toBe(`00-${request.traceId}-${request.spanId}-01`);
      expect(await child.logged('found')).toMatchObject({
        trace_id: request.traceId,
        span_id: request.spanId,
      });
      expect(await child.logged('request')).toMatchObject({ trace_id: request.traceId });
      expect(JSON.stringify(spans)).not.toContain('hunter2');
    },
  );

  test('sends what is still buffered before it ends', async () => {
    const { child, origin } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    await post(origin);
    expect(await child.stop()).toBe(0);
    expect(spans.map(({ name }) => name)).toContain('POST /api/things/:id');
  });

  test('that is down loses its spans and nothing else', async () => {
    const { child, origin } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(await post(origin)).toMatchObject({ id: '7' });
    expect(await child.stop()).toBe(0);
  });

  test('without one nothing is sent, and the trace still continues into logs and events', async () => {
    const { child, origin } = await start({});
    const answer = await post(origin, { traceparent });
    expect(answer.traceparent).toContain('a'.repeat(32));
    expect(await child.logged('found')).toMatchObject({ trace_id: 'a'.repeat(32) });
    expect(await child.stop()).toBe(0);
    expect(spans).toEqual([]);
  });
});
