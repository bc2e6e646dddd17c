/** Closes what a test opens, last first. It can be used again afterwards, as in `afterEach`. */
export class Closing {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add<T>(thing: T, close: (thing: T) => unknown): T {
    this.#closers.unshift(() => Promise.resolve(close(thing)));
    return thing;
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}
