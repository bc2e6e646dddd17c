import { readFileSync } from 'node:fs';
import type { Ports, PortName } from './port-table.ts';
import { apiNames, serviceNames, type ServiceName } from './services.ts';

export const balanceModes = ['roundrobin', 'leastconn', 'source', 'random'] as const;
export type Balance = (typeof balanceModes)[number];

export interface GatewayOptions {
  host: string;
  ports: Ports;
  balance: Balance;
  /** One weight per API instance. */
  weights: number[];
  /** The address our calls come from: the services believe its `X-Forwarded-For`, and nobody else's. */
  source: string;
  landingPage: string;
}

/** First path segments below /api. */
const routes: Record<ServiceName, string[]> = {
  families: ['families', 'sessions', 'email-verifications', 'password-resets', 'account'],
  enrollment: ['enrollment', 'classes', 'enrollments', 'payments'],
  notifications: ['notifications', 'notification-preferences', 'calendars', 'dead-letters'],
};

/** Prefixes of pages outside /api. */
const pages: Partial<Record<ServiceName, string[]>> = { families: ['/account/'] };

/** The whole `haproxy.cfg`: routing, balancing, active health checks, real client addresses, slow clients. */
export function haproxyConfig(options: GatewayOptions): string {
  const { host, ports } = options;
  return `# written at every start by tools/stack
global
  log stdout format raw local0 info
  maxconn ${maxConnections()}
  # a stop lets requests in flight end, and streams only so long
  hard-stop-after 1s
  stats timeout 10s

defaults
  mode http
  log global
  option httplog
  option dontlognull
  option http-keep-alive
  # the next request goes to the other instance when one dies; what may be repeated is sent again
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
  timeout connect 2s
  # slow clients: headers and a small body within this …
  timeout http-request 10s
  timeout http-keep-alive 30s
  # … and silence in the middle of a transfer; streams send a heartbeat well before
  timeout client 60s
  timeout server 60s
  timeout queue 5s
${[413, 500, 502, 503, 504, 408, 400].map(errorPage).join('\n')}

frontend gateway
  bind ${host}:${ports.gateway}
  unique-id-format %[uuid()]
  # whatever a client claims about itself is replaced by what is seen here
  http-request set-header X-Request-Id %[unique-id]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request del-header Forwarded
  http-request disable-l7-retry unless METH_GET || { method HEAD } || { req.hdr(Idempotency-Key) -m found }
  http-after-response set-header X-Request-Id %[unique-id]
  http-request return status 200 content-type "text/html; charset=utf-8" file ${quoted(options.landingPage)} if { path / } METH_GET
  http-request return status 204 if { path /favicon.ico }
${serviceNames.flatMap(routesTo).join('\n')}
  default_backend nowhere

backend nowhere
  http-request return status 404 content-type application/problem+json lf-string ${quoted(problem(404, 'not_found', 'There is nothing at this address'))}

${serviceNames.map((service) => backend(options, service)).join('\n')}
listen balance
  bind ${host}:${ports.balance}
  stats enable
  stats uri /
  stats refresh 2s
  stats show-legends
  http-request use-service prometheus-exporter if { path /metrics }
`;
}

function routesTo(service: ServiceName): string[] {
  return [
    `  acl of_${service} path_reg ^/api/(${routes[service].join('|')})([/.?]|$)`,
    ...(pages[service] ?? []).map((prefix) => `  acl of_${service} path_beg ${prefix}`),
    `  use_backend ${service} if of_${service}`,
  ];
}

/** Each connection takes two descriptors, and HAProxy refuses to start when the system does not grant them. */
function maxConnections(): number {
  const limits = process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : '';
  const hardLimit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 4096);
  return Math.min(8000, Math.floor((hardLimit - 200) / 2));
}

function backend({ host, ports, balance, weights, source }: GatewayOptions, service: ServiceName): string {
  const servers = apiNames(service).map(
    (name, index) => `  server ${name} ${host}:${ports[name as PortName]} weight ${weights[index] ?? 1}`,
  );
  return `backend ${service}
  balance ${balance}${balance === 'source' ? '\n  hash-type consistent' : ''}
  source ${source}
  option httpchk GET /health/ready
  http-check expect status 200
  default-server check inter 500ms fall 2 rise 1 maxconn 2000
  # answers of a stream leave as they come
  option http-no-delay
${servers.join('\n')}
`;
}

const sentences: Record<number, [code: string, title: string]> = {
  400: ['bad_request', 'The request is not valid HTTP'],
  408: ['request_timeout', 'The request took too long to arrive'],
  413: ['body_too_large', 'The request is too large'],
  500: ['internal', 'The gateway failed'],
  502: ['bad_gateway', 'The service broke off its answer'],
  503: ['unavailable', 'No instance of the service is ready'],
  504: ['gateway_timeout', 'The service took too long to answer'],
};

function errorPage(status: number): string {
  const [code, title] = sentences[status]!;
  const retry = status === 503 ? ' hdr Retry-After 1' : '';
  return `  http-error status ${status} content-type application/problem+json lf-string ${quoted(problem(status, code, title))}${retry}`;
}

function problem(status: number, code: string, title: string): string {
  return JSON.stringify({
    type: `https://homeroom.dev/problems/${code}`,
    title,
    status,
    code,
    instance: '%ID',
  }).replaceAll('"%ID"', '"%ID"');
}

/** HAProxy's strong quoting: nothing inside is special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
