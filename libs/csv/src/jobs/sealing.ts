import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Seals a file for the time that it waits in the database: it may hold passwords, and backups keep what the table does not. */
export interface Sealing {
  seal(file: Buffer): Buffer;
  /** @throws {Error} when the file was sealed with another secret, or changed. */
  open(sealed: Buffer): Buffer;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** @param secret that API and worker share; another one cannot open the files. */
export function sealingWith(secret: string): Sealing {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'homeroom import files', 32));
  return {
    seal(file) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce);
      const content = Buffer.concat([cipher.update(file), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), content]);
    },
    open(sealed) {
      const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
    },
  };
}

/** For files without secrets. */
export const unsealed: Sealing = { seal: (file) => file, open: (file) => file };
