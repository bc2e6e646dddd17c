import { isUtf8 } from 'node:buffer';
import { chassisProblem, Problem } from './errors.ts';

const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i;

/**
 * Reads the text of a JSON body. Decoding with replacement characters would store what the client did not send.
 * @returns `unsupported_media_type` for a charset other than UTF-8, `malformed_json` for bytes that are not UTF-8.
 */
export function jsonText(body: Buffer, contentType = ''): string | Problem {
  const named = charset.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (named !== 'utf-8' && named !== 'utf8')
    return chassisProblem('unsupported_media_type', `The encoding "${named}" is not supported. Send UTF-8.`);
  if (!isUtf8(body)) return chassisProblem('malformed_json', 'The text is not encoded as UTF-8.');
  return body.toString('utf8');
}

/**
 * Parses a JSON body, for a route that reads its bytes itself.
 * @throws {Problem} `unsupported_media_type`, `malformed_json`
 */
export function readJson(body: Buffer, contentType?: string): unknown {
  const given = jsonText(body, contentType);
  if (given instanceof Problem) throw given;
  try {
    return JSON.parse(given) as unknown;
  } catch (error) {
    const problem = chassisProblem('malformed_json');
    problem.cause = error;
    throw problem;
  }
}
