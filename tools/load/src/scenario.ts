import type { Answer, Call, Client } from './client.ts';
import type { Search } from './search.ts';

/** What clients do. */
export interface Scenario {
  /** Runs once per client before the first arrival. May reject with the signal's reason. */
  prepare?(client: Client, signal?: AbortSignal): Promise<void>;
  next(client: Client, n: number): Call;
  /** What is wrong with a response, in a few words; undefined when nothing is. */
  wrong(answer: Answer, client: Client, call: Call): string | undefined;
  /** Checks after the last response whether everything that was confirmed exists. */
  lost?(client: Client, search: Search): Promise<Loss>;
}

export interface Loss {
  /** Certainly missing. */
  readonly lost: number;
  /** Could not be determined. */
  readonly unknown: number;
}

/** An account that may create classes. */
export interface Coordinator {
  readonly email: string;
  readonly password: string;
}
