import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { chassisErrors, Problem, type ChassisErrorCode } from './errors.ts';

/** Node keeps the answer in progress there. */
type HttpSocket = Socket & { readonly _httpMessage?: unknown };

const answers = new Map(
  (['bad_request', 'request_timeout', 'headers_too_large'] as const).map((code) => [code, rawAnswer(code)]),
);

function rawAnswer(code: ChassisErrorCode): string {
  const problem = new Problem(code, chassisErrors[code]);
  const body = problem.body('');
  const headers = { ...problem.headers(), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Answers what could not even be read as HTTP, and hangs up. */
export function answerClientError(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  // behind an answer in progress, bytes of ours would be taken for a part of it
  if (error.code !== 'ECONNRESET' && socket.writable && socket._httpMessage == null) {
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
