/** Where the seconds go while a tool works. */
export interface Progress {
  /** Runs `work` and prints `label`, its seconds, and ✓ unless it throws or its result is not `good`. */
  step<T>(label: string, work: () => Promise<T>, good?: (result: T) => boolean): Promise<T>;
  say(text: string): void;
}

/** One line per finished step; on a terminal one more that counts the seconds of what is still running. */
export function openProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  const running = new Map<string, number>();
  let ticker: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (!out.isTTY || running.size === 0) return;
    const oldest = Math.min(...running.values());
    const text = `  … ${[...running.keys()].join(', ')} ${((Date.now() - oldest) / 1000).toFixed(0)} s`;
    out.write(`\r\x1b[2K${text.slice(0, out.columns - 1)}`);
  };
  const say = (line: string): void => {
    out.write(`${out.isTTY ? '\r\x1b[2K' : ''}${line}\n`);
    draw();
  };
  return {
    say,
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
        running.delete(label);
        say(`  ${mark} ${label.padEnd(44)}${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`);
        if (running.size === 0) {
          clearInterval(ticker);
          ticker = undefined;
        }
      }
    },
  };
}

/** For callers that want the work and no output. */
export const silent: Progress = { step: (_label, work) => work(), say: () => undefined };
