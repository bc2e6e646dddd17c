import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ZodFastify } from '@homeroom/chassis';

/** Everything that a server said on one connection, until it hung up. */
export interface RawAnswer {
  readonly text: string;
  /** The status codes, in order. */
  readonly statuses: number[];
  readonly ms: number;
}

export const portOf = (app: ZodFastify): number => (app.server.address() as AddressInfo).port;

/**
 * Speaks to a server byte by byte, as no client library would.
 * @param speak writes; the connection is read until the server closes it.
 */
export async function raw(port: number, speak: (socket: Socket) => void): Promise<RawAnswer> {
  const startedAt = performance.now();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.once('connect', () => speak(socket));
  await new Promise<void>((resolve) => {
    // the server may reset a connection that it refuses; what it said before counts
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
  return {
    text,
    statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    ms: performance.now() - startedAt,
  };
}
