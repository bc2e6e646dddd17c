import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Balance } from '../options/options.ts';
import type { Ports, PortName } from '../options/port-table.ts';
import { apiNames, serviceNames, type ServiceName } from '../options/service-names.ts';

export interface GatewayOptions {
  host: string;
  ports: Ports;
  balance: Balance;
  /** One weight per API instance. */
  weights: number[];
  /** The address our calls come from: the services believe its `X-Forwarded-For`, and nobody else's. */
  source: string;
  landingPage: string;
  /** Addresses and ranges of proxies in front of the gateway: of these, `X-Forwarded-For` says who the client is. */
  trustedProxies: readonly string[];
  /** Connections that one address may have open; 0 switches the limit off. */
  connectionsPerAddress: number;
  /** Where browsers find the gateway: with https its answers carry `Strict-Transport-Security`. */
  publicOrigin: string;
}

/** First path segments below /api. */
const routes: Record<ServiceName, string[]> = {
  families: ['families', 'sessions', 'email-verifications', 'password-resets', 'account'],
  enrollment: ['enrollment', 'classes', 'enrollments', 'payments'],
  notifications: ['notifications', 'notification-preferences', 'calendars', 'dead-letters'],
};

/** Prefixes of pages outside /api. */
const pages: Partial<Record<ServiceName, string[]>> = { families: ['/account/'] };

/** Where the part of the configuration lies that the chart's gateway shares. */
const sharedFolder = join(import.meta.dirname, '../../../../charts/homeroom/files/gateway');

/** The whole `haproxy.cfg`: the part shared with the chart, and what is special about a laptop. */
export function haproxyConfig(options: GatewayOptions): string {
  const { host, ports } = options;
  const headers = shared('headers.cfg', { https: options.publicOrigin.startsWith('https:') ? '1' : '0' });
  return `# written at every start by tools/stack
global
  log stdout format raw local0 info
  maxconn ${maxConnections()}
  # a stop lets requests in flight end, and streams only so long
  hard-stop-after 1s
  stats timeout 10s
  tune.bufsize 32768

${shared('gateway.cfg', {
  bind: `${host}:${ports.gateway}`,
  headers,
  landing: options.landingPage,
  proxied: options.trustedProxies.length > 0 ? '1' : '0',
  proxies: options.trustedProxies.join(' '),
  connections: String(options.connectionsPerAddress),
  routes: serviceNames.flatMap(routesTo).join('\n'),
})}
${serviceNames.map((service) => backends(options, service)).join('\n')}
listen balance
  bind ${host}:${ports.balance}
  http-after-response set-header Content-Security-Policy "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
${headers}
  stats enable
  stats uri /
  stats refresh 2s
  stats show-legends
  http-request use-service prometheus-exporter if { path /metrics }
`;
}

function shared(file: string, words: Record<string, string>): string {
  const text = readFileSync(join(sharedFolder, file), 'utf8').trimEnd();
  return text.replace(/@([a-z]+)@/g, (_, word: string) => words[word]!);
}

function routesTo(service: ServiceName): string[] {
  return [
    `  acl of_${service} path_reg ^/api/(${routes[service].join('|')})([/.?]|$)`,
    ...(pages[service] ?? []).map((prefix) => `  acl of_${service} path_beg ${prefix}`),
    `  use_backend ${service} if of_${service} { nbsrv(${service}) gt 0 }`,
    `  use_backend ${service}-last-resort if of_${service}`,
  ];
}

/** Each connection takes two descriptors, and HAProxy refuses to start when the system does not grant them. */
function maxConnections(): number {
  const limits = process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : '';
  const hardLimit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 4096);
  return Math.min(8000, Math.floor((hardLimit - 200) / 2));
}

function backends({ host, ports, balance, weights, source }: GatewayOptions, service: ServiceName): string {
  const servers = apiNames(service).map(
    (name, index) => `  server ${name} ${host}:${ports[name as PortName]} weight ${weights[index] ?? 1}`,
  );
  return `backend ${service}
  balance ${balance}${balance === 'source' ? '\n  hash-type consistent' : ''}
  source ${source}
  default-server check
${servers.join('\n')}

# asked while no instance counts as ready: rather a late answer than none
backend ${service}-last-resort
  source ${source}
  retries 1
${servers.join('\n')}
`;
}
