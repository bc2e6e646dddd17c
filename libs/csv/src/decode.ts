import { UnreadableCsvError } from './errors.ts';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

const startsWith = (bytes: Buffer, ...start: number[]): boolean => start.every((byte, index) => bytes[index] === byte);

/**
 * Reads the bytes of a text file: UTF-16 when its byte order mark says so, UTF-8 when they are, otherwise Windows-1252, which
 * Excel writes. A file that is mostly UTF-8 stays UTF-8: what is broken in it becomes U+FFFD, for its rows to be rejected.
 * @throws {UnreadableCsvError} for an Excel workbook.
 */
export function decode(bytes: Buffer): { text: string; encoding: Encoding } {
  if (startsWith(bytes, 0x50, 0x4b, 0x03, 0x04) || startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw new UnreadableCsvError('This is an Excel workbook. Save it as CSV UTF-8 first.');
  }
  if (startsWith(bytes, 0xff, 0xfe)) return { text: read('utf-16le', bytes), encoding: 'utf-16le' };
  if (startsWith(bytes, 0xfe, 0xff)) return { text: read('utf-16be', bytes), encoding: 'utf-16be' };
  const text = read('utf-8', bytes);
  const broken = count(text, /\ufffd/g);
  const encoding = broken > 0 && broken >= count(text, /[^\0-\x7f\ufffd]/gu) ? 'windows-1252' : 'utf-8';
  return { text: encoding === 'utf-8' ? text : read(encoding, bytes), encoding };
}

const read = (encoding: Encoding, bytes: Buffer): string => new TextDecoder(encoding).decode(bytes);

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
