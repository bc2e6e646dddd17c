/** The cookies of one browser. */
export class Cookies {
  readonly #values = new Map<string, string>();

  /** The request's header; undefined without cookies. */
  header(): string | undefined {
    const pairs = [...this.#values].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? undefined : pairs.join('; ');
  }

  /** Takes over the `set-cookie` headers of a response. */
  update(lines: readonly string[] = []): void {
    for (const line of lines) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) this.#values.delete(name);
      else this.#values.set(name, value);
    }
  }
}
