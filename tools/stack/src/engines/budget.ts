import { poolSize } from '@homeroom/postgres';
import { apiInstances, serviceNames } from '../options/service-names.ts';
import { PlainError } from '../terminal/errors.ts';

/** The connections to Postgres of each process, and of all together. */
export interface ConnectionBudget {
  /** Connections to the primary per process. */
  poolSize: number;
  /** Connections to the replica per process. */
  replicaPoolSize: number;
  /** The most that all processes open on one server: full pools, and a connection per worker for its relay. */
  planned: number;
}

/** For migrations, seeds, tests, and psql. */
export const RESERVE = 10;

/** Divides the connections that the machine can use among the processes of the stack. */
export function planConnections(cores: number, override?: number): ConnectionBudget {
  const apis = serviceNames.length * apiInstances.length;
  const workers = serviceNames.length;
  const size = override ?? poolSize({ cores, processes: apis + workers });
  return { poolSize: size, replicaPoolSize: size, planned: size * (apis + workers) + workers };
}

/** @throws {PlainError} when the server would refuse connections under load. */
export function checkBudget({ planned, poolSize: size }: ConnectionBudget, maxConnections: number): void {
  if (planned + RESERVE <= maxConnections) return;
  throw new PlainError(
    `Postgres accepts ${maxConnections} connections, the stack plans ${planned} (pools of ${size}) and keeps ${RESERVE} in reserve: ` +
      `raise max_connections to ${planned + RESERVE}, or start with a smaller --pool-size.`,
  );
}
