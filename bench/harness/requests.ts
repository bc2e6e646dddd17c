/** A whole HTTP/1.1 request as it goes over the wire. */
export function request(
  method: 'GET' | 'POST',
  path: string,
  { body, cookie }: { body?: unknown; cookie?: string } = {},
): string {
  const json = body === undefined ? '' : JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', 'accept: application/json'];
  if (cookie !== undefined) lines.push(`cookie: ${cookie}`);
  if (body !== undefined) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(json)}`);
  return `${lines.join('\r\n')}\r\n\r\n${json}`;
}
