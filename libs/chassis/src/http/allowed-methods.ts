import type { HTTPMethods } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

/** Which methods a path has: a second router over the same routes, asked only when the first has found nothing. */
export class AllowedMethods {
  readonly #router;
  readonly #methods = new Set<HTTPMethod>();

  constructor({ maxParamLength }: { maxParamLength: number }) {
    this.#router = findMyWay({ maxParamLength });
  }

  add(methods: HTTPMethods | readonly HTTPMethods[], url: string): void {
    for (const method of [methods].flat() as HTTPMethod[]) {
      this.#methods.add(method);
      if (!this.#router.hasRoute(method, url)) this.#router.on(method, url, () => undefined);
    }
  }

  /** @returns the value of `Allow` for a path that has other methods; undefined for a path that has none. */
  of(url: string): string | undefined {
    const [path = ''] = url.split(/[?#;]/, 1);
    const found = [...this.#methods].filter((method) => this.#router.find(method, path) !== null);
    return found.length === 0 ? undefined : [...found, 'OPTIONS'].toSorted().join(', ');
  }
}
