import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openKafka } from '@homeroom/kafka';
import { waitFor } from '@homeroom/testing';
import { SpanKind, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { message, testKafka, topic } from './harness.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const [traceId, requestSpanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];

let it: Awaited<ReturnType<typeof testKafka>>;
beforeAll(() => {
  provider.register();
});
afterAll(async () => {
  await provider.shutdown();
});
beforeEach(async () => {
  exporter.reset();
  it = await testKafka(openKafka);
  await it.kafka.ensureTopics([{ topic, partitions: 1 }]);
});
afterEach(async () => {
  await it.close();
});

const traced = (id: string, flags: string) => {
  const of = message(id);
  return { ...of, headers: { ...of.headers, traceparent: `00-${traceId}-${requestSpanId}-${flags}` } };
};

test('a request’s trace goes on through the producer into the handler', async () => {
  let inHandler: string | undefined;
  await it.consume({
    handlers: {
      'homeroom.family.registered.v1': async () => void (inHandler = trace.getActiveSpan()?.spanContext().spanId),
    },
  });
  await it.send(traced('1', '01'));
  const [send, process] = await waitFor('both spans', () => {
    const spans = exporter.getFinishedSpans();
    // the handler may end before the producer has read its answer
    return spans.length === 2 && spans.sort((left, right) => left.kind - right.kind);
  });
  expect(send).toMatchObject({
    kind: SpanKind.PRODUCER,
    name: `send ${topic}`,
    parentSpanContext: { traceId, spanId: requestSpanId },
  });
  expect(process).toMatchObject({ kind: SpanKind.CONSUMER, name: `process ${topic}` });
  expect(process?.parentSpanContext).toMatchObject({ traceId, spanId: send?.spanContext().spanId });
  expect(inHandler).toBe(process?.spanContext().spanId);
});

test('what a handler throws is on its span, and every try has one', async () => {
  await it.send(traced('1', '01'));
  await it.consume({
    handlers: { 'homeroom.family.registered.v1': async () => Promise.reject(new TypeError('a bug')) },
  });
  await waitFor('the dead letter', () => it.of('dead-lettered').length === 1);
  const tries = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);
  expect(tries.map(({ attributes }) => attributes['homeroom.attempt'])).toEqual([1, 2]);
  expect(tries[0]?.events[0]?.attributes?.['exception.message']).toBe('a bug');
});

test('a trace that is not recorded, or is no trace, costs no spans and is passed on as it is', async () => {
  await it.send(traced('1', '00'), { ...message('2'), headers: { ...message('2').headers, traceparent: 'nonsense' } });
  const found = await it.read(topic, 2);
  expect(found.map(({ headers }) => headers['traceparent'])).toEqual([`00-${traceId}-${requestSpanId}-00`, 'nonsense']);
  expect(exporter.getFinishedSpans()).toEqual([]);
});
