import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { chassisProblem, type ChassisErrorCode } from './errors.ts';

/** Node keeps the answer in progress there, and its own handler looks there too. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

const answers = new Map(
  (['bad_request', 'request_timeout', 'headers_too_large'] as const).map((code) => [code, rawAnswer(code)]),
);

function rawAnswer(code: ChassisErrorCode): string {
  const problem = chassisProblem(code);
  const body = problem.body('');
  const headers = { ...problem.headers(), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Answers what cannot be read as HTTP, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  if (error.code !== 'ECONNRESET' && socket.writable && isNext(socket._httpMessage)) {
    const code =
      error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : error.code === 'HPE_HEADER_OVERFLOW'
          ? 'headers_too_large'
          : 'bad_request';
    socket.write(answers.get(code) ?? '');
  }
  socket.destroy(error);
}

/**
 * Whether the client would read what we write as the answer to the bad request: nothing is in progress, or only the request
 * that arrived incomplete. After a good request it would be read as that one's answer.
 */
function isNext(answer: ServerResponse | null | undefined): boolean {
  return answer == null || (!answer.headersSent && !answer.req.complete);
}
