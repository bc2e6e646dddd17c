import { UnreadableCsvError } from './errors.ts';

export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Encoding = (typeof encodings)[number];

const startsWith = (bytes: Buffer, ...start: number[]): boolean => start.every((byte, index) => bytes[index] === byte);

/**
 * Reads the bytes of a text file: UTF-16 when its byte order mark says so, otherwise as its sender declared, otherwise as
 * what the bytes show: UTF-16 by its zeros, UTF-8 when they are, or Windows-1252, which Excel writes. A file that is mostly
 * UTF-8 stays UTF-8: what is broken in it becomes U+FFFD, for its rows to be rejected.
 * @param charset as in `Content-Type: text/csv; charset=windows-1252`.
 * @throws {UnreadableCsvError} for an Excel workbook, and for a charset that is none of these.
 */
export function decode(bytes: Buffer, charset?: string): { text: string; encoding: Encoding } {
  if (startsWith(bytes, 0x50, 0x4b, 0x03, 0x04) || startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw new UnreadableCsvError('This is an Excel workbook. Save it as CSV UTF-8 first.');
  }
  const encoding = marked(bytes) ?? declared(charset) ?? detected(bytes);
  return { text: read(encoding, bytes), encoding };
}

const read = (encoding: Encoding, bytes: Buffer): string => new TextDecoder(encoding).decode(bytes);

function marked(bytes: Buffer): Encoding | undefined {
  if (startsWith(bytes, 0xff, 0xfe)) return 'utf-16le';
  if (startsWith(bytes, 0xfe, 0xff)) return 'utf-16be';
  return startsWith(bytes, 0xef, 0xbb, 0xbf) ? 'utf-8' : undefined;
}

function declared(charset: string | undefined): Encoding | undefined {
  if (charset === undefined) return undefined;
  const name = canonicalName(charset);
  const known = encodings.find((encoding) => encoding === name);
  if (known !== undefined) return known;
  throw new UnreadableCsvError(
    `Unknown charset "${charset.slice(0, 40)}". Save the file as UTF-8, or send utf-8, utf-16, or windows-1252.`,
  );
}

/** `windows-1252` of `latin1`, as browsers read it. */
function canonicalName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function detected(bytes: Buffer): Encoding {
  // in UTF-16, every other byte of most tables is zero; in the others none is
  const start = bytes.subarray(0, 2_000);
  const zeros = [0, 0];
  for (const [index, byte] of start.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / (start.length / 2 || 1));
  if (odd > 0.5 && even < 0.1) return 'utf-16le';
  if (even > 0.5 && odd < 0.1) return 'utf-16be';
  const text = read('utf-8', bytes);
  const broken = count(text, /\ufffd/g);
  return broken > 0 && broken >= count(text, /[^\0-\x7f\ufffd]/gu) ? 'windows-1252' : 'utf-8';
}

const count = (text: string, wanted: RegExp): number => text.match(wanted)?.length ?? 0;
