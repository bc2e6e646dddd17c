import { poolSize } from '@homeroom/postgres';
import { PlainError } from '../terminal/errors.ts';
import { apiInstances, serviceNames } from '../options/service-names.ts';

/** The share of Postgres's connections that each process gets, and what all of them together may open. */
export interface ConnectionBudget {
  /** Connections to the primary per process. */
  poolSize: number;
  /** Connections to the replica per process. */
  replicaPoolSize: number;
  /** On the busiest server: every pool full, and each worker's own connection for its relay. */
  planned: number;
}

/** Left over for migrations, seeds, tests and a person with psql. */
export const RESERVE = 10;

/** Divides the connections that the machine can use well among the processes of the stack. */
export function planConnections(cores: number, override?: number): ConnectionBudget {
  const apis = serviceNames.length * apiInstances.length;
  const workers = serviceNames.length;
  const size = override ?? poolSize({ cores, processes: apis + workers });
  return { poolSize: size, replicaPoolSize: size, planned: size * (apis + workers) + workers };
}

/** @throws when the server would refuse connections under load; the sentence holds the sum. */
export function checkBudget({ planned, poolSize: size }: ConnectionBudget, maxConnections: number): void {
  if (planned + RESERVE <= maxConnections) return;
  throw new PlainError(
    `Postgres accepts ${maxConnections} connections, the stack plans ${planned} (pools of ${size}) and keeps ${RESERVE} in reserve: ` +
      `raise max_connections to ${planned + RESERVE}, or start with a smaller --pool-size.`,
  );
}
