/** A mail as it was caught. */
export interface Mail {
  /** Grows with every mail, across restarts too: `after` one of them means newer than it. */
  readonly id: string;
  /** Everyone it was handed over for (the envelope), lower case. */
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  /** Names in lower case; a header that comes twice is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  readonly receivedAt: string;
}

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  /** Text as it is, anything else in base64: see `encoding`. */
  readonly content: string;
  readonly encoding: 'utf8' | 'base64';
}

export interface MailQuery {
  /** An address, whole, in any case. */
  readonly to?: string | undefined;
  /** A part of an address or of the subject, in any case. */
  readonly q?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly newestFirst?: boolean;
}

/** Keeps the newest mails in memory: at most `mails` of them and `bytes` as they came in. */
export class Mailbox {
  readonly #limits: { readonly mails: number; readonly bytes: number };
  readonly #kept = new Map<string, { readonly mail: Mail; readonly bytes: number }>();
  #bytes = 0;
  // a microsecond clock at start, then a counter: unique and growing whatever was lost at a restart
  #sequence = Date.now() * 1000;

  constructor(limits: { readonly mails: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  add(mail: Omit<Mail, 'id'>, bytes: number): Mail {
    const kept = { id: String(++this.#sequence), ...mail };
    this.#kept.set(kept.id, { mail: kept, bytes });
    this.#bytes += bytes;
    for (const [id, oldest] of this.#kept) {
      if (this.#kept.size <= this.#limits.mails && this.#bytes <= this.#limits.bytes) break;
      this.#kept.delete(id);
      this.#bytes -= oldest.bytes;
    }
    return kept;
  }

  get(id: string): Mail | undefined {
    return this.#kept.get(id)?.mail;
  }

  /** Oldest first unless asked otherwise; `total` counts all that match, whatever `after` and `limit` cut off. */
  list({ to, q, after, limit, newestFirst = false }: MailQuery): { items: Mail[]; total: number } {
    const [address, part] = [to?.toLowerCase(), q?.toLowerCase()];
    const matching = [...this.#kept.values()]
      .map(({ mail }) => mail)
      .filter((mail) => address === undefined || mail.to.includes(address))
      .filter(
        (mail) =>
          part === undefined || [...mail.to, mail.from, mail.subject].some((text) => text.toLowerCase().includes(part)),
      );
    const newer = after === undefined ? matching : matching.filter((mail) => Number(mail.id) > Number(after));
    return { items: (newestFirst ? newer.reverse() : newer).slice(0, limit), total: matching.length };
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}
