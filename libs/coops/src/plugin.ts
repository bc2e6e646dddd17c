import { chassisProblem } from '@homeroom/chassis';
import type { FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Coop, Directory } from './directory.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The co-op of the host. Undefined only on a route `withoutCoop`: see `requireCoop`. */
    coop: Coop | undefined;
  }
  interface FastifyContextConfig {
    /** The route belongs to the installation and not to a co-op: it answers on every host, also while a co-op is suspended. */
    withoutCoop?: boolean;
  }
}

// made once: a stack trace for each refused request would help an attacker to overload us
const unknownHost = chassisProblem('unknown_host', 'Check the address, or ask your co-op for the right one.');
const suspended = chassisProblem(
  'coop_suspended',
  'Your data is kept. Ask the people who run your co-op when it will be back.',
);

/**
 * Gives every request its co-op, by its host: `Host`, or `X-Forwarded-Host` of a trusted proxy. Refuses an unknown host, and
 * a suspended co-op below `/api/`. Register it on a server of the chassis before the routes.
 */
export const coopsPlugin = fastifyPlugin<{ directory: Directory }>(
  (app, { directory }, done) => {
    app.decorateRequest('coop', undefined);
    app.addHook('onRequest', (request, reply, next) => {
      const url = request.raw.url ?? '';
      // probes and metrics come by address
      if (url.startsWith('/health/')) {
        next();
        return;
      }
      const coop = directory.byHost(request.host);
      request.coop = coop;
      const refusal =
        coop === undefined
          ? unknownHost
          : coop.status === 'suspended' && url.startsWith('/api/')
            ? suspended
            : undefined;
      if (refusal === undefined || request.routeOptions.config.withoutCoop === true) next();
      else app.refuse(request, reply, refusal);
    });
    done();
  },
  { name: 'coops', fastify: '5.x' },
);

/**
 * The co-op of a request, for routes `withoutCoop` that need one for some callers.
 * @throws {Problem} `unknown_host`, `coop_suspended`
 */
export function requireCoop({ coop }: FastifyRequest): Coop {
  if (coop === undefined) throw unknownHost;
  if (coop.status === 'suspended') throw suspended;
  return coop;
}
