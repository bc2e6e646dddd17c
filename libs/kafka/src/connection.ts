import './request-queue.ts';
import kafkajs from 'kafkajs';
import { connect as connectSocket, type Socket } from 'node:net';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { KafkaOptions } from './types.ts';

// Without a codec, one batch that another producer compressed stops a consumer for good.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: { buffer: Buffer }) => zstdCompressSync(encoder.buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
});

const keepAliveMs = 60_000;

/** Complete, because kafkajs fills gaps from other defaults when NODE_ENV is `test`. */
export const retryTimes = (retries: number) => ({
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
  retries,
});

export type Connection = ReturnType<typeof connect>;

/** A kafkajs client whose sockets can be destroyed: kafkajs itself cannot stop at once. */
export function connect(
  { brokers, clientId, dial, requestTimeoutMs = 5000 }: Omit<KafkaOptions, 'onEvent'>,
  { retries }: { retries: number },
) {
  const sockets = new Set<Socket>();
  let destroyed = false;
  const client = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: requestTimeoutMs,
    retry: retryTimes(retries),
    socketFactory: ({ host, port, onConnect }) => {
      if (destroyed) throw new Error('the connection was closed');
      const socket = dial?.({ host, port }) ?? connectSocket({ host, port });
      socket.setKeepAlive(true, keepAliveMs).setNoDelay(true).once('connect', onConnect);
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      return socket;
    },
  });
  return {
    client,
    /** Cuts every socket and refuses new ones. */
    destroy: (): void => {
      destroyed = true;
      for (const socket of sockets) socket.destroy(new Error('the connection was closed'));
    },
  };
}
