import type { Coop } from '@homeroom/coops';
import { type Closing, waitFor } from '@homeroom/testing';
import type { AddressInfo } from 'node:net';
import type { FanOut, FanOutOptions } from '../../src/streams/fan-out.ts';
import { type Engines, startApp } from '../harness.ts';
import { openStream, type OpenStream } from './read-stream.ts';

export interface RunningApi {
  readonly port: number;
  readonly fanOut: FanOut;
  readonly close: () => Promise<unknown>;
}

/** One API process that listens, subscribed to what the test has not replaced. */
export async function startApi(
  engines: Engines,
  closing: Closing,
  { known, ...streams }: Partial<FanOutOptions> & { known?: readonly Coop[] } = {},
): Promise<RunningApi> {
  const subscribed = new Set<string>();
  const { app, fanOut } = await startApp(engines, closing, {
    ...(known === undefined ? {} : { known }),
    streams: {
      ...streams,
      onEvent(event) {
        if (event.kind === 'subscribed') subscribed.add(event.to);
        streams.onEvent?.(event);
      },
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  await waitFor(
    'the subscriptions',
    () =>
      (streams.redis !== undefined || subscribed.has('announcements')) &&
      (streams.sessionsRedis !== undefined || subscribed.has('sessions')),
  );
  return { port: (app.server.address() as AddressInfo).port, fanOut, close: () => app.close() };
}

export async function listen(closing: Closing, port: number, headers: Record<string, string>): Promise<OpenStream> {
  const stream = closing.add(await openStream(port, headers), (it) => it.close());
  if (stream.status === 200) await waitFor('the stream to open', () => stream.events.length > 0 || stream.events[0]);
  return stream;
}
