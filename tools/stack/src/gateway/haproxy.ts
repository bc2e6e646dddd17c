import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Balance } from '../options/options.ts';
import type { Ports, PortName } from '../options/port-table.ts';
import { apiNames, serviceNames, type ServiceName } from '../options/service-names.ts';

export interface GatewayOptions {
  host: string;
  ports: Ports;
  balance: Balance;
  /** One weight per API instance. */
  weights: number[];
  /** The address that the gateway calls from. The services believe only its `X-Forwarded-For`. */
  source: string;
  landingPage: string;
  /** Addresses and ranges of proxies in front of the gateway, whose `X-Forwarded-For` names the client. */
  trustedProxies: readonly string[];
  /** Connections that one address may have open; 0 disables the limit. */
  connectionsPerAddress: number;
  /** Where browsers find the gateway. With https its answers carry `Strict-Transport-Security`. */
  publicOrigin: string;
}

const chart = join(import.meta.dirname, '../../../../charts/homeroom');

/** A file of the chart's gateway with the words between @ signs replaced. */
export function fill(file: string, words: Record<string, string>): string {
  const text = readFileSync(join(chart, 'files/gateway', file), 'utf8').trimEnd();
  return text.replace(/@([a-z]+)@/g, (_, word: string) => words[word]!);
}

/** The whole `haproxy.cfg`. */
export function haproxyConfig(options: GatewayOptions): string {
  const { host, ports, publicOrigin, trustedProxies } = options;
  const text = fill('gateway.cfg', {
    maxconn: String(maxConnections()),
    grace: '1s',
    cluster: '0',
    bind: `${host}:${ports.gateway}`,
    operations: `${host}:${ports.balance}`,
    landing: options.landingPage,
    proxied: trustedProxies.length > 0 ? '1' : '0',
    proxies: trustedProxies.join(' '),
    connections: String(options.connectionsPerAddress),
    headers: fill('headers.cfg', { https: publicOrigin.startsWith('https:') ? '1' : '0' }),
    routes: routes(),
    backends: serviceNames.map((service) => backends(options, service)).join('\n\n'),
  });
  return `${text}\n`;
}

/** The paths and pages of each service, as the chart has them. */
function routes(): string {
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Record<
    ServiceName,
    { paths: string[]; pages?: string[] }
  >;
  return serviceNames
    .map((service) => {
      const { paths, pages = [] } = values[service];
      const rules = pages.map((prefix) => `  acl of_${service} path_beg ${prefix}`).join('\n');
      return fill('route.cfg', { service, paths: paths.join('|'), rules });
    })
    .join('\n');
}

/** Each connection takes two descriptors, and HAProxy refuses to start when the system does not grant them. */
function maxConnections(): number {
  const limits = process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : '';
  const hardLimit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 4096);
  return Math.min(8000, Math.floor((hardLimit - 200) / 2));
}

function backends({ host, ports, balance, weights, source }: GatewayOptions, name: ServiceName): string {
  const servers = apiNames(name)
    .map((server, index) => `  server ${server} ${host}:${ports[server as PortName]} weight ${weights[index] ?? 1}`)
    .join('\n');
  const checked = {
    name,
    balance: balance === 'source' ? 'source\n  hash-type consistent' : balance,
    servers: `  source ${source}\n  default-server check\n${servers}`,
  };
  const unchecked = { name, servers: `  source ${source}\n${servers}` };
  return `${fill('backend.cfg', checked)}\n\n${fill('last-resort.cfg', unchecked)}`;
}
