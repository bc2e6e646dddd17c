import { z } from 'zod';
import { limit } from '../http/app.ts';
import { Journal } from '../journal/journal.ts';

/** A received mail. */
export interface Mail {
  /** Grows with every mail, across restarts too, so `after` an id means newer. */
  readonly id: string;
  /** The recipients of the envelope, lower case. */
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  /** Names in lower case; repeated headers are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  readonly receivedAt: string;
}

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  /** Text, or base64 for anything else: see `encoding`. */
  readonly content: string;
  readonly encoding: 'utf8' | 'base64';
}

export const mailQuery = z.object({
  /** A whole address, in any case. */
  to: z.string().optional(),
  /** A part of an address or of the subject, in any case. */
  q: z.string().optional(),
  after: z.string().optional(),
  /** `newest` lists the newest first, anything else the oldest. */
  order: z.string().optional(),
  limit,
});

interface Kept {
  readonly mail: Mail;
  /** Its size as received. */
  readonly bytes: number;
}

/** Keeps the newest mails, at most `mails` of them and `bytes` as received, in memory and in a file. */
export class Mailbox {
  readonly #limits: { readonly mails: number; readonly bytes: number };
  readonly #journal: Journal<Kept>;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  // a microsecond clock at start, then a counter: unique and growing, even after mails were deleted
  #sequence = Date.now() * 1000;

  private constructor(limits: { readonly mails: number; readonly bytes: number }, journal: Journal<Kept>) {
    this.#limits = limits;
    this.#journal = journal;
  }

  /** @param file where mails survive a restart; without it they do not. @throws when it cannot be read. */
  static async open(limits: { readonly mails: number; readonly bytes: number }, file?: string): Promise<Mailbox> {
    const { journal, entries } = await Journal.open<Kept>(file);
    const mailbox = new Mailbox(limits, journal);
    for (const entry of entries) mailbox.#keep(entry);
    if (mailbox.#kept.size < entries.length) await mailbox.#compact();
    return mailbox;
  }

  /** Resolves when the mail is stored. */
  async add(mail: Omit<Mail, 'id'>, bytes: number): Promise<void> {
    const kept = { mail: { id: String(++this.#sequence), ...mail }, bytes };
    this.#keep(kept);
    await this.#journal.append(kept);
    // base64 and JSON take up to about twice the size; far more than that is mails no longer kept
    if (this.#journal.bytes > 4 * this.#limits.bytes) await this.#compact();
  }

  /** Whether mails can no longer be stored until the file is opened again. */
  get broken(): boolean {
    return this.#journal.broken;
  }

  get(id: string): Mail | undefined {
    return this.#kept.get(id)?.mail;
  }

  /** `total` counts all matches, regardless of `after` and `limit`. */
  list({ to, q, after, order, limit: most }: z.infer<typeof mailQuery>): { items: Mail[]; total: number } {
    const [address, part] = [to?.toLowerCase(), q?.toLowerCase()];
    const matching = [...this.#kept.values()]
      .map(({ mail }) => mail)
      .filter((mail) => address === undefined || mail.to.includes(address))
      .filter(
        (mail) =>
          part === undefined || [...mail.to, mail.from, mail.subject].some((text) => text.toLowerCase().includes(part)),
      );
    const newer = after === undefined ? matching : matching.filter((mail) => Number(mail.id) > Number(after));
    return { items: (order === 'newest' ? newer.reverse() : newer).slice(0, most), total: matching.length };
  }

  async clear(): Promise<void> {
    this.#kept.clear();
    this.#bytes = 0;
    await this.#compact();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #keep(entry: Kept): void {
    this.#kept.set(entry.mail.id, entry);
    this.#bytes += entry.bytes;
    for (const [id, oldest] of this.#kept) {
      if (this.#kept.size <= this.#limits.mails && this.#bytes <= this.#limits.bytes) break;
      this.#kept.delete(id);
      this.#bytes -= oldest.bytes;
    }
  }

  #compact(): Promise<void> {
    return this.#journal.replace(() => [...this.#kept.values()]);
  }
}
