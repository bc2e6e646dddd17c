/** Where the seconds go while a stack starts or ends. */
export interface Progress {
  /** Shows `label` until `work` is done, then how long it took, ticked off when it did not throw and its result is `good`. */
  step<T>(label: string, work: () => Promise<T>, good?: (result: T) => boolean): Promise<T>;
  say(text: string): void;
}

/** One line per finished step; on a terminal one more that counts the seconds of what is still running. */
export function openProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  const running = new Map<string, number>();
  let ticker: NodeJS.Timeout | undefined;
  const clear = (): void => {
    if (out.isTTY && running.size > 0) out.write('\r\x1b[2K');
  };
  const draw = (): void => {
    if (!out.isTTY || running.size === 0) return;
    const oldest = Math.min(...running.values());
    const text = `  … ${[...running.keys()].join(', ')} ${((Date.now() - oldest) / 1000).toFixed(0)} s`;
    out.write(`\r\x1b[2K${text.slice(0, out.columns - 1)}`);
  };
  const print = (line: string): void => {
    clear();
    out.write(`${line}\n`);
    draw();
  };
  return {
    async step(label, work, good = () => true) {
      const started = Date.now();
      running.set(label, started);
      ticker ??= setInterval(draw, 500).unref();
      draw();
      let mark = '✗';
      try {
        const result = await work();
        if (good(result)) mark = '✓';
        return result;
      } finally {
        clear();
        running.delete(label);
        out.write(`  ${mark} ${label.padEnd(44)}${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s\n`);
        draw();
        if (running.size === 0) {
          clearInterval(ticker);
          ticker = undefined;
        }
      }
    },
    say: print,
  };
}

/** For callers that want the work and no words. */
export const silent: Progress = { step: (_label, work) => work(), say: () => undefined };
