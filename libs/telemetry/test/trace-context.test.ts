import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { currentTraceparent, remoteParent } from '@homeroom/telemetry';
import { context, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const provider = new NodeTracerProvider();
beforeAll(() => provider.register());
afterAll(() => provider.shutdown());

test('there is no traceparent outside of any work', () => {
  expect(currentTraceparent()).toBeUndefined();
});

test('a remote parent is the traceparent of the work below it', () => {
  const parent = remoteParent(traceparent);
  expect(parent && context.with(parent, currentTraceparent)).toBe(traceparent);
  expect(parent && trace.getSpanContext(parent)?.isRemote).toBe(true);
});

test.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])('%j is no parent', (given) => {
  expect(remoteParent(given)).toBeUndefined();
});
