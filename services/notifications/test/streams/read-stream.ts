import { request, type IncomingMessage } from 'node:http';

export interface SseEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly retry: number | undefined;
  readonly data: Record<string, unknown>;
}

export interface OpenStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: SseEvent[];
  /** Comments, such as heartbeats. */
  readonly comments: string[];
  /** Whether the server has ended it. */
  ended(): boolean;
  /** Stops reading without closing, as a sleeping client does. */
  pause(): void;
  close(): void;
}

/** Reads an event stream as a browser does. */
export function openStream(port: number, headers: Record<string, string>): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/api/notifications/stream', headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const events: SseEvent[] = [];
      const comments: string[] = [];
      let [rest, over] = ['', false];
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          if (block.startsWith(':')) comments.push(block.slice(1).trim());
          else events.push(readEvent(block));
        }
      });
      response.on('close', () => (over = true));
      response.on('error', () => undefined);
      outgoing.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        events,
        comments,
        ended: () => over,
        pause: () => void response.pause(),
        close: () => void outgoing.destroy(),
      });
    });
    outgoing.end();
  });
}

function readEvent(block: string): SseEvent {
  const fields = new Map(
    block
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const retry = fields.get('retry');
  return {
    event: fields.get('event') ?? 'message',
    id: fields.get('id'),
    retry: retry === undefined ? undefined : Number(retry),
    data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
  };
}
