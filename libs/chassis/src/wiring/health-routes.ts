import type { Health } from './health.ts';

/**
 * The answer to a probe.
 * @param path `/health/live`, `/health/ready` or `/health/startup`; undefined for any other.
 */
export function healthAnswer(health: Health, path: string): { status: 200 | 503; body: string } | undefined {
  const good = probes[path]?.(health);
  return good === undefined ? undefined : { status: good ? 200 : 503, body: JSON.stringify(health.report()) };
}

const probes: Readonly<Record<string, (health: Health) => boolean>> = {
  '/health/live': (health) => health.live(),
  '/health/ready': (health) => health.ready(),
  '/health/startup': (health) => health.started(),
};

export const healthPaths = Object.keys(probes);
